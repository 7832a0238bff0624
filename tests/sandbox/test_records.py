from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.records import (
    DEFAULT_ORGANISATION,
    DEFAULT_PROGRAM,
    MAIN,
    Detail,
    Entry,
    Kind,
    net_alternates,
    total,
)
from tests.sandbox.calls import NOON


def line(kind: Kind, points: str, currency: str | None = None) -> Detail:
    return Detail(kind, Decimal(points), MAIN, DEFAULT_PROGRAM, currency)


def test_a_debit_lowers_a_credit_raises_an_opening_balance_does_nothing() -> None:
    """The effect of a line on a net."""
    lines = [line("CREDIT", "5"), line("DEBIT", "5"), line("OPENING_BALANCE", "5")]
    assert [each.signed for each in lines] == [5, -5, 0]


def test_alternate_currencies_are_summed_by_name_and_points_left_out() -> None:
    """Each alternate currency has a net of its own."""
    lines = (line("CREDIT", "5.0", "Stars"), line("DEBIT", "1.5", "Stars"), line("CREDIT", "2", "Stamps"))
    nets = net_alternates((*lines, line("CREDIT", "100")))
    assert nets == {"Stars": Decimal("3.5"), "Stamps": Decimal(2)}


def test_equal_entries_are_two_entries() -> None:
    """Entries are compared by identity."""
    first, second = (
        Entry(event_log_id=1, event_name="E", customer_id=1, created_at=NOON, details=(), net_points=Decimal(0))
        for _ in range(2)
    )
    assert first != second
    assert len({first, second}) == 2


def test_the_default_organisation_has_what_filters_need() -> None:
    """Two programs, a store with several tills, tills of either program's concept, and alternate currencies."""
    organisation = DEFAULT_ORGANISATION
    stores = [till.store for till in organisation.tills]
    assert len(organisation.programs) == 2
    assert max(stores.count(store) for store in stores) > 1
    assert {till.program_id for till in organisation.tills} == {p.program_id for p in organisation.programs}
    assert organisation.currencies


def test_a_balance_begins_with_the_opening_balance() -> None:
    """A net does not."""
    lines = [line("CREDIT", "5"), line("DEBIT", "3"), line("OPENING_BALANCE", "7")]
    assert [each.effect for each in lines] == [5, -3, 7]
    assert str(total(each.effect for each in lines)) == "9.000"


def test_a_total_is_exact() -> None:
    """Beyond the digits of the default context, and with the decimals of its start."""
    big = Decimal("1" + "0" * 40)
    assert str(total([big, Decimal("0.001"), big.copy_negate()])) == "0.001"
    assert str(total([Decimal("1.50")], start=Decimal(0))) == "1.50"
    assert str(total([])) == "0.000"


def test_the_default_organisation_has_what_data_scopes_and_concepts_need() -> None:
    """More organisations than may be named at once; tills with a concept, with a nameless one, and without one."""
    concepts = [till.concept for till in DEFAULT_ORGANISATION.tills]
    assert len(DEFAULT_ORGANISATION.connected) > 2
    assert DEFAULT_ORGANISATION.org_id not in DEFAULT_ORGANISATION.connected
    assert {concept and concept.name is None for concept in concepts} == {None, True, False}


@pytest.mark.parametrize(
    ("details", "happened_at"),
    [
        ({}, NOON),
        ({"eventDate": NOON - timedelta(hours=1)}, NOON - timedelta(hours=1)),
        ({"eventDate": None}, NOON),
        ({"eventDate": "yesterday"}, NOON),
        ({"eventDisplayName": "Visit"}, NOON),
    ],
)
def test_an_event_has_its_own_date_where_one_is_reported(details: dict[str, Any], happened_at: datetime) -> None:
    """Else that of its entry."""
    entry = Entry(
        event_log_id=1,
        event_name="GenericEvent",
        customer_id=1,
        created_at=NOON,
        details=(),
        net_points=Decimal(0),
        event_details=details,
    )
    assert entry.happened_at == happened_at
