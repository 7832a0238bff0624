"""The export: members in, a bounded number of them at a time, rows out, and each member done once."""

from __future__ import annotations

import functools
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
import attrs
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from loyalty_async.client import CapillaryClient
from loyalty_async.errors import ClientStateError, LoyaltyError
from loyalty_async.export.failures import DeadLetters, Judge, at_line, not_complete
from loyalty_async.export.lists import Taken
from loyalty_async.export.members import Listed, Listing, misread
from loyalty_async.export.progress import Progress, Summary, Tally
from loyalty_async.export.runs import Known, Run
from loyalty_async.export.stores import Store
from loyalty_async.export.units import Recent, Unit, member_key
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.reports import Report, Verdict

__all__ = ["Export", "OnProgress", "Terms"]

T = TypeVar("T")
OnProgress = Callable[[Progress], object]

_TICK_S = 1.0
_MANY = 100
"""So many entries are encoded before the event loop may do other work: a millisecond or two. In a thread of their own
they would take longer, and everything else with them: both want the interpreter's lock."""
_MOST_NAMES = 100
_DONE = object()


@attrs.frozen(kw_only=True)
class Terms:
    """How an export works; see `open_export`."""

    filters: Mapping[str, Any]
    settle: timedelta
    lookback: timedelta
    workers: int
    ahead: int
    memory: int
    grace_s: float
    collect: bool
    total: int | None
    on_progress: OnProgress


@attrs.define(eq=False)
class _Batch:
    """Small units that wait for the store.

    Attributes:
        units: Whose rows are to be written.
        error: Why they could not be.
    """

    units: list[Unit] = attrs.field(factory=list)
    error: Exception | None = None


