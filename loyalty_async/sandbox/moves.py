"""Scripted moves: how the ledger changes between two requests, and how it has changed so far.

In JSON: `{"action": "delete", "at": 3}`, `{"action": "insert", "probability": 0.2, "times": null}`. Defects are
moves, too: `{"action": "lose", "path": "/v2/pointsLedger", "where": {"identifierValue": "917406401004"}}`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, get_args

import attrs

from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import Detail, Entry, Group, Owner
from loyalty_async.sandbox.scripts import Aim, Script, number, whole

Action = Literal["insert", "backdate", "delete", "merge", "lose", "double", "misstate", "shift"]

_POINTS: Final = "1.000"
_DAY_S: Final = 86_400.0
_EVENT_NAMES: Final[Mapping[str, str]] = {"insert": "TransactionAdd", "backdate": "BulkAllocatePoints"}


def _instant(value: object) -> object:
    """Read an ISO date; what is none is left to the validator."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _aware(_move: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"{field.name} is an ISO date with an offset")


def _decimal(_move: object, field: attrs.Attribute[Any], value: object) -> None:
    try:
        finite = isinstance(value, str) and Decimal(value).is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        raise ValueError(f"{field.name} is a string with a decimal number")


def _past(move: Move, field: attrs.Attribute[Any], value: float) -> None:
    if move.action == "backdate" and value > 0:
        raise ValueError(f"{field.name} of a backdate is not above nought")


def _either(move: Move, field: attrs.Attribute[Any], _value: object) -> None:
    if move.created_at is not None:
        raise ValueError(f"{field.name} and created_at do not go together")


_Validator = Callable[[Any, Any, Any], object]


def _only_for(*actions: Action, then: Iterable[_Validator]) -> _Validator:
    """Make the check of an optional field that only some actions have."""
    validators = tuple(then)

    def check(move: Move, field: attrs.Attribute[Any], value: object) -> None:
        if value is None:
            return
        if move.action not in actions:
            raise ValueError(f"{field.name} is not for the action {move.action}")
        for validator in validators:
            validator(move, field, value)

    return check


_DATED: Final[tuple[Action, ...]] = ("insert", "backdate", "misstate")
_OFFSET: Final[tuple[Action, ...]] = (*_DATED, "shift")
_ADDED: Final[tuple[Action, ...]] = ("insert", "backdate")
_OF_AN_ENTRY: Final[tuple[Action, ...]] = ("delete", "lose", "double", "misstate")


@attrs.frozen(kw_only=True)
class Move(Aim):
    """Let the ledger change just before some requests are answered: the ledger of whom each is about.

    A request that is about nobody moves nothing, nor does a deletion from an empty ledger, or a merge with nobody to
    merge; the move is used up all the same. Requests count whatever they are answered, a fault included, in the order
    in which they are answered. All moves that apply are made, in the order of the script.

    Attributes:
        action: "insert": a new entry, dated now unless told. "backdate": a new entry dated in the past, as an import
            writes them; when, is drawn between the oldest entry and now unless told. Both get a new eventLogId, above
            all others. "delete": an entry goes. "merge": another member's entries come into this member's ledger, with
            their dates and ids, and leave the other, who is refused with 8069 from then on. (The documents have another
            merge, too: the points are debited from one ledger and credited to the other.) Defects: "lose": an entry
            goes, and balances still count it. "double": an entry comes twice, and balances count it once. "misstate":
            balances hold points that no entry shows, from the date of an entry on, the newest unless told; a few
            thousandths make a rounding. "shift": balances are cut off later than was asked for, a day unless told.
        created_at: When the new entry is created, or from when on balances are misstated: aware, or in ISO format.
        offset_s: The same in seconds after now; negative for the past. Of a shift, the seconds, negative for earlier.
        points: Of the new entry, or that balances hold too much, as a text; a debit if negative; 1.000 unless told.
        event_name: Of the new entry; a transaction or a bulk import unless told.
        event_log_id: What to delete, to lose or to double; drawn unless told. From when on to misstate.
        user_id: Whom to merge; drawn unless told among all other members.
    """

    action: Action = attrs.field(validator=attrs.validators.in_(get_args(Action)))
    created_at: datetime | None = attrs.field(
        default=None, converter=_instant, validator=_only_for(*_DATED, then=[_aware])
    )
    offset_s: float | None = attrs.field(default=None, validator=_only_for(*_OFFSET, then=[number, _past, _either]))
    points: str | None = attrs.field(default=None, validator=_only_for(*_DATED, then=[_decimal]))
    event_name: str | None = attrs.field(
        default=None, validator=_only_for(*_ADDED, then=[attrs.validators.instance_of(str)])
    )
    event_log_id: int | None = attrs.field(default=None, validator=_only_for(*_OF_AN_ENTRY, then=[whole]))
    user_id: int | None = attrs.field(default=None, validator=_only_for("merge", then=[whole]))


@attrs.frozen(kw_only=True)
class Moved:
    """A move that was made.

    Attributes:
        request: The number of the request before whose answer it was made, among all those to `path`; the first has 1.
        path: That request's path.
        action: What was done.
        owner_id: To whose ledger: a member's user id, or minus a group's id.
        event_log_ids: What came in or went.
        merged_id: From whose ledger it came, if a member was merged.
    """

    request: int
    path: str
    action: Action
    owner_id: int
    event_log_ids: tuple[int, ...]
    merged_id: int | None = None


@attrs.frozen(kw_only=True)
class _Stage:
    """What a move is made on."""

    ledger: Ledger
    owner: Owner
    now: datetime
    rng: random.Random


