from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from loyalty_async import Customer, InvalidArgument
from loyalty_async.export import JsonLines, Parquet, Plan, Sink, Stretch, plan_export
from loyalty_async.export.plans import bytes_of, margin_of
from tests.cli.conftest import Served
from tests.export.conftest import BEGINNING, NOON
from tests.export.test_engine import PLAIN, STRANGER, client_of, members_of, run, true_of

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]


async def plan(
    served: Served, members: list[object], sink: Sink, *, stretch: Stretch | None = None, sample: int = 20
) -> Plan:
    async with client_of(served) as client:
        return await plan_export(
            client, members, stretch or Stretch(BEGINNING, NOON), sink, quota=600, sample=sample, **PLAIN
        )


@pytest.mark.parametrize(
    ("rows", "members", "margin"),
    [
        ([7] * 20, 1_000, 0.0),
        ([1, 2, 3, 4, 5], 5, 0.0),
        ([90, 110] * 50, 1_000_000, 0.0201),
        ([1] * 19 + [100], 1_000, 1.0),
        ([0] * 20, 1_000, 1.0),
        ([5, 5], 1_000, 1.0),
        ([], 1_000, 1.0),
    ],
)
def test_a_margin_tells_how_much_ledgers_differ(rows: list[int], members: int, margin: float) -> None:
    assert margin_of(rows, members) == pytest.approx(margin, rel=0.01)


@pytest.mark.parametrize(
    ("times", "first", "expected"),
    [
        (100.0, (10, 1_200), 1_000 + 100 * 2_000),
        (1.0, (10, 1_200), 3_000),
        (0.0, (10, 1_200), 0),
        (100.0, (10, 300), 100 * 3_000),
        (100.0, (10, 200), 100 * 3_000),
        (100.0, (0, 0), 100 * 3_000),
        (100.0, (100, 3_000), 100 * 3_000),
    ],
    ids=["a part is there once", "all", "none", "no such part", "short rows first", "an empty first", "one is all"],
)
def test_what_each_file_has_once_is_not_counted_for_each_member(
    times: float, first: tuple[int, int], expected: int
) -> None:
    assert bytes_of(times, (100, 3_000), first) == expected


async def test_the_bytes_of_a_small_sample_do_not_count_the_end_of_a_file_for_each_member(
    served: Served, tmp_path: Path
) -> None:
    members = members_of(served, 160)
    summary = await run(served, members, Parquet(tmp_path / "out"))
    found = await plan(served, [*members], Parquet(tmp_path / "none"), sample=20)
    assert found.bytes / found.entries < 1.6 * summary.bytes / summary.entries


async def test_a_sample_of_all_is_exact_and_nothing_is_written(served: Served, tmp_path: Path) -> None:
    members: list[object] = [*members_of(served, 8)]
    found = await plan(served, members, JsonLines(tmp_path / "out"))
    assert (found.members, found.sampled, found.failed, found.unusable) == (8, 8, 0, 0)
    assert found.windows == 8 * 4
    assert found.minutes == pytest.approx(found.requests / 600)
    assert found.margin == 0.0
    assert not (tmp_path / "out").exists()
    summary = await run(served, members_of(served, 8), JsonLines(tmp_path / "out"))
    assert found.entries <= summary.entries == true_of(served, members_of(served, 8)).total()
    assert abs(found.requests - summary.requests) <= 2


async def test_a_list_is_counted_to_its_end_and_the_sample_grows_to_it(served: Served, tmp_path: Path) -> None:
    members: list[object] = [*members_of(served, 40), "nobody", STRANGER]
    found = await plan(served, members, Parquet(tmp_path / "out"), sample=10)
    assert (found.members, found.unusable, found.sampled) == (41, 1, 10)
    assert found.bytes > 0
    assert 0 < found.margin < 1


async def test_what_is_new_is_planned_from_the_last_run(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served, 3), JsonLines(tmp_path)
    await run(served, members, sink, span=Stretch(BEGINNING, NOON - timedelta(days=100)))
    found = await plan(served, [*members], sink, stretch=Stretch("last", NOON))
    assert found.since == (NOON - timedelta(days=101)).isoformat()
    with pytest.raises(InvalidArgument):
        await plan(served, [Customer.by_id(1, source="INSTORE")], JsonLines(tmp_path / "none"), stretch=Stretch("last"))


async def test_members_who_are_done_are_taken_off(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served, 8), JsonLines(tmp_path)
    await run(served, members[:6], sink)
    found = await plan(served, [*members], sink)
    assert (found.members, found.done, found.windows) == (8, 6, 2 * 4)
    assert 0 < found.requests < 30
    await run(served, members, sink)
    assert (await plan(served, [*members], sink)).requests == 0


async def test_what_would_be_refused_is_not_planned(served: Served, tmp_path: Path) -> None:
    members = members_of(served, 2)
    await run(served, members, JsonLines(tmp_path))
    with pytest.raises(InvalidArgument, match=r"\(format differ\)"):
        await plan(served, [*members], Parquet(tmp_path))


async def test_a_plan_of_nobody_is_nothing(served: Served, tmp_path: Path) -> None:
    found = await plan(served, [], JsonLines(tmp_path))
    assert (found.members, found.requests, found.entries, found.minutes, found.margin) == (0, 0, 0, 0, 0)
    with pytest.raises(InvalidArgument):
        await plan(served, [], JsonLines(tmp_path), sample=0)
