"""The runs of an export: which stretch of time each one reads, and where the next one begins. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.spans import Span

__all__ = ["Done", "Known", "Past", "Question", "Run", "Stretch", "next_run"]

_LAST = "last"


@attrs.frozen
class Stretch:
    """What stretch of time to export.

    Attributes:
        since: The first moment; None for the beginning of each ledger; `last` for where the last run ended.
        until: The first moment that is not wanted any more; None for the present, when the run begins.
    """

    since: datetime | Literal["last"] | None
    until: datetime | None = None

    @classmethod
    def of(cls, span: Span | Stretch) -> Stretch:
        """Take a span as well.

        Raises:
            InvalidArgument: A naive moment, or nothing between the two.
        """
        stretch = span if isinstance(span, Stretch) else cls(span.since, span.until)
        moments = [moment for moment in (stretch.since, stretch.until) if isinstance(moment, datetime)]
        if any(moment.utcoffset() is None for moment in moments):
            raise InvalidArgument("since and until of an export must be aware datetimes")
        if len(moments) > 1 and moments[0] >= moments[1]:
            raise InvalidArgument("since must lie before until")
        if isinstance(stretch.since, str) and stretch.since != _LAST:
            raise InvalidArgument("since must be an aware datetime, None or 'last'")
        return stretch


@attrs.frozen(kw_only=True)
class Run:
    """One pass over all members.

    Attributes:
        number: The first is 1.
        since: Where it begins for a member that no run has read; None for the beginning of the ledger.
        asked_until: What the caller gave as the end.
        until: The cut-off of all members.
        kept_from: Of what is dated here or later, each member's entries are remembered, to tell what comes later.
        complete: Whether it came through the whole list.
    """

    number: int
    since: datetime | None
    asked_until: datetime | None
    until: datetime
    kept_from: datetime
    complete: bool = False


@attrs.frozen
class Known:
    """What a manifest knows of a member.

    Attributes:
        until: Where the last run ended that read it.
        kept_from: From when on its entries are remembered.
        run: The number of that run.
        job: The number of the process that read it.
        recent: The keys of the entries that are remembered.
    """

    until: datetime
    kept_from: datetime
    run: int
    job: int
    recent: bytes


@attrs.frozen
class Done:
    """What a manifest is told of a member who is done.

    Attributes:
        member: The key by which it knows the member.
        rows: How many rows of the output are this member's in this run.
        recent: The keys of the entries to remember for the next run.
    """

    member: bytes = attrs.field(repr=False)
    rows: int
    recent: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen
class Past:
    """What was exported so far to one place.

    Attributes:
        runs: In order; none if nothing was.
        done: How many members the last of them has done.
    """

    runs: Sequence[Run] = ()
    done: int = 0


@attrs.frozen
class Question:
    """What is asked of each member and how it is written: it must stay the same as long as a manifest lives.

    Attributes:
        parts: By names that people understand.
    """

    parts: Mapping[str, Any]

    def text(self) -> str:
        """Write it so that the same question is the same text."""
        return json.dumps(self.parts, sort_keys=True, default=str)

    def differing(self, written: str) -> list[str]:
        """Name the parts in which it differs from another, as that was written."""
        before, now = json.loads(written), json.loads(self.text())
        return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))

    def require_same(self, written: str) -> None:
        """Hold it against the one that a manifest was begun with.

        Raises:
            InvalidArgument: It is another.
        """
        if other := self.differing(written):
            raise InvalidArgument(
                f"the output belongs to an export that was asked otherwise ({', '.join(other)} differ): "
                "ask as before, or choose another place"
            )


def next_run(runs: Sequence[Run], wanted: Stretch, lookback: timedelta, latest: datetime) -> Run:
    """Say which run to make: the one that was not finished, or else a new one.

    Args:
        runs: Those of the manifest, in order.
        wanted: What the caller asks for.
        lookback: How much of the end of each run is remembered and read again by the next.
        latest: Later than this nothing is settled.

    Raises:
        InvalidArgument: What is wanted does not follow on what is there.
    """
    until = latest if wanted.until is None else min(wanted.until.astimezone(UTC), latest)
    if not runs:
        if wanted.since == _LAST:
            raise InvalidArgument("since='last' needs a run to go on from: begin with a date")
        since = wanted.since.astimezone(UTC) if isinstance(wanted.since, datetime) else None
        return _checked(_run(1, since, wanted, until, lookback))
    last = runs[-1]
    if wanted.since != _LAST:
        _require_first(runs[0], wanted)
        return last
    if not last.complete:
        return last
    if wanted.until is not None and wanted.until < last.until:
        raise InvalidArgument("until lies before the end of the last run: nothing is new since that")
    if last.until - lookback < last.kept_from:
        raise InvalidArgument(
            f"the last run remembers its last {last.until - last.kept_from} only: lookback must not be longer"
        )
    if until <= last.until:
        return last  # Nothing has settled since.
    return _run(last.number + 1, runs[0].since, wanted, until, lookback)


def _run(number: int, since: datetime | None, wanted: Stretch, until: datetime, lookback: timedelta) -> Run:
    asked_until = wanted.until.astimezone(UTC) if wanted.until else None
    return Run(number=number, since=since, asked_until=asked_until, until=until, kept_from=until - lookback)


def _checked(run: Run) -> Run:
    if run.since is not None and run.since >= run.until:
        raise InvalidArgument("since lies in what has not settled yet: nothing could be exported")
    return run


def _require_first(first: Run, wanted: Stretch) -> None:
    """Hold dates against those that the first run was begun with."""
    since = wanted.since.astimezone(UTC) if isinstance(wanted.since, datetime) else None
    until = wanted.until.astimezone(UTC) if wanted.until else None
    same = {"since": since == first.since, "until": until == first.asked_until}
    other = [name for name in same if not same[name]]
    if other:
        raise InvalidArgument(
            f"the output belongs to an export that was asked otherwise ({', '.join(other)} differ): "
            "ask as before, give since='last' for what is new, or choose another place"
        )
