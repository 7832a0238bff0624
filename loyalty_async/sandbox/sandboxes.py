"""One sandbox: its ledger, settings, faults, tokens and counts, and how it answers a call."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import attrs

from loyalty_async.sandbox.answers import Printer, Reply, encode, error_body
from loyalty_async.sandbox.faults import LEDGER_INFO_PATH, Fault, FaultScript
from loyalty_async.sandbox.filters import select
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.rules import Refusal, read_ledger_query
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.tokens import Tokens, check_access, grant

TOKEN_PATH: Final = "/v3/oauth/token/generate"  # noqa: S105 - a path


@attrs.frozen(kw_only=True)
class Call:
    """A request as far as the sandbox reads it; header names are in lower case."""

    path: str
    query: Mapping[str, str] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


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


class Sandbox:
    """A stand-in for Capillary's servers: stateful, deterministic, and faulty where the script says so.

    Attributes:
        ledger: Members and entries; change them at any time, from any thread.
        settings: May be replaced at any time.
        faults: What goes wrong.
        stats: What was asked.
        tokens: The OAuth tokens handed out.
    """

    def __init__(
        self,
        ledger: Ledger | None = None,
        settings: Settings | None = None,
        *,
        faults: Iterable[Fault] = (),
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set a sandbox up.

        Args:
            ledger: An empty one unless given.
            settings: The defaults unless given.
            faults: The script of what goes wrong.
            seed: For faults that depend on chance.
            clock: Seconds, for the life of tokens.
        """
        self.ledger = Ledger() if ledger is None else ledger
        self.stats = Stats()
        self.tokens = Tokens(clock)
        self.settings = Settings() if settings is None else settings
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

    def answer(self, call: Call) -> Reply:
        """Answer a call as the documents say, without any fault."""
        try:
            return _ENDPOINTS[call.path](self, call)
        except Refusal as refusal:
            status = self.settings.business_error_status if refusal.status is None else refusal.status
            return Reply(status=status, body=error_body(refusal.code, refusal.message))


def _answer_ledger_info(sandbox: Sandbox, call: Call) -> Reply:
    settings, ledger = sandbox.settings, sandbox.ledger
    check_access(call.headers, settings, sandbox.tokens)
    with ledger.lock:
        reading = read_ledger_query(call.query, ledger, settings)
        rows = select(ledger.book(reading.member.user_id), reading.selection)
        size = reading.size
        page = rows[reading.page * size : (reading.page + 1) * size]
        if not page:
            message = "There are no ledger entries present for the given parameters."
            raise Refusal(11003, f"{message} Try removing parameters to widen the search")
        paging = (reading.page, size, len(rows), -(-len(rows) // size))
        return Reply(body=sandbox.printer.page(reading.member, page, paging), entries=len(page))


def _answer_token(sandbox: Sandbox, call: Call) -> Reply:
    return Reply(body=encode(grant(call.body, sandbox.settings, sandbox.tokens)).encode())


_ENDPOINTS: Final[Mapping[str, Callable[[Sandbox, Call], Reply]]] = {
    LEDGER_INFO_PATH: _answer_ledger_info,
    TOKEN_PATH: _answer_token,
}
