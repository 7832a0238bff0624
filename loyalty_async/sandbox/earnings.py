"""Points that an event earned, in short and in full, as exploded events tell them (facts D3)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_DOWN, Decimal
from typing import Final

import attrs

from loyalty_async.sandbox.records import MAIN, PROMISED, TRIGGER_BASED, Detail, Entry, Owner, Program
from loyalty_async.sandbox.times import Calendar, legacy_text

_LIFE_DAYS: Final = 365  # How long points last.
_CATEGORY_IDS: Final[Mapping[str, int]] = {MAIN: 2143, PROMISED: 2144, TRIGGER_BASED: 2145}
_PROMOTIONS: Final = 400  # So many promotions, numbered from the first id on.
_FIRST_PROMOTION: Final = 75_600


@attrs.frozen(kw_only=True)
class Wish:
    """Which parts of events a request asks for.

    Attributes:
        bills: Bills, with their lines.
        breakup: Every award behind the points.
        custom_fields: The brand's custom fields.
        extended_fields: Its extended fields.
        payment_modes: How bills were paid.
        max_conversion: The last day on which promised points convert.
        currencies: The alternate currencies; None for all.
        organisations: Whether events name their organisation (v2.1).
    """

    bills: bool = False
    breakup: bool = False
    custom_fields: bool = False
    extended_fields: bool = False
    payment_modes: bool = False
    max_conversion: bool = False
    currencies: frozenset[str] | None = frozenset()
    organisations: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Scene:
    """One entry that is to be told in full; what the entry does not say is made up from its id, always the same.

    Attributes:
        entry: The entry.
        owner: Whose ledger it is in.
        org_id: The organisation of entries that name none.
        programs: All programs of the organisation.
        wish: What is asked for.
        calendar: How dates are written.
        convert_on: Tells on which day the points convert that the entry promised in a program.
        rng: Seeded with the entry's id.
    """

    entry: Entry
    owner: Owner
    org_id: int
    programs: tuple[Program, ...]
    wish: Wish
    calendar: Calendar
    convert_on: Callable[[Program], date]
    rng: random.Random = attrs.field(
        init=False, default=attrs.Factory(lambda self: random.Random(self.entry.event_log_id), takes_self=True)
    )

    def max_conversion(self, awards: Iterable[Award]) -> dict[str, object]:
        """Write the last day on which promised points convert, if it is asked for and there are any."""
        programs = {award.program for award in awards if award.category == PROMISED}
        if not (self.wish.max_conversion and programs):
            return {}
        return {"maxConversionDate": legacy_text(_midnight(max(map(self.convert_on, programs))))}


@attrs.frozen(kw_only=True)
class Award:
    """Points that were given for one thing.

    Attributes:
        points: How many.
        program: The program.
        category: Of the points.
        promotion: The id of the promotion that gave them, if one did.
        returned: Whether they are points that a return took back.
    """

    points: Decimal
    program: Program
    category: str = MAIN
    promotion: int | None = None
    returned: bool = False


def award_of(line: Detail, *, promotion: int | None = None, returned: bool = False) -> Award:
    """Turn a line of an entry into an award."""
    return Award(
        points=line.points, program=line.program, category=line.category, promotion=promotion, returned=returned
    )


def credits_of(entry: Entry) -> list[Detail]:
    """Give the lines that credit points."""
    return [line for line in entry.details if line.kind == "CREDIT" and line.currency is None]


def debits_of(entry: Entry) -> list[Detail]:
    """Give the lines that debit points."""
    return [line for line in entry.details if line.kind == "DEBIT" and line.currency is None]


def some_promotion(rng: random.Random) -> int:
    """Choose a promotion."""
    return _FIRST_PROMOTION + rng.randrange(_PROMOTIONS)


def promotion_name(promotion: int) -> str:
    """Name a promotion."""
    return f"Promotion {promotion - _FIRST_PROMOTION}"


def number(points: Decimal) -> Decimal | int:
    """Give points as the number that is written: whole ones without decimals, as the newer samples have them."""
    return int(points) if points == points.to_integral_value() else points


def split(points: Decimal, parts: int) -> list[Decimal]:
    """Cut points into parts that add up exactly, with the decimals that the whole has."""
    part = (points / parts).quantize(points, ROUND_DOWN)
    return [*[part] * (parts - 1), points - part * (parts - 1)]


def earned(scene: Scene, awards: Iterable[Award]) -> dict[str, object]:
    """Write `pointsEarned`: what was earned by purchase, by promotion, and promised for later."""
    regular: list[object] = []
    promo: list[object] = []
    promised: list[object] = []
    known = list(awards)
    for award in known:
        if award.category == PROMISED and not award.returned:
            promised.append(_promised(scene, award))
        elif award.promotion is None:
            regular.append(_regular(scene, award))
        else:
            promo.append(_promotional(scene, award))
    return {"regular": regular, "promo": promo, "promised": promised, **scene.max_conversion(known)}


def breakup(scene: Scene, awards: Iterable[Award], source_value: Decimal) -> dict[str, object]:
    """Write `pointsEarnedBreakup`; the samples have promised points, too, among the regular ones, by their category."""
    return {"regular": [_awarded(scene, award, source_value) for award in awards], "promised": []}


def _program(program: Program) -> dict[str, object]:
    return {"programId": program.program_id, "programName": program.name}


def _expiry(scene: Scene) -> dict[str, object]:
    return scene.calendar.fields("expiresOn", scene.calendar.last_second(scene.entry.created_at, days=_LIFE_DAYS))


def _value(award: Award, returned_name: str) -> dict[str, object]:
    if award.returned:
        return {"value": 0, returned_name: number(award.points)}
    return {"value": number(award.points)}


def _regular(scene: Scene, award: Award) -> dict[str, object]:
    return {
        **_value(award, "returnPoints"),
        **_expiry(scene),
        **_program(award.program),
        "expiryType": "fixed" if award.program.program_id % 2 else "rolling",
    }


def _promotional(scene: Scene, award: Award) -> dict[str, object]:
    promotion = award.promotion or 0
    created_at = scene.entry.created_at
    return {
        "promotionId": promotion,
        "promotionName": promotion_name(promotion),
        **_program(award.program),
        **_value(award, "returnedPoints"),  # Promotions spell it so (facts D3).
        **_expiry(scene),
        "expiryType": "fixed",
        "promotionStartDate": legacy_text(_midnight(scene.calendar.day(created_at).replace(day=1))),
        "promotionEndDate": legacy_text(scene.calendar.last_second(created_at, days=promotion % 90)),
    }


def _promised(scene: Scene, award: Award) -> dict[str, object]:
    day = _midnight(scene.convert_on(award.program))
    return {"value": number(award.points), "conversionDate": legacy_text(day), **_program(award.program)}


def _awarded(scene: Scene, award: Award, source_value: Decimal) -> dict[str, object]:
    strategy = award.program.program_id % 100
    promotion = {
        "promotionDetails": {
            "promotionId": award.promotion,
            "promotionName": promotion_name(award.promotion or 0),
        }
    }
    return {
        "value": number(award.points),
        **_expiry(scene),
        **scene.calendar.fields("awardedOn", scene.entry.created_at),
        "sourceValue": number(source_value),
        "awardActionDetails": {
            "id": 235_000_000 + scene.entry.event_log_id % 100_000,
            "name": "BILL_POINTS_ACTION" if award.promotion is None else "AWARD_POINTS_ACTION",
            "rulesetId": 1300 + strategy,
            "rulesetName": f"ruleset_{strategy}",
        },
        **_program(award.program),
        "allocationStrategyId": 1000 + strategy,
        "allocationStrategyName": f"Allocation {strategy}",
        "pointsCategoryId": _CATEGORY_IDS.get(award.category, 0),
        "pointsCategoryName": award.category,
        "expiryStrategyId": 1100 + strategy,
        "expiryStrategyName": f"After {_LIFE_DAYS} days",
        **(promotion if award.promotion is not None else {}),
        **({"returnPoints": number(award.points)} if award.returned else {}),
        "expiryType": "fixed",
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
