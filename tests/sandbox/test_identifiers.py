from __future__ import annotations

import pytest

from loyalty_async.sandbox.identifiers import (
    BALANCE_LOOKUP,
    EXPLODE_LOOKUP,
    LEDGER_LOOKUP,
    Lookup,
    find_member,
    find_owner,
    read_identity,
)
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.refusals import Refusal

GOOD = {"identifierName": "id", "identifierValue": "1", "source": "INSTORE"}


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.add_member(user_id=1, mobile="911", email="Ann@Example.com", external_id="X1")
    ledger.add_group([1], group_id=5, external_id="G5", kind="FLEET")
    return ledger


@pytest.mark.parametrize(
    ("change", "ledger_code", "explode_code"),
    [
        ({"source": ""}, 11013, 8003),
        ({"identifierName": ""}, 11013, 8013),
        ({"identifierValue": ""}, 11013, 8015),
        ({"source": "NOWHERE"}, 8003, 8003),
        ({"identifierName": "name"}, 8013, 8013),
        ({"identifierValue": "one"}, 11012, 8015),
        ({"type": "FLEET", "identifierName": "mobile"}, 8013, 8013),
        ({"type": "FLEET", "identifierName": "groupId", "identifierValue": "five"}, 11012, 8015),
        ({"type": "HOUSEHOLD"}, 11001, 11001),
    ],
)
def test_each_endpoint_has_its_codes(change: dict[str, str], ledger_code: int, explode_code: int) -> None:
    """For what is missing or wrong: seed 001 and seed 002 have different tables."""
    for lookup, code in ((LEDGER_LOOKUP, ledger_code), (BALANCE_LOOKUP, ledger_code), (EXPLODE_LOOKUP, explode_code)):
        with pytest.raises(Refusal) as refused:
            read_identity({**GOOD, **change}, lookup)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("lookup", "name", "value"),
    [
        (LEDGER_LOOKUP, "id", "1"),
        (LEDGER_LOOKUP, "mobile", "911"),
        (BALANCE_LOOKUP, "email", "ann@example.com"),
        (BALANCE_LOOKUP, "externalId", "X1"),
        (EXPLODE_LOOKUP, "externalid", "X1"),
        (EXPLODE_LOOKUP, "primaryUserId", "1"),
    ],
)
def test_a_customer_is_found(ledger: Ledger, lookup: Lookup, name: str, value: str) -> None:
    """By the names that each endpoint takes."""
    identity = read_identity({**GOOD, "identifierName": name, "identifierValue": value}, lookup)
    assert find_owner(identity, ledger) is ledger.members[0]


@pytest.mark.parametrize(("lookup", "name"), [(BALANCE_LOOKUP, "cardnumber"), (EXPLODE_LOOKUP, "cuid")])
def test_a_name_that_an_endpoint_takes_may_lead_to_nobody(ledger: Ledger, lookup: Lookup, name: str) -> None:
    """8015, not 8013."""
    with pytest.raises(Refusal) as refused:
        find_owner(read_identity({**GOOD, "identifierName": name}, lookup), ledger)
    assert refused.value.code == 8015


@pytest.mark.parametrize(
    ("name", "value"), [("id", "5"), ("groupId", "5"), ("externalId", "G5"), ("primaryUserId", "1")]
)
def test_a_group_is_found(ledger: Ledger, name: str, value: str) -> None:
    """By each of its names, and only as what it is."""
    query = {**GOOD, "identifierName": name, "identifierValue": value}
    assert find_owner(read_identity({**query, "type": "FLEET"}, LEDGER_LOOKUP), ledger) is ledger.groups[0]
    with pytest.raises(Refusal) as refused:
        find_owner(read_identity({**query, "type": "USERGROUP2"}, LEDGER_LOOKUP), ledger)
    assert refused.value.code == 8015


def test_a_merged_customer_is_refused(ledger: Ledger) -> None:
    """By every name: 8069, not 8015; the survivor is found."""
    ledger.add_member(user_id=2, mobile="922")
    ledger.merge(2, 1)
    for name, value in (("id", "1"), ("mobile", "911"), ("email", "ann@example.com")):
        with pytest.raises(Refusal) as refused:
            find_member(name, value, ledger)
        assert refused.value.code == 8069
    assert find_member("mobile", "922", ledger).user_id == 2
    with pytest.raises(Refusal) as refused:
        find_owner(read_identity(GOOD, LEDGER_LOOKUP), ledger)
    assert refused.value.code == 8069


def test_an_identity_does_not_show_its_value() -> None:
    """It may be a phone number."""
    assert "911" not in repr(read_identity({**GOOD, "identifierValue": "911"}, LEDGER_LOOKUP))
