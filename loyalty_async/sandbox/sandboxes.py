"""One sandbox: its ledger, settings, faults, moves, tokens and counts, and how it answers a call."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import attrs

from loyalty_async.sandbox.answers import Printer, Reply, error_body
from loyalty_async.sandbox.calls import Call, World
from loyalty_async.sandbox.faults import Fault, FaultScript
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.moves import Move, MoveScript
from loyalty_async.sandbox.refusals import Refusal
from loyalty_async.sandbox.routes import owner_of, respond
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.tokens import Tokens


@attrs.define
class Stats:
    """What was asked and answered since the start or the last reset."""

    requests: Counter[tuple[str, int]] = attrs.field(factory=Counter)
    entries_served: int = 0
    faults: int = 0

    def count(self, path: str, reply: Reply) -> None:
        """Count one answered request."""
        self.requests[path, reply.status] += 1
        self.entries_served += reply.entries

    def by_path(self) -> dict[str, dict[str, int]]:
        """Give the number of requests by path and status."""
        table: dict[str, dict[str, int]] = {}
        for (path, status), number in sorted(self.requests.items()):
            table.setdefault(path, {})[str(status)] = number
        return table


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """A stand-in for the vendors' servers: stateful, deterministic, and faulty or on the move where a script says so.

    Attributes:
        ledger: Members and entries; change them at any time, from any thread.
        settings: May be replaced at any time.
        faults: What goes wrong.
        moves: How the ledger changes between requests, and how it has changed so far.
        stats: What was asked.
        tokens: The OAuth tokens handed out.
        printer: Writes answers by the settings.
    """

    ledger: Ledger
    faults: FaultScript
    moves: MoveScript
    stats: Stats
    tokens: Tokens
    printer: Printer

    def __init__(
        self,
        ledger: Ledger | None = None,
        settings: Settings | None = None,
        *,
        faults: Iterable[Fault] = (),
        moves: Iterable[Move] = (),
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _wall_clock,
    ) -> None:
        """Set a sandbox up.

        Args:
            ledger: An empty one unless given.
            settings: The defaults unless given.
            faults: The script of what goes wrong.
            moves: The script of how the ledger changes.
            seed: For faults and moves that depend on chance.
            clock: Seconds, for the life of tokens.
            now: Tells the time, aware, for what is promised and for moves; nothing else depends on it.
        """
        self.ledger = Ledger() if ledger is None else ledger
        self.stats = Stats()
        self.tokens = Tokens(clock)
        self.settings = Settings() if settings is None else settings
        self._now = now
        self._seed = seed
        self._first_faults = tuple(faults)
        self._first_moves = tuple(moves)
        self._first_ledger = self.ledger.copy()
        self._restart_scripts()
        self._requests = 0

    @property
    def settings(self) -> Settings:
        """How the sandbox behaves."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings
        self.printer = Printer(settings)

    def reset(self) -> None:
        """Go back to the ledger, the faults and the moves of the start; forget counts and tokens. The settings stay."""
        self.ledger = self._first_ledger.copy()
        self._restart_scripts()
        self.stats = Stats()
        self.tokens.revoke_all()

    def next_request_id(self) -> str:
        """Give the id of one more request."""
        self._requests += 1
        return f"sandbox-{self._requests:08d}"

    def world(self) -> World:
        """Give what an answer is made of, as it is now."""
        return World(
            ledger=self.ledger, settings=self.settings, printer=self.printer, tokens=self.tokens, now=self._now()
        )

    def move(self, call: Call) -> None:
        """Change the ledger as it is to change just before a call is answered, and count the call."""
        world, moves = self.world(), self.moves
        with world.ledger.lock:
            due = moves.take(call.path, call.query)
            owner = owner_of(world, call) if due else None
            if owner is not None:
                moves.make(due, call.path, world.ledger, owner, world.now)

    def answer(self, call: Call) -> Reply:
        """Answer a call as the documents say, without any fault or move."""
        world = self.world()
        try:
            with world.ledger.lock:
                return respond(world, call)
        except Refusal as refusal:
            status = world.settings.business_error_status if refusal.status is None else refusal.status
            return Reply(status=status, body=error_body(refusal.code, refusal.message))

    def _restart_scripts(self) -> None:
        self.faults = FaultScript(self._first_faults, seed=self._seed)
        # A seed of its own: moves leave the faults of the same seed where they are.
        self.moves = MoveScript(self._first_moves, seed=f"moves of {self._seed}")