class MoveScript(Script[Move]):
    """The moves of a sandbox, in order, and what has come of them.

    It is used under the ledger's lock.
    """

    def __init__(self, moves: Iterable[Move] = (), *, seed: int | str = 0) -> None:
        super().__init__(moves, seed=seed)
        self._requests: Counter[str] = Counter()
        self._history: list[Moved] = []

    @property
    def history(self) -> tuple[Moved, ...]:
        """The moves made so far, in order; a cleared script has not forgotten them."""
        return tuple(self._history)

    def take(self, path: str, query: Mapping[str, str]) -> list[Move]:
        """Count a request, and give the moves to make before it is answered."""
        self._requests[path] += 1
        return list(self._hits(path, query))

    def make(self, moves: Iterable[Move], path: str, ledger: Ledger, owner: Owner, now: datetime) -> None:
        """Make moves before the request to a path that was counted last, and remember those that came about."""
        stage = _Stage(ledger=ledger, owner=owner, now=now, rng=self._rng)
        for move in moves:
            outcome = _ACTIONS[move.action](move, stage)
            if outcome is None:
                continue
            event_log_ids, merged_id = outcome
            moved = Moved(
                request=self._requests[path],
                path=path,
                action=move.action,
                owner_id=owner.owner_id,
                event_log_ids=tuple(event_log_ids),
                merged_id=merged_id,
            )
            self._history.append(moved)


_Outcome = tuple[list[int], int | None]
"""The event log ids that came in or went, and the member who was merged."""


def _insert(move: Move, stage: _Stage) -> _Outcome:
    return _added(move, stage, _told_date(move, stage.now) or stage.now)


def _backdate(move: Move, stage: _Stage) -> _Outcome:
    return _added(move, stage, _told_date(move, stage.now) or _some_past(stage))


def _delete(move: Move, stage: _Stage) -> _Outcome | None:
    entry = _chosen(move, stage)
    if entry is None:
        return None
    stage.ledger.book(stage.owner.owner_id).remove(entry.event_log_id)
    return [entry.event_log_id], None


def _merge(move: Move, stage: _Stage) -> _Outcome | None:
    survivor, ledger = stage.owner, stage.ledger
    if isinstance(survivor, Group):
        return None
    others = [
        member.user_id
        for member in ledger.members
        if member is not survivor and not ledger.is_merged(member) and move.user_id in {None, member.user_id}
    ]
    if not others:
        return None
    merged_id = stage.rng.choice(others)
    return [entry.event_log_id for entry in ledger.merge(survivor.user_id, merged_id)], merged_id


def _lose(move: Move, stage: _Stage) -> _Outcome | None:
    entry = _chosen(move, stage)
    if entry is None:
        return None
    book = stage.ledger.book(stage.owner.owner_id)
    book.remove(entry.event_log_id)
    book.slip(entry.created_at, entry.details)
    return [entry.event_log_id], None


def _double(move: Move, stage: _Stage) -> _Outcome | None:
    entry = _chosen(move, stage)
    if entry is None:
        return None
    owner_id, kept = stage.owner.owner_id, attrs.asdict(entry, recurse=False)
    del kept["event_log_id"]
    twin = stage.ledger.add_entry(owner_id, **kept)
    stage.ledger.book(owner_id).slip(entry.created_at, map(_reversed, entry.details))
    return [twin.event_log_id], None


def _misstate(move: Move, stage: _Stage) -> _Outcome | None:
    book = stage.ledger.book(stage.owner.owner_id)
    known = book.entries[-1:] if move.event_log_id is None else book.with_id(move.event_log_id)
    if not known or not known[0].details:
        return None
    line, points = known[0].details[0], Decimal(move.points or _POINTS)
    slip = attrs.evolve(line, kind="DEBIT" if points < 0 else "CREDIT", points=points.copy_abs())
    book.slip(_told_date(move, stage.now) or known[0].created_at, [slip])
    return [known[0].event_log_id], None


def _shift(move: Move, stage: _Stage) -> _Outcome:
    stage.ledger.book(stage.owner.owner_id).shift_s = _DAY_S if move.offset_s is None else move.offset_s
    return [], None


def _chosen(move: Move, stage: _Stage) -> Entry | None:
    """Give the entry that is told, else any."""
    book = stage.ledger.book(stage.owner.owner_id)
    known = book.entries if move.event_log_id is None else book.with_id(move.event_log_id)
    return stage.rng.choice(known) if known else None


def _reversed(line: Detail) -> Detail:
    return attrs.evolve(line, kind="CREDIT" if line.kind == "DEBIT" else "DEBIT")


def _added(move: Move, stage: _Stage, created_at: datetime) -> _Outcome:
    entry = stage.ledger.add_entry(
        stage.owner.owner_id,
        created_at=created_at,
        points=move.points or _POINTS,
        event_name=move.event_name or _EVENT_NAMES[move.action],
    )
    return [entry.event_log_id], None


def _told_date(move: Move, now: datetime) -> datetime | None:
    return move.created_at if move.offset_s is None else now + timedelta(seconds=move.offset_s)


def _some_past(stage: _Stage) -> datetime:
    """Draw a moment between the oldest entry and now, to the second; now itself if there is no past."""
    entries = stage.ledger.book(stage.owner.owner_id).entries
    past_s = int((stage.now - entries[0].created_at).total_seconds()) if entries else 0
    return stage.now - timedelta(seconds=stage.rng.randint(0, max(0, past_s)))


_ACTIONS: Final[Mapping[Action, Callable[[Move, _Stage], _Outcome | None]]] = {
    "insert": _insert,
    "backdate": _backdate,
    "delete": _delete,
    "merge": _merge,
    "lose": _lose,
    "double": _double,
    "misstate": _misstate,
    "shift": _shift,
}
