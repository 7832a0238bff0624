from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from loyalty_async.cli.event_tables import event_table
from loyalty_async.models.bills import BillDetails, LineItem
from loyalty_async.models.earnings import AlternateCurrencyEarned, EarnedPoints, PointsEarned
from loyalty_async.models.events import LedgerEvent, LedgerEventDetails
from loyalty_async.models.happenings import (
    ManualPointsAdjustment,
    ProgramPoints,
    Redemption,
    TargetCompleted,
    TransferParty,
    VoucherRedemption,
)
from tests.cli.conftest import drawn

AT = datetime(2025, 1, 31, 22, 15, 59)  # noqa: DTZ001 - a till's wall clock
NOTE = "what stands below an event belongs to it; dates are those of the till's clock"


def points(value: str, **fields: Any) -> EarnedPoints:
    return EarnedPoints(value=Decimal(value), program_name="Everyday", **fields)


def parts(value: str) -> tuple[ProgramPoints, ...]:
    return (ProgramPoints(points=Decimal(value), program_name="Everyday"),)


def rows(event_details: LedgerEventDetails | None = None, **fields: Any) -> list[str]:
    """Draw one event, and give what stands below it."""
    details = attrs.evolve(event_details or LedgerEventDetails(), event_time=AT)
    event = LedgerEvent(event_log_id=7, event_name="Event", event_details=details, **fields)
    lines = drawn(event_table([event]))
    assert max(map(len, lines)) <= 80
    assert lines[-1] == NOTE
    return [line[17:] for line in lines[2:-1]]


def test_an_event_has_its_date_name_and_id() -> None:
    event = LedgerEvent(event_log_id=7, event_name="TransactionAdd", event_details=LedgerEventDetails(event_time=AT))
    assert drawn(event_table([event]))[1] == "2025-01-31 22:15 TransactionAdd 7"


def test_an_event_without_a_date_has_a_row() -> None:
    event = LedgerEvent(event_log_id=7, event_name="TransactionAdd")
    assert drawn(event_table([event]))[1].split() == ["TransactionAdd", "7"]


def test_a_bill_has_its_lines_and_each_its_points() -> None:
    line = LineItem(
        item_code="sku-1",
        qty=Decimal("2.5"),
        amount=Decimal("100.10"),
        points_earned=PointsEarned(promo=(points("5.50", promotion_name="Spring"),)),
    )
    bill = BillDetails(
        bill_number="4711",
        bill_amount=Decimal("100.10"),
        points_earned=PointsEarned(regular=(points("10.000"),), promised=(points("3"),)),
        alternate_currency_value_earned=(
            AlternateCurrencyEarned(alternate_currency_name="Stars", regular=(points("1"),)),
        ),
        line_items=(line, LineItem()),
    )
    assert [row.split() for row in rows(bill_details=bill)] == [
        ["bill", "4711", "100.10"],
        ["Everyday", "+10.000"],
        ["Everyday,", "promised", "+3"],
        ["Stars,", "Everyday", "+1"],
        ["2.5", "x", "sku-1", "100.10"],
        ["Everyday,", "Spring", "+5.50"],
        ["item"],
    ]


def test_a_return_takes_back() -> None:
    bill = BillDetails(
        bill_amount=Decimal(80),
        return_amount=Decimal("8.00"),
        points_earned=PointsEarned(
            regular=(points("0", return_points=Decimal("4.0")),), promo=(points("1", returned_points=Decimal(2)),)
        ),
        line_items=(LineItem(item_code="sku-1", amount=Decimal(80), return_amount=Decimal("8.00")),),
    )
    assert [row.split() for row in rows(bill_details=bill)] == [
        ["bill,", "returned", "-8.00"],
        ["Everyday", "+0"],
        ["Everyday,", "taken", "back", "-4.0"],
        ["Everyday,", "promotion", "+1"],
        ["Everyday,", "promotion,", "taken", "back", "-2"],
        ["sku-1,", "returned", "-8.00"],
    ]


def test_a_redemption_takes_points_of_each_program_or_else_its_own() -> None:
    redemption = LedgerEventDetails(redemption_details=Redemption(points_redeemed=Decimal("20.000")))
    assert [row.split() for row in rows(redemption, points_breakup=parts("20.00"))] == [
        ["Everyday,", "redeemed", "-20.00"]
    ]
    assert [row.split() for row in rows(redemption)] == [["redeemed", "-20.000"]]


def test_a_transfer_has_two_sides() -> None:
    sender, recipient = (
        TransferParty(points_transfer_details=parts("5")),
        TransferParty(first_name="Asha", points_transfer_details=parts("5.0")),
    )
    assert [row.split() for row in rows(transferred_from=sender, transferred_to=recipient)] == [
        ["Everyday,", "sender", "-5"],
        ["Everyday,", "recipient", "+5.0"],
    ]


def test_targets_adjustments_vouchers_and_what_is_asked_for_beside_them_are_shown() -> None:
    details = LedgerEventDetails(display_name="StoreVisit", max_conversion_date=AT)
    shown = rows(
        details,
        points_earned=PointsEarned(regular=(points("9"),)),
        payment_modes=("Cash", "Card"),
        target_completed_details=TargetCompleted(
            target_name="Ten visits", points_earned=PointsEarned(promo=(points("100"),))
        ),
        manual_points_adjustment_details=ManualPointsAdjustment(total_points_deducted=Decimal("204.02")),
        voucher_redemption_details=VoucherRedemption(voucher_series_id=3, redeemed_voucher_code="hunter2"),
    )
    assert [" ".join(row.split()) for row in shown] == [
        "StoreVisit",
        "promised points convert by 2025-01-31",
        "Everyday +9",
        "paid by Cash, Card",
        "target Ten visits",
        "Everyday, promotion +100",
        "adjustment -204.02",
        "voucher of series 3",
    ]


def test_points_are_exact_whatever_their_length() -> None:
    long = "12345678901234567890123456789.1230"
    adjustment = ManualPointsAdjustment(total_points_deducted=Decimal(long))
    assert f"-{long}" in "\n".join(rows(manual_points_adjustment_details=adjustment))


def test_ids_without_an_event_come_last() -> None:
    event = LedgerEvent(event_log_id=7, event_name="TransactionAdd")
    assert drawn(event_table([event], [8, "9"]))[-2:] == [NOTE, "The server knows no event for 8, 9."]
    assert drawn(event_table([], [8])) == ["The server knows no event for 8."]


def test_no_events_are_a_sentence() -> None:
    assert drawn(event_table([])) == ["No events."]


def test_nothing_that_the_server_sends_steers_the_terminal_or_the_markup() -> None:
    event = LedgerEvent(event_log_id=7, event_name="\x1b[2J[red]x\n", payment_modes=("\x07",))
    text = "\n".join(drawn(event_table([event])))
    assert not {"\x1b", "\x07"} & {*text}
    assert "[red]x?" in text
