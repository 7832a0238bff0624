"""Jobs are done in order, some ahead, and nothing is lost, doubled, wrapped or left running."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from random import Random
from typing import Any, cast

import anyio
import attrs
import pytest
from anyio.abc import TaskGroup
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async.errors import ClientStateError, InvalidArgument
from loyalty_async.streams.read_ahead import Ahead, Further, InTurn, fetch_all, open_ahead
from tests._support.profiles import examples
from tests._support.virtual_clock import VirtualTimeLoop

pytestmark = pytest.mark.anyio

on_asyncio = pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": VirtualTimeLoop})])

Tree = int | tuple["Tree", ...]
"""A job: a number has itself as its result, a tuple turns out to be several."""


class WorkError(Exception):
    """What a job ends in."""


@attrs.define
class Worker:
    """Does jobs, each in its own time, and watches how many are under way.

    Attributes:
        latency: How long a job takes, in seconds.
        fails: Jobs that end in an error.
        early: Whether a job that turns out to be several, of which the first is plain, has its result already.
        begun: Numbers of the jobs in the order in which they were begun.
        running: How many are under way, and how many were at most.
        most: How many were under way at once at most.
        untaken: How many were begun and not taken at most; the consumer says what it took.
        taken: What the consumer took.
    """

    latency: Callable[[Tree], float] = lambda _: 1.0
    fails: frozenset[Tree] = frozenset()
    early: bool = False
    begun: list[Tree] = attrs.field(factory=list)
    running: int = 0
    most: int = 0
    untaken: int = 0
    taken: list[int] = attrs.field(factory=list)

    async def __call__(self, job: Tree) -> int | Further[Tree, int]:
        self.begun.append(job)
        self.running += 1
        self.most = max(self.most, self.running)
        self.untaken = max(self.untaken, len(self.begun) - len(self.taken))
        try:
            await anyio.sleep(self.latency(job))
        finally:
            self.running -= 1
        if job in self.fails:
            raise WorkError(job)
        if self.early and isinstance(job, tuple) and job and isinstance(job[0], int):
            return Further(job[1:], job[0])
        return Further(job) if isinstance(job, tuple) else job

    async def take_all(self, results: AsyncIterator[int]) -> list[int]:
        async for result in results:
            self.taken.append(result)
        return self.taken


def randomly(seed: int) -> Callable[[Tree], float]:
    random = Random(seed)
    return lambda _: random.choice([0.0, 0.1, 1.0, 7.0])


def leaves(jobs: Iterable[Tree]) -> Iterator[int]:
    for job in jobs:
        if isinstance(job, tuple):
            yield from leaves(job)
        else:
            yield job


trees = st.recursive(st.just(0), lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=12)


def numbered(jobs: Iterable[Any], numbers: Iterator[int]) -> tuple[Tree, ...]:
    """Give every number of a forest its place, so that order shows."""
    return tuple(numbered(job, numbers) if isinstance(job, tuple) else next(numbers) for job in jobs)


forests = st.lists(trees, max_size=8).map(lambda forest: numbered(forest, count()))


@asynccontextmanager
async def opened(worker: Worker, jobs: Iterable[Tree], ahead: int | None) -> AsyncIterator[AsyncIterator[int]]:
    """Give the results of jobs in turn, or with some ahead."""
    if ahead is None:
        yield InTurn(worker, iter(jobs))
    else:
        async with open_ahead(worker, jobs, ahead=ahead) as results:
            yield results


either = pytest.mark.parametrize("ahead", [None, 0, 3])


# ---- Order, bounds ---------------------------------------------------------------------------------------------------


@settings(max_examples=examples(60))
@given(forest=forests, ahead=st.one_of(st.none(), st.integers(0, 6)), seed=st.integers(0, 1000), early=st.booleans())
async def test_results_come_in_order_whatever_splits_and_however_long_it_takes(
    forest: tuple[Tree, ...], ahead: int | None, seed: int, early: bool
) -> None:
    """At any depth; and never more than `ahead + 1` under way, nor begun beyond what was taken if nothing splits."""
    worker = Worker(latency=randomly(seed), early=early)
    async with opened(worker, forest, ahead) as results:
        assert await worker.take_all(results) == list(leaves(forest))
        assert await anext(results, "over") == "over"
    assert worker.most <= (ahead or 0) + 1
    assert worker.running == 0
    if not any(isinstance(job, tuple) for job in forest):
        assert worker.untaken <= (ahead or 0) + 1


@pytest.mark.parametrize("ahead", [0, 1, 3, 6])
async def test_as_many_are_under_way_as_may_be(ahead: int) -> None:
    worker = Worker()
    began = anyio.current_time()
    async with opened(worker, range(24), ahead) as results:
        await worker.take_all(results)
    assert worker.most == worker.untaken == ahead + 1
    assert anyio.current_time() - began == pytest.approx(-(-24 // (ahead + 1)))


async def test_a_slow_consumer_holds_the_work_up() -> None:
    """Memory is bounded: what is begun and not taken is never more than `ahead + 1`, from an endless plan too."""
    worker = Worker(latency=lambda _: 0.01)
    async with opened(worker, count(), 3) as results:
        for expected in range(10):
            worker.taken.append(await anext(results))
            assert worker.taken[-1] == expected
            await anyio.sleep(100)
            assert len(worker.begun) <= len(worker.taken) + 4
    assert worker.untaken == 4


@either
async def test_nothing_is_begun_without_iteration(ahead: int | None) -> None:
    def plan() -> Iterator[int]:
        advanced.append(True)
        yield 1

    advanced: list[bool] = []
    worker = Worker()
    async with opened(worker, plan(), ahead):
        await anyio.sleep(10)
    assert (worker.begun, advanced) == ([], [])


@pytest.mark.parametrize("ahead", [-1, -2])
async def test_less_than_nothing_ahead_is_refused(ahead: int) -> None:
    with pytest.raises(InvalidArgument, match="ahead"):
        async with opened(Worker(), [1], ahead):
            pytest.fail("it was opened")


async def test_use_after_the_block_is_refused() -> None:
    async with opened(Worker(), range(5), 1) as results:
        await anext(results)
    with pytest.raises(ClientStateError):
        await anext(results)


async def test_a_wait_that_outlives_the_block_is_refused_too() -> None:
    """Another task waits while the block ends."""
    refused: list[BaseException] = []

    async def wait(results: AsyncIterator[int]) -> None:
        with pytest.raises(ClientStateError) as caught:
            await anext(results)
        refused.append(caught.value)

    async with anyio.create_task_group() as tasks:
        with anyio.fail_after(100):
            async with opened(Worker(latency=lambda _: 50), range(5), 1) as results:
                tasks.start_soon(wait, results)
                await anyio.sleep(1)
    assert len(refused) == 1


# ---- Splitting -------------------------------------------------------------------------------------------------------


async def test_what_a_job_splits_into_is_begun_before_what_comes_after() -> None:
    worker = Worker(latency=lambda job: job if isinstance(job, int) else 0.5)
    async with opened(worker, ((1, 2, 3), 4, 5, 6), 1) as results:
        assert await worker.take_all(results) == [1, 2, 3, 4, 5, 6]
    assert set(worker.begun[:2]) == {(1, 2, 3), 4}
    assert worker.begun[2:] == [1, 2, 3, 5, 6]


async def test_what_a_later_job_splits_into_is_begun_while_the_head_is_waited_for() -> None:
    worker = Worker(latency=lambda job: 10.0 if job == 0 else 1.0)
    began = anyio.current_time()
    async with opened(worker, (0, (1, (2, 3)), 4), 4) as results:
        assert await worker.take_all(results) == [0, 1, 2, 3, 4]
    assert anyio.current_time() - began == 10.0


async def test_a_result_that_waits_to_be_taken_takes_a_place() -> None:
    """Though there are jobs behind it: else more than `ahead + 1` results would be held."""
    worker = Worker(early=True)
    async with opened(worker, [(0, 1), (2, 3), (4, 5), (6, 7)], 2) as results:
        begins: list[set[Tree]] = [{(0, 1), (2, 3), (4, 5)}, {1}, {3}]
        for taken, begun in enumerate(begins):
            before = len(worker.begun)
            assert await anext(results) == taken
            await anyio.sleep(100)
            assert set(worker.begun[before:]) == begun


@either
async def test_what_came_of_a_job_already_is_given_once_if_the_wait_for_the_rest_is_cancelled(
    ahead: int | None,
) -> None:
    worker = Worker(early=True)
    async with opened(worker, [(0, 1), 2], ahead) as results:
        assert await anext(results) == 0
        with anyio.move_on_after(0.5):
            await anext(results)
        assert [result async for result in results] == [1, 2]


@either
async def test_a_job_may_turn_out_to_be_nothing(ahead: int | None) -> None:
    worker = Worker()
    async with opened(worker, ((), 1, ((), ()), 2, ()), ahead) as results:
        assert await worker.take_all(results) == [1, 2]


# ---- Errors ----------------------------------------------------------------------------------------------------------


@either
async def test_an_error_comes_in_its_place_bare_and_stays(ahead: int | None) -> None:
    worker = Worker(fails=frozenset({2}), latency=lambda job: 0.1 if job == 2 else 1.0)
    async with opened(worker, range(100), ahead) as results:
        assert [await anext(results), await anext(results)] == [0, 1]
        first = await failure(results)
        assert first.args == (2,)
        begun = len(worker.begun)
        assert await failure(results) is first
        assert await failure(results) is first
        await anyio.sleep(100)
        assert len(worker.begun) == begun <= 3 + (ahead or 0)


async def failure(results: AsyncIterator[int]) -> WorkError:
    with pytest.raises(WorkError) as caught:
        await anext(results)
    return caught.value


@either
async def test_an_error_leaves_the_block_bare(ahead: int | None) -> None:
    worker = Worker(fails=frozenset({1, 2, 3}))
    with pytest.raises(WorkError) as caught:
        async with opened(worker, range(10), ahead) as results:
            await worker.take_all(results)
    assert caught.value.args == (1,)
    assert worker.running == 0


async def test_after_an_error_nothing_new_is_begun() -> None:
    """What comes before it is done to the end, what comes after is forgotten."""
    worker = Worker(fails=frozenset({3}), latency=lambda job: 0.1 if job == 3 else 5.0)
    async with opened(worker, range(100), 3) as results:
        assert [await anext(results) for _ in range(3)] == [0, 1, 2]
        await failure(results)
    assert set(worker.begun) == {0, 1, 2, 3}


async def test_an_earlier_error_comes_first_though_it_was_met_last() -> None:
    worker = Worker(fails=frozenset({1, 2}), latency=lambda job: 0.1 if job == 2 else 5.0)
    async with opened(worker, range(100), 3) as results:
        assert await anext(results) == 0
        assert (await failure(results)).args == (1,)


@pytest.mark.parametrize("ahead", [0, 1, 2, 3])
async def test_an_error_in_a_later_place_starves_no_earlier_job_that_splits(ahead: int) -> None:
    """The error came while job 0 was still to split, and split again, into more than there is room for."""
    worker = Worker(fails=frozenset({9}), latency=lambda job: 0.1 if job == 9 else 2.0)
    forest: tuple[Tree, ...] = ((0, (1, 2, 3, 4, (5, 6)), 7), 8, 9, 10)
    with anyio.fail_after(1000):
        async with opened(worker, forest, ahead) as results:
            with pytest.raises(WorkError):
                await worker.take_all(results)
    assert worker.taken == list(range(9))
    assert worker.most <= ahead + 1


async def test_a_plan_that_fails_does_so_in_the_consumer() -> None:
    def plan() -> Iterator[int]:
        yield 0
        raise WorkError("plan")

    async with opened(Worker(), plan(), 0) as results:
        assert await anext(results) == 0
        await failure(results)


# ---- The body --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        ValueError("the body's own"),
        KeyboardInterrupt(),
        SystemExit(3),
        StopAsyncIteration(),
        GeneratorExit(),
        ExceptionGroup("the caller's own", [ValueError(1), TypeError(2)]),
        BaseExceptionGroup("the caller's own", [KeyboardInterrupt()]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_bodys_own_error_comes_out_as_it_is(error: BaseException) -> None:
    worker = Worker()
    with pytest.raises(type(error)) as caught:
        await take_one_and_raise(worker, error)
    assert caught.value is error
    assert worker.running == 0


async def take_one_and_raise(worker: Worker, error: BaseException) -> None:
    async with opened(worker, range(10), 3) as results:
        await anext(results)
        raise error


async def test_what_runs_is_cancelled_however_much_is_done() -> None:
    worker = Worker(latency=lambda job: 1.0 if job == 0 else 100.0)
    async with open_ahead(worker, range(9), ahead=1) as results:
        assert await anext(results) == 0
        left_at = anyio.current_time()
    assert (len(worker.begun), worker.running) == (2, 0)
    assert anyio.current_time() == left_at


@either
async def test_break_leaves_nothing_running(ahead: int | None) -> None:
    worker = Worker()
    async with opened(worker, count(), ahead) as results:
        async for result in results:
            if result == 5:
                left_at = anyio.current_time()
                break
    assert anyio.current_time() == left_at  # What ran was cancelled, not waited for.
    assert worker.running == 0
    begun = len(worker.begun)
    await anyio.sleep(100)
    assert len(worker.begun) == begun


# ---- Cancellation ----------------------------------------------------------------------------------------------------


@either
async def test_a_scope_cancelled_from_outside_ends_it_all(ahead: int | None) -> None:
    worker = Worker()

    async def consume() -> None:
        async with opened(worker, count(), ahead) as results:
            await worker.take_all(results)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consume)
        await anyio.sleep(5.5)
        assert worker.running == (ahead or 0) + 1
        tasks.cancel_scope.cancel()
    assert worker.running == 0
    assert worker.taken


@either
async def test_a_timeout_round_the_block_ends_it_all(ahead: int | None) -> None:
    worker = Worker()
    with anyio.move_on_after(5.5) as scope:
        async with opened(worker, count(), ahead) as results:
            await worker.take_all(results)
    assert scope.cancelled_caught
    assert worker.running == 0
    assert worker.taken == list(range(5 * ((ahead or 0) + 1)))


@either
@on_asyncio
async def test_a_native_cancel_ends_it_all(ahead: int | None) -> None:
    worker = Worker()

    async def consume() -> None:
        async with opened(worker, count(), ahead) as results:
            await worker.take_all(results)

    others = asyncio.all_tasks()
    task = asyncio.create_task(consume())
    await anyio.sleep(5.5)
    assert worker.running == (ahead or 0) + 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert worker.running == 0
    assert asyncio.all_tasks() == others


@settings(max_examples=examples(30))
@given(
    forest=forests,
    ahead=st.one_of(st.none(), st.integers(0, 4)),
    seed=st.integers(0, 1000),
    patience=st.sampled_from([0.05, 0.1, 0.5, 1.0]),
)
async def test_a_wait_that_times_out_loses_nothing(
    forest: tuple[Tree, ...], ahead: int | None, seed: int, patience: float
) -> None:
    """Also when the time is up in the same moment as the work. A plain wait begins its job anew, so it must fit."""
    random = Random(seed)
    steps = [0.05, 0.1, 1.0] if ahead is None else [0.0, 0.1, 0.5, 1.0, 3.0]
    worker = Worker(latency=lambda _: random.choice(steps))
    waits = 0
    async with opened(worker, forest, ahead) as results:
        over = False
        while not over:
            waits += 1
            assert waits < 10_000
            with anyio.move_on_after(patience if ahead is not None else random.choice([patience, 2.0])):
                try:
                    worker.taken.append(await anext(results))
                except StopAsyncIteration:
                    over = True
    assert worker.taken == list(leaves(forest))
    assert worker.running == 0


@pytest.mark.parametrize("turns", range(6))
@either
@on_asyncio
async def test_a_native_cancel_at_the_moment_of_the_result_loses_nothing(ahead: int | None, turns: int) -> None:
    """The consumer's task is cancelled some turns of the loop after a job is done: before, when or after it wakes."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Task[None] | None = None

    def cancel(left: int) -> None:
        if left:
            loop.call_soon(cancel, left - 1)
        elif waiting is not None:
            waiting.cancel()

    async def work(job: Tree) -> int | Further[Tree, int]:
        done = await worker(job)
        if job not in met:
            met.append(job)
            cancel(turns)
        return done

    async def take(source: AsyncIterator[int]) -> None:
        worker.taken.append(await anext(source))

    met: list[Tree] = []
    worker = Worker()
    forest: tuple[Tree, ...] = (0, (1, 2), 3, (4, (5, 6)), 7)
    cancelled = 0
    results = InTurn(work, iter(forest)) if ahead is None else None
    async with open_ahead(work, forest, ahead=ahead or 0) as further:
        source = results or further
        while len(worker.taken) < 8:
            waiting = asyncio.create_task(take(source))
            await asyncio.wait([waiting])
            cancelled += waiting.cancelled()
        waiting = None
        assert await anext(source, None) is None
    assert worker.taken == list(range(8))
    assert cancelled or turns > 2  # Later the consumer has what it waited for.


