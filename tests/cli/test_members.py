from __future__ import annotations

import pytest

from loyalty_async.cli.members import Whose
from loyalty_async.cli.settings import Settings
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer, UserGroup

NOTHING = Settings({})


def test_a_member_is_a_customer() -> None:
    assert Whose(member="id=1").read(NOTHING) == Customer.by_id(1, source="INSTORE")


def test_a_group_is_a_user_group() -> None:
    assert Whose(group="id=1").read(NOTHING) == UserGroup.by_id(1, source="INSTORE")
    fleet = Whose(group="externalId=1", entity_type="FLEET").read(NOTHING)
    assert fleet == UserGroup.by_external_id(1, source="INSTORE", entity_type="FLEET")


@pytest.mark.parametrize("whose", [Whose(member="id=1", account_id="7"), Whose(group="id=1", account_id="7")])
def test_the_account_goes_with_either(whose: Whose) -> None:
    assert whose.read(NOTHING).account_id == "7"


@pytest.mark.parametrize(
    ("option", "settings", "source"),
    [
        (None, NOTHING, "INSTORE"),
        (None, Settings({}, {"source": "LINE"}), "LINE"),
        (None, Settings({"LOYALTY_SOURCE": "JD"}, {"source": "LINE"}), "JD"),
        ("ALL", Settings({"LOYALTY_SOURCE": "JD"}, {"source": "LINE"}), "ALL"),
    ],
)
def test_the_source_is_an_options_the_environments_or_the_files(
    option: str | None, settings: Settings, source: str
) -> None:
    assert Whose(member="id=1", source=option).read(settings).source == source


@pytest.mark.parametrize(
    ("whose", "said"),
    [
        (Whose(), "give --member or --group"),
        (Whose(member="id=1", group="id=2"), "give --member or --group, not both"),
        (Whose(member="id=1", entity_type="FLEET"), "--entity-type goes with --group"),
    ],
)
def test_what_does_not_go_together_is_refused(whose: Whose, said: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^{said}$"):
        whose.read(NOTHING)


def test_a_schedules_customer_has_no_entity_type() -> None:
    assert Whose(member="id=1").read_scheduled(NOTHING) == (Customer.by_id(1, source="INSTORE"), None)


@pytest.mark.parametrize(("typed", "sent"), [("id", "groupId"), ("externalId",) * 2, ("primaryUserId",) * 2])
def test_a_schedules_fleet_is_named_as_the_lookup_names_it(typed: str, sent: str) -> None:
    member, entity_type = Whose(group=f"{typed}=1", entity_type="FLEET").read_scheduled(NOTHING)
    assert (member.identifier_name, member.identifier_value, entity_type) == (sent, "1", "FLEET")


def test_a_schedule_takes_no_other_group() -> None:
    with pytest.raises(InvalidArgument, match="needs --entity-type FLEET"):
        Whose(group="id=1").read_scheduled(NOTHING)


def test_no_identifier_shows_in_a_repr() -> None:
    shown = repr(Whose(member="mobile=917406401004", group="id=917406401004", account_id="917406401004"))
    assert "9174" not in shown
