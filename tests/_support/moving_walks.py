"""Walks over a moving ledger: gone step by step, taken up after every error, judged at the end."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import anyio
import attrs

from loyalty_async.errors import IncompleteLedgerError, LoyaltyError
from loyalty_async.models.reports import Verdict
from loyalty_async.streams.entries import EntryStream
from loyalty_async.streams.queries import EntryQuery
from tests._support.fetching import MEMBER, Fetch, opened
from tests._support.moving import Moving, Row, row_of
from tests._support.readings import LONG_AGO
from tests._support.scenes import HOUR, Manner, Scene
from tests._support.stepping import Steps, held
from tests._support.walks import NOON

_MOST_REQUESTS = 20_000
"""Of a whole example; a ledger that is counted in windows of hours again and again takes a thousand or two."""


@attrs.define
class Outing:
    """One stream of a walk.

    Attributes:
        stream: The stream.
        leave: Leaves its block.
        most: How many entries it gives at most.
        began: How many requests had been answered.
        mark: The last entry that had been handed out before.
        taken: What it gave.
    """

    stream: EntryStream
    leave: Callable[[], None]
    most: int | None
    began: int
    mark: Row | None
    taken: list[Row] = attrs.field(factory=list)

    async def take(self, most: float, patience_s: float) -> bool:
        """Take entries, until there are no more (True) or patience ends."""
        with anyio.move_on_after(patience_s):
            while len(self.taken) < most:
                try:
                    self.taken.append(row_of(await anext(self.stream)))
                except StopAsyncIteration:
                    return True
        return False


@attrs.define
class Walker:
    """Walks over a scene while the ledger moves.

    Attributes:
        scene: What it asks for.
        steps: The loop.
        movable: As of `Moving`.
        manner: How the next stream is gone.
        taken: What came, over all streams that have ended.
        over: Whether the last stream came to its end.
        errors: How many streams did not.
    """

    scene: Scene
    steps: Steps
    movable: timedelta | None
    manner: Manner
    taken: list[Row] = attrs.field(factory=list)
    over: bool = False
    errors: int = 0
    moving: Moving = attrs.field(init=False)
    fetch: Fetch = attrs.field(init=False)
    _outing: Outing | None = None
    _token: str | None = None
    _until: datetime | None = None
    _began_s: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        scene = self.scene
        self._began_s = self.steps.time()
        server = scene.server()
        # No server's clock is more than a day ahead.
        landmarks = [place for place in (scene.since, scene.until, NOON) if place is not None and place < NOON + HOUR]
        self.moving = Moving(server=server, clock=self.clock, movable=self.movable, landmarks=landmarks)
        self.fetch = Fetch(server, refuses=self.moving.before_answer)

    def clock(self) -> datetime:
        """Tell the time, which is NOON at first."""
        return NOON + timedelta(seconds=self.steps.time() - self._began_s)

    def take(self, many: int, patience_s: float = math.inf) -> None:
        """Take some entries, as many as come before patience ends."""
        outing = self._outing = self._outing or self._opened()
        try:
            over = self.steps.run(partial(outing.take, len(outing.taken) + many, patience_s))
        except LoyaltyError as error:
            self._examine(error, outing, outing.stream.resume)
            self.stop()
        else:
            if over:
                self._end(outing)
        assert outing.stream.report.entries == len(outing.taken)

    def collect(self) -> None:
        """Collect what is left, or nothing at all."""
        self.stop()
        outing = Outing(aiter(self._question(None)), _nothing, None, self.moving.answers, self._mark)
        try:
            entries = self.steps.run(partial(self._question(None).collect, ahead=self.manner.ahead or 0))
        except LoyaltyError as error:
            self._examine(error, outing, outing.stream.origin)
            self._token = error.resume
        else:
            outing.taken += map(row_of, entries)
            self.taken += outing.taken
            self._token, self.over = entries.resume, True
            self._require_rest(outing)

    def stop(self) -> None:
        """Close the stream, and go on behind its last entry the next time."""
        if self._outing is not None:
            outing, self._outing = self._outing, None
            outing.leave()
            self.taken += outing.taken
            self._token = outing.stream.resume
            assert self.fetch.running == 0

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.steps.run(partial(anyio.sleep, seconds))

    def finish(self) -> None:
        """Walk to the end, taken up after every error; only what moves, or fails, is a reason for one."""
        self.manner = attrs.evolve(self.manner, max_items=None)
        for _ in range(self.moving.pending + 3):
            if not self.over:
                self.take(10_000)
        self.stop()
        assert self.over, "errors without an end"

    def judge(self) -> None:
        """Compare what came with what was there."""
        assert self.moving.answers < _MOST_REQUESTS
        came = set(self.taken)
        assert self.taken == sorted(came, reverse=self.scene.order == "desc"), "out of order, or twice"
        assert came <= self.moving.ever, "an entry that never was"
        assert all(map(self._wanted, came)), "an entry that was not asked for"
        lost = set(filter(self._wanted, self.moving.there_since(0))) - came
        assert not lost, f"lost, though there throughout: {sorted(lost)}"

    def _opened(self) -> Outing:
        most = self.manner.max_items
        stream, leave = held(self.steps, opened(self._question(most), self.manner.ahead))
        return Outing(stream, leave, most, self.moving.answers, self._mark)

    def _question(self, max_items: int | None) -> EntryQuery:
        scene = self.scene
        if self._until is None:
            self._until = min(scene.until or self.clock(), self.clock())

        return EntryQuery(
            member=MEMBER,
            since=scene.since,
            until=scene.until,
            order=scene.order,
            max_items=max_items,
            resume=self._token,
            question="a question",
            fetch=self.fetch,
            terms=partial(scene.terms, attrs.evolve(self.manner, max_items=max_items)),
            clock=self.clock,
        )

    def _examine(self, error: LoyaltyError, outing: Outing, resume: str) -> None:
        self.errors += 1
        raised = self.moving.raised
        assert isinstance(error, IncompleteLedgerError) or error in raised
        assert error.member is MEMBER
        assert error.resume == resume
        # A total that was open when the walk was left is held against what moved since it was said, too.
        since = 0 if outing.stream._walk.point.accounts else outing.began
        assert self.moving.moved_at > since or error in raised, f"nothing moved, and yet: {error}"

    def _end(self, outing: Outing) -> None:
        verdict = outing.stream.report.verdict
        if verdict is not Verdict.PARTIAL or len(outing.taken) != outing.most:
            # Behind an error that said that entries were missing no walk is called complete.
            assert verdict is (Verdict.PARTIAL if outing.stream._walk.short else Verdict.COMPLETE)
            self._require_rest(outing)
            self.over = True
        self.stop()

    def _require_rest(self, outing: Outing) -> None:
        """A stream that is complete has brought whatever was there from its own beginning on."""
        there = set(filter(self._wanted, self.moving.there_since(outing.began)))
        rest = {row for row in there if outing.mark is None or self._behind(row, outing.mark)}
        assert rest <= set(outing.taken), f"complete, and yet lost: {sorted(rest - set(outing.taken))}"

    @property
    def _mark(self) -> Row | None:
        return self.taken[-1] if self.taken else None

    def _behind(self, row: Row, mark: Row) -> bool:
        return row < mark if self.scene.order == "desc" else row > mark

    def _wanted(self, row: Row) -> bool:
        assert self._until is not None
        return (self.scene.since or LONG_AGO) <= row[0] < self._until


def _nothing() -> None:
    """Leave no block."""
