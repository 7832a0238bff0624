"""One sandbox: its ledger, settings, faults, tokens and counts, and how it answers a call."""

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
from loyalty_async.sandbox.refusals import Refusal
from loyalty_async.sandbox.routes import respond
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
    """A stand-in for the vendors' servers: stateful, deterministic, and faulty where the script says so.

    Attributes:
        ledger: Members and entries; change them at any time, from any thread.
        settings: May be replaced at any time.
        faults: What goes wrong.
        stats: What was asked.
        tokens: The OAuth tokens handed out.
        printer: Writes answers by the settings.
    """

    ledger: Ledger
    faults: FaultScript
    stats: Stats
    tokens: Tokens
    printer: Printer

    def __init__(
        self,
        ledger: Ledger | None = None,
        settings: Settings | None = None,
        *,
        faults: Iterable[Fault] = (),
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _wall_clock,
    ) -> None:
        """Set a sandbox up.

        Args:
            ledger: An empty one unless given.
            settings: The defaults unless given.
            faults: The script of what goes wrong.
            seed: For faults that depend on chance.
            clock: Seconds, for the life of tokens.
            now: Tells the time, aware, for what is promised; nothing else depends on it.
        """
        self.ledger = Ledger() if ledger is None else ledger
        self.stats = Stats()
        self.tokens = Tokens(clock)
        self.settings = Settings() if settings is None else settings
        self._now = now
        self._seed = seed
        self._first_faults = tuple(faults)
        self._first_ledger = self.ledger.copy()
        self.faults = FaultScript(self._first_faults, seed=seed)
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
        """Go back to the ledger and the faults of the start; forget counts and tokens. The settings stay."""
        self.ledger = self._first_ledger.copy()
        self.faults = FaultScript(self._first_faults, seed=self._seed)
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

    def answer(self, call: Call) -> Reply:
        """Answer a call as the documents say, without any fault."""
        world = self.world()
        try:
            with world.ledger.lock:
                return respond(world, call)
        except Refusal as refusal:
            status = world.settings.business_error_status if refusal.status is None else refusal.status
            return Reply(status=status, body=error_body(refusal.code, refusal.message))
