"""`getLedgerExplodeInfo`, v2 and v2.1: events in full, by their ids or their references (seed 001, facts D3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import attrs

from loyalty_async.sandbox.answers import Reply, encode
from loyalty_async.sandbox.books import Book
from loyalty_async.sandbox.calls import Call, World
from loyalty_async.sandbox.earnings import Scene, Wish
from loyalty_async.sandbox.events import EXPLODED_NAMES, NO_REFERENCE, acting_member, explode, reference_id
from loyalty_async.sandbox.identifiers import EXPLODE_LOOKUP, find_owner, read_identity
from loyalty_async.sandbox.parameters import Query, is_number, read_flag, read_names
from loyalty_async.sandbox.paths import EXPLODE_SCOPED_PATH
from loyalty_async.sandbox.promises import conversion_day
from loyalty_async.sandbox.records import Entry, Group, Owner
from loyalty_async.sandbox.refusals import Refusal
from loyalty_async.sandbox.scopes import OrgIds, read_scope
from loyalty_async.sandbox.settings import Settings

REFUSED_NAME: Final = "DelayedAccrual"
_MOST_EVENTS: Final = 10


@attrs.frozen(kw_only=True)
class Question:
    """Which events are asked for: ids, or references of events of one name."""

    ids: Sequence[str]
    event_name: str | None = None


def answer_explosion(world: World, call: Call) -> Reply:
    """Answer with the events asked for, in the order of their ids; one id may have several."""
    ledger, settings, query = world.ledger, world.settings, call.query
    scoped = call.path == EXPLODE_SCOPED_PATH
    org_ids = read_scope(call.headers, ledger.organisation, settings) if scoped else None
    identity = read_identity(query, EXPLODE_LOOKUP)
    question = read_question(query)
    unknown_names = read_names(query, "alternateCurrencyNames") - frozenset(ledger.organisation.currencies)
    wish = _read_wish(query, settings, scoped=scoped)
    owner = find_owner(identity, ledger)
    found = _find(question, ledger.book(owner.owner_id), owner, _visible(query, owner, org_ids))
    if any(entry.event_name == REFUSED_NAME for entries in found.values() for entry in entries):
        raise Refusal(11014, f"Event name not found: {REFUSED_NAME}")
    events: list[object] = []
    for entries in _known(question, found, settings, scoped=scoped):
        events.extend(None if entry is None else _exploded(world, owner, wish, entry) for entry in entries)
    warning = {"status": False, "code": 9018, "message": "No alternate currency found for the given input"}
    answer = {"events": events, "warnings": [warning] if unknown_names else []}
    return Reply(body=encode(answer).encode())


def read_question(query: Query) -> Question:
    """Read which events are asked for.

    Raises:
        Refusal: Both ways at once (11021), neither whole (11023), more than ten or an unknown name (11014), or an id
            that is not numeric (11017).
    """
    ids, name, references = (query.get(key) for key in ("eventIds", "eventName", "eventReferenceIds"))
    if ids and (name or references):
        raise Refusal(11021, "Either event ids or event references should be passed, not both")
    if not ids and not (name and references):
        raise Refusal(11023, "Either eventLogId or (eventName and reference) is required")
    asked = (ids or references or "").split(",")
    if len(asked) > _MOST_EVENTS:
        raise Refusal(11014, f"Max {_MOST_EVENTS} events allowed")
    if ids:
        for one in asked:
            if not is_number(one):
                raise Refusal(11017, f'Event id format exception:For input string: "{one}"')
        return Question(ids=asked)
    if name not in EXPLODED_NAMES:
        raise Refusal(11014, f"Event name not found: {name}")
    return Question(ids=asked, event_name=name)


def _read_wish(query: Query, settings: Settings, *, scoped: bool) -> Wish:
    breakup = read_flag(query, "getPointsEarnedBreakup")
    if breakup and not settings.captures_source_values:
        raise Refusal(11019, "Points awarded source value capturing is disabled for the org")
    everything = read_flag(query, "includeAlternateCurrencies")
    return Wish(
        bills=read_flag(query, "getBillDetails"),
        breakup=breakup,
        custom_fields=read_flag(query, "getCustomFields"),
        extended_fields=read_flag(query, "getExtendedFields"),
        # The documents spell it both ways.
        payment_modes=read_flag(query, "getPaymentMode") or read_flag(query, "getPaymentModes"),
        max_conversion=read_flag(query, "getMaxConversionDetails"),
        currencies=None if everything else read_names(query, "alternateCurrencyNames"),
        organisations=scoped,
    )


def _visible(query: Query, owner: Owner, org_ids: OrgIds | None) -> Callable[[Entry], bool]:
    """Say which entries may be seen: those in the data scope, and of a group, if so asked, the primary member's."""
    primary_only = read_flag(query, "isPrimaryUser") and isinstance(owner, Group)
    primary = owner.primary if isinstance(owner, Group) else owner

    def visible(entry: Entry) -> bool:
        in_scope = org_ids is None or entry.org_id in org_ids
        return in_scope and not (primary_only and acting_member(entry, owner) != primary)

    return visible


def _find(
    question: Question, book: Book, owner: Owner, visible: Callable[[Entry], bool]
) -> Mapping[str, Sequence[Entry]]:
    """Find the entries of each id; nothing for those that are not there."""
    if question.event_name is None:
        return {one: list(filter(visible, book.with_id(int(one)))) for one in question.ids}
    found: dict[str, list[Entry]] = {one: [] for one in question.ids}
    for entry in book.entries:
        reference = reference_id(entry, owner) if entry.event_name == question.event_name else NO_REFERENCE
        if reference in found and reference != NO_REFERENCE and visible(entry):
            found[reference].append(entry)
    return found


def _known(
    question: Question, found: Mapping[str, Sequence[Entry]], settings: Settings, *, scoped: bool
) -> list[Sequence[Entry | None]]:
    """Give the entries of each id in turn, and deal with the ids that have none as the server is set to do."""
    unknown = [one for one in question.ids if not found[one]]
    if unknown and settings.unknown_events == "detail_refused":
        message = f"Event detail not found for event log id {unknown[0]}"
        raise Refusal(11024 if scoped else 11016, message)
    if unknown and settings.unknown_events == "refused":
        code, kind = (9021, "identifiers") if question.event_name is None else (9022, "event reference ids")
        raise Refusal(code, f"Invalid {kind}: [{', '.join(unknown)}]")
    nothing: Sequence[Entry | None] = [None] if settings.unknown_events == "null" else []
    return [found[one] or nothing for one in question.ids]


def _exploded(world: World, owner: Owner, wish: Wish, entry: Entry) -> dict[str, object]:
    calendar, entries = world.printer.calendar, world.ledger.book(owner.owner_id).entries
    organisation = world.ledger.organisation
    scene = Scene(
        entry=entry,
        owner=owner,
        org_id=organisation.org_id,
        programs=organisation.programs,
        wish=wish,
        calendar=calendar,
        convert_on=partial(conversion_day, entries, entry, calendar=calendar, now=world.now),
    )
    return explode(scene)
