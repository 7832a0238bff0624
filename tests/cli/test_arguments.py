from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.cli.arguments import read_member, read_moment, read_zone
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer

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
