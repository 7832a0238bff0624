"""The real client walks over the sandbox while that moves: what no move touched comes exactly once."""

from itertools import product
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async import CapillaryClient, Customer, IncompleteLedgerError, LedgerEntry
from loyalty_async.sandbox import Ledger, Move, Sandbox, Settings
from tests._support.fetching import drain, opened
from tests._support.profiles import examples
from tests.sandbox.clients import NOW, capillary, customer, seeded_ledger

pytestmark = pytest.mark.anyio

MOST_RESUMES = 8
"""One more than there are moves: an error needs one."""

_actions = st.sampled_from(["insert", "backdate", "backdate", "delete", "delete", "merge"])
_moves = st.lists(st.builds(lambda action, at: Move(action=action, at=at), _actions, st.integers(1, 15)), max_size=7)
_settings = st.sampled_from(
    [
        Settings(order=order, end_date_inclusive=inclusive, clamp_limit=clamp, sees_fractions=fractions)  # type: ignore[arg-type]
        for order, inclusive, clamp, fractions in product(
            ["newest", "oldest", "arbitrary"], [True, False], [None, 7], [True, False]
        )
    ]
)
_ways = st.sampled_from(
    [
        {"order": order, "page_size": page_size, "pages_per_part": pages, "ahead": ahead}
        for order, page_size, pages, ahead in product(["asc", "desc"], [100, 10, 3], [10, 2], [None, 0, 3])
    ]
)


@pytest.fixture(scope="module")
def seeded() -> Ledger:
    return seeded_ledger()


@attrs.frozen(kw_only=True)
class Question:
    """What is asked, and how."""

    client: CapillaryClient
    member: Customer
    ahead: int | None
    options: dict[str, Any]

    async def read(self, resume: str | None, came: list[int]) -> str | None:
        """Walk; note what comes, and give the point from which to go on if it was not everything."""
        taken: list[LedgerEntry] = []
        async with opened(self.client.ledger.entries(self.member, **self.options, resume=resume), self.ahead) as stream:
            try:
                await drain(stream, taken)
            except IncompleteLedgerError:
                return stream.resume
            finally:
                came += [entry.event_log_id for entry in taken]
        return None

    async def read_all(self) -> list[int]:
        """Walk to the end, taken up after every error."""
        came: list[int] = []
        resume = await self.read(None, came)
        for _ in range(MOST_RESUMES):
            if resume is None:
                return came
            resume = await self.read(resume, came)
        pytest.fail("errors without end")


@settings(max_examples=examples(60))
@given(moves=_moves, behaviour=_settings, way=_ways, seed=st.integers(0, 99))
async def test_entries_that_no_move_touched_come_exactly_once(
    seeded: Ledger, moves: list[Move], behaviour: Settings, way: dict[str, Any], seed: int
) -> None:
    """In atomic mode, since entries are back-dated and deleted anywhere; in order, whatever the moves."""
    sandbox = Sandbox(seeded.copy(), behaviour, moves=moves, seed=seed, now=lambda: NOW)
    member = sandbox.ledger.members[0]
    before = [entry.event_log_id for entry in sandbox.ledger.entries(member.user_id)]
    options = {name: value for name, value in way.items() if name != "ahead"}
    options |= {"since": None if seed % 2 else seeded.entries(member.user_id)[0].created_at, "proof": "atomic"}
    async with capillary(sandbox, clock=lambda: NOW) as client:
        question = Question(client=client, member=customer(member), ahead=way["ahead"], options=options)
        came = await question.read_all()
    touched = {event for move in sandbox.moves.history for event in move.event_log_ids}
    stayed = [event for event in before if event not in touched]
    stayed = stayed if way["order"] == "asc" else stayed[::-1]
    assert [event for event in came if event not in touched] == stayed
    assert len(came) == len(set(came))