# ---- Tasks that run at once ------------------------------------------------------------------------------------------


@attrs.define
class EagerTasks:
    """A task group whose tasks run as soon as they are made: what asyncio's eager tasks do, on any Python."""

    def start_soon(self, work: Callable[..., Coroutine[Any, Any, object]], *args: object) -> None:
        with pytest.raises(StopIteration):
            work(*args).send(None)


@settings(max_examples=examples(100))
@given(forest=forests, ahead=st.integers(0, 6))
async def test_tasks_that_run_at_once_change_nothing(forest: tuple[Tree, ...], ahead: int) -> None:
    """A job is done, or has split, before the next one is begun."""

    async def work(job: Tree) -> int | Further[Tree, int]:
        begun.append(job)
        most.append(len([job for job in begun if isinstance(job, int)]) - len(taken))
        return Further(job) if isinstance(job, tuple) else job

    begun: list[Tree] = []
    taken: list[int] = []
    most = [0]
    results: Ahead[Tree, int] = Ahead(work, iter(forest), ahead, cast(TaskGroup, EagerTasks()))
    while (result := await anext(results, None)) is not None:
        taken.append(result)
    assert taken == list(leaves(forest))
    assert max(most) <= ahead + 1


async def test_an_error_of_a_task_that_runs_at_once_comes_in_its_place() -> None:
    async def work(job: int) -> int | Further[int, int]:
        begun.append(job)
        if job == 2:
            raise WorkError(job)
        return job

    begun: list[int] = []
    results: Ahead[int, int] = Ahead(work, iter(range(9)), 5, cast(TaskGroup, EagerTasks()))
    assert [await anext(results), await anext(results)] == [0, 1]
    await failure(results)
    assert begun == [0, 1, 2]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio has eager tasks from Python 3.12 on")
