"""Late arrivals, which only append, never end a walk in an error: everything older than its start comes."""

from datetime import datetime, timedelta
from functools import partial
from itertools import product

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async.models.reports import Verdict
from loyalty_async.streams.queries import EntryQuery
from tests._support.fetching import MEMBER, Fetch, opened, rest
from tests._support.moving import Change, Moving, row_of
from tests._support.profiles import examples
from tests._support.readings import LONG_AGO
from tests._support.scenes import Manner, Scene, manners, scenes
from tests._support.walks import NOON, SECOND

pytestmark = pytest.mark.anyio

ENDLESS = 600
"""Before every request, for as long as any walk takes."""

arrivals = st.sampled_from(
    [
        (Change("arrive", 0, nudge, many), range(first, last, every))
        for nudge, many, first, last, every in product(
            [0 * SECOND, SECOND / 2, 9 * SECOND], [1, 3, 8], [1, 2, 3, 9], [4, 12, 30, ENDLESS], [1, 2, 3]
        )
        if many == 1 or last != ENDLESS
    ]
)
"""What arrives, and before which requests."""


@settings(max_examples=examples(400))
@given(scene=scenes(), manner=manners, arriving=arrivals)
async def test_late_arrivals_never_end_a_walk_in_an_error(
    scene: Scene, manner: Manner, arriving: tuple[Change, range]
) -> None:
    began = anyio.current_time()

    def clock() -> datetime:
        return NOON + timedelta(seconds=anyio.current_time() - began)

    server = scene.server()
    moving = Moving(server=server, clock=clock, movable=None, landmarks=[])
    change, numbers = arriving
    if numbers.stop == ENDLESS:  # Nobody finds the last page of a ledger that grows by a page with each request.
        manner = attrs.evolve(manner, page_size=max(manner.page_size, 2))
    for number in numbers:
        moving.changes[number].append(change)
    until = min(scene.until or NOON, NOON)
    question = EntryQuery(
        member=MEMBER,
        since=scene.since,
        until=scene.until,
        order=scene.order,
        question="a question",
        fetch=Fetch(server, refuses=moving.before_answer),
        terms=partial(scene.terms, attrs.evolve(manner, max_items=None)),
        clock=clock,
    )
    async with opened(question, manner.ahead) as stream:
        came = [row_of(one) for one in await rest(stream)]
    wanted = [row for row in map(row_of, scene.ledger) if (scene.since or LONG_AGO) <= row[0] < until]
    assert came == sorted(wanted, reverse=scene.order == "desc")
    endless = numbers.stop == ENDLESS and scene.since is None
    assert stream.report.verdict in {Verdict.COMPLETE, *([Verdict.PARTIAL] if endless else [])}
