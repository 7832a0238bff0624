from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.cli.arguments import (
    read_account_currency,
    read_day,
    read_group,
    read_member,
    read_moment,
    read_profile,
    read_scope,
    read_zone,
)
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.accounts import Profile
from loyalty_async.models.members import Customer, UserGroup
from loyalty_async.models.scopes import DataScope

KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("id=42", Customer.by_id(42, source="INSTORE")),
        ("mobile=917406401004", Customer.by_mobile("917406401004", source="INSTORE")),
        ("email=a=b@example.com", Customer.by_email("a=b@example.com", source="INSTORE")),
        ("externalId=00042", Customer.by_external_id("00042", source="INSTORE")),
    ],
)
def test_a_member_is_named_by_any_of_its_identifiers(typed: str, meant: Customer) -> None:
    assert read_member(typed, source="INSTORE") == meant


def test_source_and_account_go_with_the_member() -> None:
    meant = Customer.by_id(1, source="WECHAT", account_id="7")
    assert read_member("id=1", source="WECHAT", account_id="7") == meant


@pytest.mark.parametrize("typed", ["917406401004", "mobile=", "mobile", "=917406401004", "phone=917406401004", ""])
def test_what_names_no_member_is_refused_without_being_repeated(typed: str) -> None:
    with pytest.raises(InvalidArgument, match="--member must be one of id=…, mobile=…") as refused:
        read_member(typed, source="INSTORE")
    assert "9174" not in str(refused.value)


@given(st.text())
def test_whatever_is_typed_is_a_member_or_an_error_of_our_tree(typed: str) -> None:
    with contextlib.suppress(InvalidArgument):
        assert isinstance(read_member(typed, source="INSTORE"), Customer)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2025-01-31", datetime(2025, 1, 31, tzinfo=KOLKATA)),
        ("2025-01-31T18:00", datetime(2025, 1, 31, 18, tzinfo=KOLKATA)),
        ("2025-01-31 18:00:01.5", datetime(2025, 1, 31, 18, 0, 1, 500_000, tzinfo=KOLKATA)),
        ("2025-01-31T18:00Z", datetime(2025, 1, 31, 18, tzinfo=UTC)),
        ("2025-01-31T18:00+05:30", datetime(2025, 1, 31, 12, 30, tzinfo=UTC)),
    ],
)
def test_a_date_without_an_offset_is_in_the_zone(typed: str, meant: datetime) -> None:
    moment = read_moment("--since", typed, KOLKATA)
    assert moment is not None
    assert moment.astimezone(UTC) == meant.astimezone(UTC)


def test_no_date_is_none() -> None:
    assert read_moment("--since", None, UTC) is None


@pytest.mark.parametrize("typed", ["yesterday", "2025-02-30", "31.01.2025", "", "2025-01-31T25:00"])
def test_what_is_no_iso_date_is_refused(typed: str) -> None:
    with pytest.raises(InvalidArgument, match="--until must be an ISO date"):
        read_moment("--until", typed, UTC)


def test_utc_is_known_without_a_database_of_zones() -> None:
    assert read_zone("--timezone", "utc") is UTC


@pytest.mark.parametrize("typed", ["Nowhere/Land", "", "../etc/passwd", "Asia", "a\0b"])
def test_an_unknown_zone_is_refused(typed: str) -> None:
    with pytest.raises(InvalidArgument, match="--timezone must be a zone"):
        read_zone("--timezone", typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("id=38001", UserGroup.by_id(38001, source="INSTORE", entity_type="FLEET")),
        ("externalId=00042", UserGroup.by_external_id("00042", source="INSTORE", entity_type="FLEET")),
        ("primaryUserId=7", UserGroup.by_primary_user(7, source="INSTORE", entity_type="FLEET")),
    ],
)
def test_a_group_is_named_by_any_of_its_identifiers(typed: str, meant: UserGroup) -> None:
    assert read_group(typed, source="INSTORE", entity_type="FLEET") == meant


@pytest.mark.parametrize("typed", ["917406401004", "mobile=917406401004", "id=", "id= ", ""])
def test_what_names_no_group_is_refused_without_being_repeated(typed: str) -> None:
    with pytest.raises(InvalidArgument, match="--group must be one of id=…, externalId=…, primaryUserId=…") as refused:
        read_group(typed, source="INSTORE", entity_type="USERGROUP2")
    assert "9174" not in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("email=a=b@example.com", Profile.by_email("a=b@example.com")),
        ("phone=+1234567890", Profile.by_phone("+1234567890")),
        ("profile_id=5f", Profile.by_profile_id("5f")),
        ("custom:card=0042", Profile.by_custom_field("card", "0042")),
        ("custom:a:b=c=d", Profile.by_custom_field("a:b", "c=d")),
    ],
)
def test_a_profile_is_found_by_any_of_its_properties(typed: str, meant: Profile) -> None:
    assert read_profile(typed) == meant


@pytest.mark.parametrize("typed", ["917406401004", "mobile=917406401004", "email=", "custom:=917406401004", "custom=1"])
def test_what_finds_no_profile_is_refused_without_being_repeated(typed: str) -> None:
    with pytest.raises(
        InvalidArgument, match="--by must be one of email=…, phone=…, profile_id=…, custom:FIELD=…"
    ) as refused:
        read_profile(typed)
    assert "9174" not in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (None, None),
        ("starts", "starts"),
        ("7", "7"),
        ("eid=7", "7"),
        ("eid=iid=7", "iid=7"),
        ("a=b", "a=b"),
        ("iid=7", 7),
    ],
)
def test_a_currency_is_external_unless_it_says_otherwise(typed: str | None, meant: int | str | None) -> None:
    assert read_account_currency(typed) == meant


@pytest.mark.parametrize("typed", ["", " ", "iid=", "iid=x", "iid=-1", "iid=٣", "eid=", "iid=" + "9" * 5000])
def test_a_currency_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(InvalidArgument, match="--currency must be"):
        read_account_currency(typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (None, None),
        ("SELF", DataScope()),
        ("OTHER:1", DataScope("OTHER", (1,))),
        ("ALL:1,22", DataScope("ALL", (1, 22))),
    ],
)
def test_a_data_scope_names_up_to_two_organisations(typed: str | None, meant: DataScope | None) -> None:
    assert read_scope(typed) == meant


@pytest.mark.parametrize("typed", ["", "self", "SELF:1", "OTHER", "ALL:", "ALL:1,2,3", "ALL:x", "OTHER:1,", "OTHER: 1"])
def test_a_data_scope_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(InvalidArgument, match="--data-scope must be SELF, OTHER:1,2 or ALL:1,2"):
        read_scope(typed)


def test_a_day_has_no_time() -> None:
    assert read_day("--since", "2025-01-31") == date(2025, 1, 31)
    assert read_day("--since", None) is None
    for typed in ("2025-01-31T10:00", "tomorrow", "2025-02-30", ""):
        with pytest.raises(InvalidArgument, match="--since must be an ISO date without a time"):
            read_day("--since", typed)