@on_asyncio
async def test_asyncios_eager_tasks_change_nothing() -> None:
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore]
    forest: tuple[Tree, ...] = (0, (1, 2, (), (3, 4)), 5, 6, (), (7, 8))
    worker = Worker(latency=lambda job: 0.0 if job in {0, 2, 5} else 1.0)
    async with opened(worker, forest, 3) as results:
        assert await worker.take_all(results) == list(range(9))
    assert worker.most <= 4


# ---- All at once -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [0, 1, 7])
async def test_all_are_fetched_at_once_and_come_in_order(many: int) -> None:
    async def fetch(number: int) -> int:
        await anyio.sleep(many - number)
        return -number

    began = anyio.current_time()
    assert await fetch_all(fetch, range(many)) == [-number for number in range(many)]
    assert anyio.current_time() - began == many


@pytest.mark.parametrize("many", [1, 5])
async def test_the_first_error_comes_bare_and_cancels_the_rest(many: int) -> None:
    worker = Worker(fails=frozenset(range(5)), latency=lambda job: 9.0 if job == 1 and many > 1 else cast(int, job) + 2)
    began = anyio.current_time()
    with pytest.raises(WorkError) as caught:
        await fetch_all(worker, range(many))
    assert caught.value.args == (0,)
    assert anyio.current_time() - began == 2.0
    assert worker.running == 0


async def test_two_errors_at_once_are_one() -> None:
    worker = Worker(fails=frozenset({1, 2}))
    with pytest.raises(WorkError):
        await fetch_all(worker, range(5))


async def test_a_cancelled_fetch_of_all_leaves_nothing_running() -> None:
    worker = Worker(latency=lambda _: 10.0)
    with anyio.move_on_after(1) as scope:
        await fetch_all(worker, range(5))
    assert scope.cancelled_caught
    assert (worker.most, worker.running) == (5, 0)
