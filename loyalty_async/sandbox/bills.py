"""Bills and returns behind events: the points of the bill and of its lines add up to those of the entry (facts D3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

import attrs

from loyalty_async.sandbox.earnings import (
    Award,
    Scene,
    award_of,
    breakup,
    credits_of,
    debits_of,
    earned,
    number,
    some_promotion,
    split,
)
from loyalty_async.sandbox.records import Transaction

_MOST_LINES: Final = 3
_QUANTITIES: Final = (1, 2, Decimal("1.0"))
_RETURN_TYPES: Final = ("AMOUNT", "FULL", "LINE_ITEM", "CANCELLED")


@attrs.frozen(kw_only=True)
class _Line:
    """A line of a bill: its number, its share of the amount, and what it earned."""

    place: int
    amount: Decimal
    awards: Sequence[Award]


def bill_parts(scene: Scene, bill: Transaction) -> dict[str, object]:
    """Write what belongs to the bill of a purchase, as far as it is asked for."""
    details, fields = {}, _brand_fields(scene)
    if scene.wish.bills or scene.wish.breakup:
        details = {"billDetails": _bill(scene, bill)}
    return {**details, **fields, **(_slabs(scene) if scene.wish.bills else {})}


def return_parts(scene: Scene, bill: Transaction) -> dict[str, object]:
    """Write what belongs to the return of a bill, as far as it is asked for."""
    details, fields = {}, _brand_fields(scene)
    if scene.wish.bills or scene.wish.breakup:
        details = {"billDetails": _return(scene, bill)}
    return {**details, **fields}


def _bill(scene: Scene, bill: Transaction) -> dict[str, object]:
    own, lines = _purchase(scene, bill)
    return {
        "type": "loyalty",
        "billNumber": bill.number,
        "grossAmount": number(bill.gross_amount),
        "discount": number(bill.gross_amount - bill.amount),
        "billAmount": number(bill.amount),
        "note": "",
        "source": bill.source,
        **scene.calendar.fields("billDate", bill.date),
        **_points(scene, own, bill.amount),
        **_alternates(scene, bill.amount),
        "lineItems": [_line_item(scene, line, bill) for line in lines] if scene.wish.bills else [],
    }


def _purchase(scene: Scene, bill: Transaction) -> tuple[list[Award], list[_Line]]:
    """Share amount and points out between the bill and its lines; without its lines the bill has all the points."""
    if not scene.wish.bills:
        return [award_of(line) for line in credits_of(scene.entry)], []
    count = scene.rng.randint(1, _MOST_LINES)
    promotion = some_promotion(scene.rng) if scene.rng.random() < 0.5 else None  # noqa: PLR2004 - a coin
    shares = [(line, split(line.points, count + 1)) for line in credits_of(scene.entry)]
    own = [attrs.evolve(award_of(line), points=parts[0]) for line, parts in shares]
    lines = [
        _Line(
            place=place,
            amount=amount,
            awards=[attrs.evolve(award_of(line, promotion=promotion), points=parts[place]) for line, parts in shares],
        )
        for place, amount in enumerate(split(bill.amount, count), start=1)
    ]
    return own, lines


def _points(scene: Scene, awards: Sequence[Award], source_value: Decimal) -> dict[str, object]:
    points = {"pointsEarned": earned(scene, awards)} if scene.wish.bills else {}
    full = {"pointsEarnedBreakup": breakup(scene, awards, source_value)} if scene.wish.breakup else {}
    return {**points, **full}


def _line_item(scene: Scene, line: _Line, bill: Transaction) -> dict[str, object]:
    quantity = scene.rng.choice(_QUANTITIES)
    return {
        "id": bill.transaction_id * 10 + line.place,
        "itemCode": f"sku-{scene.rng.randrange(100_000)}",
        "source": bill.source,
        "grossAmount": number(line.amount),
        "discount": 0,
        "amount": number(line.amount),
        "rate": number(line.amount / quantity),
        "qty": quantity,
        "serialNumber": line.place,
        **_points(scene, line.awards, line.amount),
    }


def _alternates(scene: Scene, source_value: Decimal) -> dict[str, object]:
    """Write what the bill earned in alternate currencies."""
    wanted = scene.wish.currencies
    awards: dict[str, list[Award]] = {}
    for line in scene.entry.details:
        if line.kind == "CREDIT" and line.currency is not None and (wanted is None or line.currency in wanted):
            awards.setdefault(line.currency, []).append(award_of(line))
    if not awards:
        return {}
    names = {
        name: {"alternateCurrencyName": name, "alternateCurrencyIdentifier": f"AC-{name.lower()}"} for name in awards
    }
    short = [{**earned(scene, some), **names[name]} for name, some in awards.items()]
    full = [{**breakup(scene, some, source_value), **names[name]} for name, some in awards.items()]
    return {
        **({"alternateCurrencyValueEarned": short} if scene.wish.bills else {}),
        **({"alternateCurrencyValueEarnedBreakup": full} if scene.wish.breakup else {}),
    }


def _return(scene: Scene, bill: Transaction) -> dict[str, object]:
    kind = scene.rng.choice(_RETURN_TYPES)
    awards = [award_of(line, returned=True) for line in debits_of(scene.entry)]
    of_a_line = kind == "LINE_ITEM" and scene.wish.bills
    return {
        "billNumber": bill.number,
        "billAmount": number(bill.amount),
        "note": "",
        **scene.calendar.fields("billDate", bill.date),
        **scene.calendar.fields("returnDate", scene.entry.created_at),
        "returnAmount": number(bill.amount),
        "returnType": kind,
        "returnBillId": bill.transaction_id,
        **_points(scene, [] if of_a_line else awards, bill.amount),
        "lineItems": [_returned_item(scene, bill, awards)] if of_a_line else [],
    }


def _returned_item(scene: Scene, bill: Transaction, awards: Iterable[Award]) -> dict[str, object]:
    promotion = some_promotion(scene.rng)
    promoted = [attrs.evolve(award, promotion=promotion) for award in awards]
    return {
        "id": bill.transaction_id * 10 + 1,
        "itemCode": f"sku-{scene.rng.randrange(100_000)}",
        "grossAmount": 0,
        "amount": number(bill.amount),
        "rate": 0,
        "qty": 1,
        "serialNumber": 1,
        "returnAmount": number(bill.amount),
        "returnRate": 0,
        "returnQty": 1,
        "returnValue": 0,
        **_points(scene, promoted, bill.amount),
    }


def _brand_fields(scene: Scene) -> dict[str, object]:
    wish = scene.wish
    custom = [{"name": "channel", "value": "till"}, {"name": "basket", "value": str(scene.rng.randint(1, 9))}]
    return {
        **({"customFields": custom} if wish.custom_fields else {}),
        **({"extendedFields": []} if wish.extended_fields else {}),
        **({"paymentModes": [scene.rng.choice(("CASH", "UPI", "Others"))]} if wish.payment_modes else {}),
    }


def _slabs(scene: Scene) -> dict[str, object]:
    slabs = [
        {
            "pointInTimeSlabNumber": 1 + place,
            "pointInTimeSlabName": ("Silver", "Gold")[place % 2],
            "programId": program.program_id,
            "isDefaultProgram": place == 0,
        }
        for place, program in enumerate(scene.programs)
    ]
    return {"pointInTimeSlabs": slabs}
