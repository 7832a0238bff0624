"""`promisedPointsSchedule`, by lookup and by user id: points that an owner will get (seed 003, facts D4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from loyalty_async.sandbox.answers import Reply, encode
from loyalty_async.sandbox.calls import Call, World
from loyalty_async.sandbox.identifiers import SOURCES, find_member, refuse
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.parameters import Query, read_flag
from loyalty_async.sandbox.paths import SCHEDULE_LOOKUP_PATH
from loyalty_async.sandbox.promises import open_lots, redeemable_from
from loyalty_async.sandbox.records import PROMISED, TRIGGER_BASED, Group, Organisation, Owner, Program, total
from loyalty_async.sandbox.refusals import Refusal, invalid_input
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.times import Calendar, read_request_day

_NAMES: Final = frozenset({"mobile", "email", "externalId", "cardExternalId", "cardNumber"})
_GROUP_NAMES: Final = frozenset({"groupId", "externalId", "primaryUserId"})
_ENTITY_TYPES: Final = frozenset({"CUSTOMER", "FLEET"})
_NOTHING: Final = Decimal(0)  # Points keep their decimals: seed 003 has two in one program, three in another.
_CENTURY: Final = 100  # Years: "maximum and default now + 100 years".

Scheduled = dict[tuple[date, int, str], Decimal]
"""Points by the day, the program's id and the type."""
TriggerBased = dict[tuple[int, str], Decimal]


def answer_schedule(world: World, call: Call) -> Reply:
    """Answer with what is promised, and with what waits for an event."""
    ledger, calendar = world.ledger, world.printer.calendar
    query, today = call.query, calendar.day(world.now)
    programs = _read_programs(query, ledger.organisation)
    first, last = _read_days(query, world.settings, today)
    earliest_only = read_flag(query, "fetchEarliestExpiryOnly")
    owner = find_scheduled(call, ledger)
    scheduled = scheduled_points(ledger, owner, programs, calendar, world.now)
    days = sorted({day for day, _, _ in scheduled if first <= day <= last})
    wanted = set(days[:1] if earliest_only else days)
    answer = {
        "entityId": owner.owner_id,
        "entityType": owner.kind if isinstance(owner, Group) else "CUSTOMER",
        "promisedPointsScheduleList": [_row(key, points) for key, points in scheduled.items() if key[0] in wanted],
        "triggerBasedPointsList": [
            {"points": points, "programId": program_id, "pointsType": points_type}
            for (program_id, points_type), points in trigger_based_points(ledger, owner, programs, world.now).items()
        ],
        "warnings": [],
    }
    return Reply(body=encode(answer).encode())


def scheduled_points(
    ledger: Ledger, owner: Owner, programs: Iterable[Program], calendar: Calendar, now: datetime
) -> Scheduled:
    """Add up what is promised at a moment, by day, program and type, the earliest day first."""
    today, entries = calendar.day(now), ledger.entries(owner.owner_id)
    points: dict[tuple[date, int, str], list[Decimal]] = {}
    for program in programs:
        for lot in open_lots(entries, program, PROMISED, now):
            key = (redeemable_from(lot, calendar, today), program.program_id, lot.points_type)
            points.setdefault(key, []).append(lot.points)
    return {key: total(points[key], start=_NOTHING) for key in sorted(points)}


def trigger_based_points(ledger: Ledger, owner: Owner, programs: Iterable[Program], now: datetime) -> TriggerBased:
    """Add up what waits for an event at a moment, by program and type."""
    entries = ledger.entries(owner.owner_id)
    points: dict[tuple[int, str], list[Decimal]] = {}
    for program in programs:
        for lot in open_lots(entries, program, TRIGGER_BASED, now):
            points.setdefault((program.program_id, lot.points_type), []).append(lot.points)
    return {key: total(points[key], start=_NOTHING) for key in sorted(points)}


def _row(key: tuple[date, int, str], points: Decimal) -> dict[str, object]:
    day, program_id, points_type = key
    return {
        "points": points,
        "redeemableFrom": day.isoformat(),
        "programId": program_id,
        "pointsType": points_type,
    }


def _read_programs(query: Query, organisation: Organisation) -> tuple[Program, ...]:
    """Follow seed 003's table: every program if so asked, else the one that is named, else the default one."""
    everything = read_flag(query, "fetchDataForAllPrograms")
    text = query.get("programId")
    named = tuple(program for program in organisation.programs if str(program.program_id) == text)
    if text is not None and not named:
        raise Refusal(885, "Invalid program id passed")
    return organisation.programs if everything else named or organisation.programs[:1]


def _read_days(query: Query, settings: Settings, today: date) -> tuple[date, date]:
    latest = _years_later(today, _CENTURY)
    first = _read_day(query, "startDate") or today
    last = _read_day(query, "endDate") or latest
    if max(first, last) > latest:
        raise Refusal(1217, f"Date is more than {_CENTURY} years ahead")
    if first > last:
        raise Refusal(1214, "startDate is after endDate")
    if first < today and settings.refuses_past_dates:
        raise Refusal(1215, "startDate is in the past")
    return first, last


def _read_day(query: Query, name: str) -> date | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return read_request_day(text)
    except ValueError:
        raise Refusal(1216, "Date format must be yyyy-MM-dd") from None


def _years_later(day: date, years: int) -> date:
    """Give the same day of a later year; the leap day's is the first of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28) + timedelta(days=1)


def find_scheduled(call: Call, ledger: Ledger) -> Owner:
    """Find whose schedule is asked for.

    Raises:
        Refusal: There is no such customer or fleet, or the request does not say who it is.
    """
    entity_type = call.query.get("entityType", "CUSTOMER")
    if entity_type not in _ENTITY_TYPES:
        raise Refusal(1212, "Invalid entity type")
    if call.path != SCHEDULE_LOOKUP_PATH:
        return _find_by_id(call, ledger, entity_type)
    names, values = _read_identifiers(call.query)
    if entity_type == "FLEET":
        return _find_fleet(names[0], values[0], ledger)
    found = {find_member(name, value, ledger) for name, value in zip(names, values, strict=True)}
    if len(found) > 1:
        raise refuse(8015)
    return found.pop()


def _find_by_id(call: Call, ledger: Ledger, entity_type: str) -> Owner:
    """Find a customer by the path, or the fleet whose primary member that is."""
    if call.query.get("source", "ALL") not in SOURCES:
        raise refuse(8003)
    user_id = call.path.split("/")[3]
    if entity_type == "FLEET":
        return _find_fleet("primaryUserId", user_id, ledger)
    return find_member("id", user_id, ledger)


def _read_identifiers(query: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Read one identifier, or several that are all of one customer ("dual eligibility")."""
    names, values, source = (query.get(key, "") for key in ("identifierName", "identifierValue", "source"))
    if not source:
        raise refuse(8001)
    if not (names and values):
        raise refuse(8002)
    if source not in SOURCES:
        raise refuse(8003)
    allowed = _GROUP_NAMES if query.get("entityType") == "FLEET" else _NAMES
    if not set(names.split(",")) <= allowed:
        raise refuse(8013)
    if names.count(",") != values.count(","):
        raise invalid_input()
    return names.split(","), values.split(",")


def _find_fleet(name: str, value: str, ledger: Ledger) -> Group:
    group = ledger.find_group("FLEET", name, value)
    if group is None:
        raise Refusal(1632, "group id/externalId/primary userId passed is not valid")
    return group