@attrs.define(eq=False, repr=False)
class Export:
    """An export that is open; made by `open_export`, and run once."""

    _client: CapillaryClient
    _taken: Taken
    _run: Run
    _job: int
    _store: Store
    _letters: DeadLetters
    _terms: Terms
    _secret: bytes
    _sent_before: tuple[int, int]
    _tally: Tally = attrs.field(factory=Tally)
    _judge: Judge = attrs.field(factory=Judge)
    _unfamiliar: Counter[str] = attrs.field(factory=Counter)
    _reading: set[bytes] = attrs.field(factory=set)
    _batch: _Batch = attrs.field(factory=_Batch)
    _lock: anyio.Lock = attrs.field(factory=functools.partial(anyio.Lock, fast_acquire=True))
    _large: anyio.Lock = attrs.field(factory=anyio.Lock)
    _feeding: anyio.CancelScope = attrs.field(factory=anyio.CancelScope)
    _working: anyio.CancelScope = attrs.field(factory=anyio.CancelScope)
    _error: Exception | None = None
    _began: float = attrs.field(factory=anyio.current_time)
    _begun: bool = False
    _stopped: bool = False
    _listed: bool = False
    _left_out: bool = False

    @property
    def progress(self) -> Progress:
        """How far it is."""
        seconds = anyio.current_time() - self._began
        total = self._tally.members if self._listed else self._terms.total
        return self._tally.progress(self._client, self._sent_before, self._store.written, seconds, total)

    def stop(self) -> None:
        """Take up no more members; those under way have the grace time to finish. `run` then returns."""
        if not self._stopped:
            self._stopped = True
            self._feeding.cancel()
            self._working.deadline = anyio.current_time() + self._terms.grace_s

    async def run(self) -> Summary:
        """Export all members.

        Cancellation drops what is under way; what was read before is made durable when the block ends.

        Returns:
            How it ended. After `stop` it is not complete: run the same export again to go on.

        Raises:
            LoyaltyError: The first error that is not a single member's, or of any member unless errors are collected.
        """
        if self._begun:
            raise ClientStateError("an export is run once; open another one to go on")
        self._begun = True
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tick)
            with self._working:
                await self._work_through()
            tasks.cancel_scope.cancel()
        if self._error is not None:
            raise self._error
        complete = self._listed and not self._left_out and not self._working.cancelled_caught
        await self._with_store(self._store.complete if complete else self._store.commit)
        self._terms.on_progress(self.progress)
        return self._summary(complete=complete)

    def _summary(self, *, complete: bool) -> Summary:
        since = self._run.since.isoformat() if self._run.since else None
        return Summary(
            **attrs.asdict(self.progress),
            complete=complete,
            run=self._run.number,
            since=since,
            until=self._run.until.isoformat(),
            unfamiliar=dict(self._unfamiliar),
        )

    async def _work_through(self) -> None:
        send, receive = anyio.create_memory_object_stream[Unit](0)
        async with anyio.create_task_group() as workers:
            for _ in range(self._terms.workers):
                workers.start_soon(self._guarded, self._work, receive.clone())
            receive.close()
            await self._guarded(self._feed, send)

    async def _guarded(self, work: Callable[[Any], Any], stream: Any) -> None:
        """Do a part of the work; its error ends all of it, and is raised bare at the end."""
        try:
            async with stream:
                await work(stream)
        except anyio.BrokenResourceError:
            return  # All workers have ended, of an error.
        except Exception as error:  # noqa: BLE001 - raised by `run`, bare
            self._error = self._error or error
            self._working.cancel()

    async def _feed(self, send: MemoryObjectSendStream[Unit]) -> None:
        with self._feeding:
            while listings := await self._taken.some():
                for unit in await self._claimed(listings):
                    await send.send(unit)
            self._listed = True

    async def _claimed(self, listings: Sequence[Listing]) -> list[Unit]:
        """Make units of members that are not done."""
        keys = [member_key(each.member, self._secret) for each in listings if isinstance(each, Listed)]
        # Looked at first: what ends while the store is asked is known to the store.
        reading = self._reading.intersection(keys)
        found = iter(list(zip(keys, await self._with_store(self._store.known, keys), strict=True)))
        units: list[Unit] = []
        for listing in listings:
            self._tally.members += 1
            if not isinstance(listing, Listed):
                self._fail(listing, listing)
                continue
            key, before = next(found)
            if key in reading or (before and (before.run, before.job) == (self._run.number, self._job)):
                self._fail(listing, misread(listing.line, "names a member that an earlier line has named"))
            elif before and before.run == self._run.number:
                self._tally.skipped += 1
            else:
                reading.add(key)
                self._reading.add(key)
                units.append(self._unit(listing, key, before))
        return units

    def _unit(self, listed: Listed, key: bytes, before: Known | None) -> Unit:
        since = self._run.since
        if before:
            again = max(before.until - self._terms.lookback, before.kept_from)
            since = again if since is None else max(again, since)
        return Unit(
            listed=listed,
            key=key,
            since=since,
            written_until=before.until if before else None,
            kept_from=self._run.kept_from,
            spool=self._store.spool(self._terms.memory),
            recent=Recent.after(before.recent if before else b""),
        )

    async def _work(self, units: MemoryObjectReceiveStream[Unit]) -> None:
        async for unit in units:
            if self._stopped:
                self._left_out = True
                continue
            try:
                await self._read(unit)
                await self._put(unit)
            except LoyaltyError as error:
                self._fail(unit.listed, error)
            else:
                self._judge.clear()
                self._tally.read += 1
            finally:
                unit.spool.close()
                self._reading.discard(unit.key)

    async def _put(self, unit: Unit) -> None:
        """Have the store take a unit."""
        if unit.spool.is_large:
            await self._put_in_steps(unit)
        else:
            await self._put_with_others(unit)

    async def _put_in_steps(self, unit: Unit) -> None:
        """Have the store take a large unit, one at a time, in steps between which others may use the store."""
        steps = self._store.write(unit)
        async with self._large:
            with anyio.CancelScope(shield=True):  # Half a unit would spoil its file.
                while await self._with_store(next, steps, _DONE) is not _DONE:
                    pass

    async def _put_with_others(self, unit: Unit) -> None:
        """Have the store take a small unit, and in the same step all that wait for the store with it.

        To change threads takes longer than to write one.
        """
        batch = self._batch
        batch.units.append(unit)
        with anyio.CancelScope(shield=True):
            async with self._lock:
                if batch is self._batch:  # Else another has taken this unit along.
                    self._batch = _Batch()
                    await anyio.to_thread.run_sync(self._write, batch)
        if batch.error is not None:
            raise batch.error

    def _write(self, batch: _Batch) -> None:
        try:
            for unit in batch.units:
                deque(self._store.write(unit), maxlen=0)
        except Exception as error:  # noqa: BLE001 - raised for each of them
            batch.error = error

    async def _read(self, unit: Unit) -> None:
        """Read a ledger into the unit's spool.

        Raises:
            LoyaltyError: It cannot be proved, or a value does not fit.
        """
        query = self._client.ledger.entries(
            unit.listed.member,
            since=unit.since,
            until=self._run.until,
            settle=self._terms.settle,
            **self._terms.filters,
        )
        encode = self._store.encoder(unit.listed.member)

        def take(entries: Sequence[LedgerEntry]) -> None:
            lines, rows = encode(entries)
            unit.spool.add(lines)
            unit.rows += rows
            unit.entries += len(entries)

        async with query.prefetch(ahead=self._terms.ahead) as stream:
            with suppress(StopAsyncIteration):
                while True:
                    entries = unit.new(await stream.next_part())
                    for start in range(0, len(entries), _MANY):
                        if start:
                            await anyio.lowlevel.checkpoint()
                        take(entries[start : start + _MANY])
            report = stream.report
            self._note(report)
            if report.verdict is not Verdict.COMPLETE:
                raise not_complete(report, unit.listed.member, stream.resume)
        self._tally.entries += unit.entries

    def _note(self, report: Report) -> None:
        for name, count in report.unfamiliar.items():
            if name in self._unfamiliar or len(self._unfamiliar) < _MOST_NAMES:
                self._unfamiliar[name] += count

    def _fail(self, listing: Listing, error: LoyaltyError) -> None:
        """Put a member aside, or raise what stops the export."""
        if self._judge.is_of_all(error):
            raise error
        if not self._terms.collect:
            raise at_line(error, listing.line)
        self._tally.failed += 1
        self._letters.add(listing, error)

    async def _tick(self) -> None:
        while True:
            await anyio.sleep(_TICK_S)
            try:
                self._terms.on_progress(self.progress)
                await self._with_store(functools.partial(self._store.commit, due=True))
            except Exception as error:  # noqa: BLE001 - raised by `run`, bare
                self._error = self._error or error
                self._working.cancel()
                return

    async def _with_store(self, use: Callable[..., T], *arguments: Any) -> T:
        """Use the store in a thread; one at a time."""
        async with self._lock:
            return await anyio.to_thread.run_sync(use, *arguments)

    async def close(self) -> None:
        """Make durable what was read, and close; `open_export` calls it."""
        with anyio.CancelScope(shield=True):
            try:
                if self._begun and self._error is None:
                    await self._with_store(self._store.commit)
                elif self._begun:
                    with suppress(LoyaltyError):
                        await self._with_store(self._store.commit)
            finally:
                self._letters.close()
                await self._with_store(self._store.close)
