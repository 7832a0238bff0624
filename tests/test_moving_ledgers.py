"""Complete or told, on ledgers that move while they are read.

A state machine lets entries arrive, be back-dated, go and merge between any two requests of a walk, which is cancelled,
closed, failed and taken up by token at will. In the end each entry that was there throughout came exactly once.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from loyalty_async.errors import ConnectionFailedError
from tests._support.moving import Change
from tests._support.moving_walks import Walker
from tests._support.profiles import examples
from tests._support.scenes import Manner, Scene, changes, manners, scenes
from tests._support.stepping import Steps, stepping

EXAMPLES = 630
"""Of each machine in each way on each backend: 8 times, so 5,040 in all."""

gaps = st.integers(1, 5)
"""Before which of the next requests something happens."""
scripts = st.lists(st.tuples(st.sampled_from([*range(1, 6), 8, 11, 15, 20]), changes), min_size=1, max_size=6)
going = precondition(lambda machine: not machine.walker.over)


class Machine(RuleBasedStateMachine):
    """A walk that is disturbed in every way."""

    steps: ClassVar[Steps]
    counts: ClassVar[Counter[str]]
    ahead: ClassVar[bool]
    walker: Walker

    def movable(self, scene: Scene) -> timedelta | None:
        """Say how long ago an entry may be dated that comes or goes."""
        raise NotImplementedError

    def manner(self, drawn: Manner) -> Manner:
        """Say how to go."""
        return drawn if self.ahead else attrs.evolve(drawn, ahead=None)

    @initialize(scene=scenes(), manner=manners, script=scripts)
    def begin(self, scene: Scene, manner: Manner, script: list[tuple[int, Change]]) -> None:
        self.walker = Walker(scene, self.steps, self.movable(scene), self.manner(manner))
        self.walker.moving.script(script)

    @going
    @rule(script=scripts)
    def move(self, script: list[tuple[int, Change]]) -> None:
        self.walker.moving.script(script)

    @going
    @rule(gap=gaps)
    def fail(self, gap: int) -> None:
        self.walker.moving.faults[self.walker.moving.answers + gap] = ConnectionFailedError("no line")

    @going
    @rule(many=st.integers(1, 9))
    def take(self, many: int) -> None:
        self.walker.take(many)

    @going
    @rule(many=st.integers(1, 9), patience_s=st.sampled_from([0.0, 0.5, 1.5, 3.5]))
    def take_impatiently(self, many: int, patience_s: float) -> None:
        self.walker.take(many, patience_s)

    @going
    @rule(manner=manners)
    def take_up(self, manner: Manner) -> None:
        self.walker.stop()
        self.walker.manner = self.manner(manner)

    @going
    @rule()
    def collect(self) -> None:
        self.walker.collect()

    @rule(seconds=st.sampled_from([0.25, 2.0, 100.0]))
    def pause(self, seconds: float) -> None:
        self.walker.pause(seconds)

    def teardown(self) -> None:
        if not hasattr(self, "walker"):
            return
        self.counts["examples"] += 1
        self.walker.finish()
        self.walker.judge()
        self.counts["requests"] += self.walker.moving.answers
        self.counts["changes"] += self.walker.moving.made
        self.counts["entries"] += len(self.walker.taken)
        self.counts["errors"] += self.walker.errors


class Settled(Machine):
    """Only what is not settled moves."""

    def movable(self, scene: Scene) -> timedelta | None:
        return scene.settle


class Atomic(Machine):
    """Anything moves, and no proof trusts that it does not."""

    def manner(self, drawn: Manner) -> Manner:
        return attrs.evolve(super().manner(drawn), proof="atomic")

    def movable(self, scene: Scene) -> timedelta | None:
        del scene
        return None


@pytest.mark.timeout(200)  # Hundreds of ledgers, of any length.
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("machine", [Settled, Atomic])
def test_what_was_there_throughout_comes_exactly_once(
    machine: type[Machine], ahead: bool, backend: str, record_testsuite_property: Callable[[str, object], None]
) -> None:
    counts: Counter[str] = Counter()
    name = f"{machine.__name__}_{'ahead' if ahead else 'plain'}_{backend}"
    profile = settings(max_examples=examples(EXAMPLES), stateful_step_count=6, report_multiple_bugs=False)
    with stepping(backend) as steps:
        driven = type(name, (machine,), {"steps": steps, "counts": counts, "ahead": ahead})
        run_state_machine_as_test(driven, settings=profile)
    for what, count in counts.items():
        record_testsuite_property(f"{name} {what}", count)
    assert counts["examples"] >= EXAMPLES
