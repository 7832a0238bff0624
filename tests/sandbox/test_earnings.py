from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.earnings import Award, Scene, Wish, breakup, earned, number, split
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import DEFAULT_ORGANISATION, DEFAULT_PROGRAM, MAIN, PROMISED
from loyalty_async.sandbox.times import Calendar
from tests.sandbox.calls import NOON


def scene(**wish: Any) -> Scene:
    ledger = Ledger()
    member = ledger.add_member(user_id=1)
    return Scene(
        entry=ledger.add_entry(1, created_at=NOON, event_log_id=9),
        owner=member,
        org_id=5,
        programs=DEFAULT_ORGANISATION.programs,
        wish=Wish(**wish),
        calendar=Calendar(),
        convert_on=lambda _: date(2025, 4, 10),
    )


def award(points: str, **fields: Any) -> Award:
    return Award(points=Decimal(points), program=DEFAULT_PROGRAM, **fields)


@pytest.mark.parametrize(("points", "parts"), [("46.69", 3), ("0.01", 4), ("0.00", 2), ("100", 3), ("5.125", 1)])
def test_parts_add_up(points: str, parts: int) -> None:
    """Exactly, with the decimals of the whole."""
    cut = split(Decimal(points), parts)
    assert len(cut) == parts
    assert str(sum(cut[1:], start=cut[0])) == points
    assert all(part >= 0 for part in cut)


@pytest.mark.parametrize(("points", "text"), [("46.69", "46.69"), ("100.00", "100"), ("0.00", "0"), ("1E+2", "100")])
def test_whole_numbers_have_no_decimals(points: str, text: str) -> None:
    """As in the newer samples."""
    assert str(number(Decimal(points))) == text


def test_what_was_earned_is_in_three_lists() -> None:
    """By purchase, by promotion, and promised for later."""
    told = earned(scene(), [award("46.69"), award("5.00", promotion=75_601), award("7.50", category=PROMISED)])
    program = {"programId": 973, "programName": "Everyday Program"}
    expiry = {"expiresOn": "2026-03-01 23:59:59.0", "expiresOnISO": "2026-03-01T23:59:59Z", "expiryType": "fixed"}
    assert told["regular"] == [{"value": Decimal("46.69"), **expiry, **program}]
    assert told["promo"] == [
        {
            "promotionId": 75_601,
            "promotionName": "Promotion 1",
            "value": 5,
            **expiry,
            **program,
            "promotionStartDate": "2025-03-01 00:00:00.0",
            "promotionEndDate": "2025-03-02 23:59:59.0",
        }
    ]
    assert told["promised"] == [{"value": Decimal("7.50"), "conversionDate": "2025-04-10 00:00:00.0", **program}]


def test_what_a_return_took_back_is_spelled_in_two_ways() -> None:
    """returnPoints by purchase, returnedPoints by promotion; nothing is earned."""
    told: Any = earned(scene(), [award("5.25", returned=True), award("6.25", returned=True, promotion=75_601)])
    assert (told["regular"][0]["value"], told["regular"][0]["returnPoints"]) == (0, Decimal("5.25"))
    assert (told["promo"][0]["value"], told["promo"][0]["returnedPoints"]) == (0, Decimal("6.25"))
    promised: Any = earned(scene(), [award("7.25", returned=True, category=PROMISED)])
    assert promised["promised"] == []
    assert promised["regular"][0]["returnPoints"] == Decimal("7.25")


def test_the_last_day_of_conversion_is_told_if_wanted() -> None:
    """And only if something was promised."""
    promised = [award("1", category=PROMISED)]
    assert earned(scene(max_conversion=True), promised)["maxConversionDate"] == "2025-04-10 00:00:00.0"
    assert "maxConversionDate" not in earned(scene(), promised)
    assert "maxConversionDate" not in earned(scene(max_conversion=True), [award("1")])


def test_every_award_is_told_in_full() -> None:
    """With what it was computed from; promised points among the regular ones, by their category."""
    awards = [award("5.25"), award("6.25", promotion=75_601), award("7.25", category=PROMISED, returned=True)]
    told: Any = breakup(scene(), awards, Decimal("150.10"))
    assert told["promised"] == []
    plain, promoted, returned = told["regular"]
    assert plain["sourceValue"] == Decimal("150.10")
    assert plain["awardedOn"] == "2025-03-01 12:00:00.0"
    assert (plain["pointsCategoryName"], returned["pointsCategoryName"]) == (MAIN, PROMISED)
    assert "promotionDetails" not in plain
    assert promoted["promotionDetails"] == {"promotionId": 75_601, "promotionName": "Promotion 1"}
    assert promoted["awardActionDetails"]["name"] != plain["awardActionDetails"]["name"]
    assert (returned["value"], returned["returnPoints"]) == (Decimal("7.25"), Decimal("7.25"))
    assert "returnPoints" not in plain


def test_what_is_made_up_is_the_same_each_time() -> None:
    """It comes from the entry's id."""
    assert scene().rng.random() == scene().rng.random()
