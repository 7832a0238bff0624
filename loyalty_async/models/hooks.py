"""What a hook is, and what it is told."""

from __future__ import annotations

from typing import Protocol

import attrs

__all__ = ["Hook", "RequestDetails"]


@attrs.frozen(kw_only=True)
class RequestDetails:
    """One request and how it ended; `json.dumps(attrs.asdict(details))` writes it.

    It names nobody: no identifier, no URL, no secret, no words of the server.

    Attributes:
        server: The host that was asked.
        port: Its port.
        method: GET or POST.
        endpoint: The path, with `{names}` for what differs from member to member.
        lane: Where its call waited.
        attempt: Its number among the requests of its call, from 1.
        outcome: `ok`, the name of an error's class, or `cancelled`.
        status: The HTTP status; None if no answer arrived.
        codes: The server's codes, in its order.
        sent_at_ns: When it was sent: nanoseconds since 1970 in UTC, as `time.time_ns()` counts.
        waited_s: How long it waited before, for its turn, for a pause to end, for the quota and for a place in flight.
        wire_s: From then until the answer was there as a whole, or the error instead.
        received_bytes: The length of the answer's body, unpacked.
        retry_in_s: How long its call waits before it queues again; 0 after an answer that makes all calls wait. None if
            there is no further attempt.
        pause_s: By how long this answer puts off all requests of the client; 0 if it does not. The sum over all
            requests is the time for which the client was paused.
    """

    server: str
    port: int
    method: str
    endpoint: str
    lane: str
    attempt: int
    outcome: str
    status: int | None = None
    codes: tuple[int, ...] = ()
    sent_at_ns: int
    waited_s: float = 0.0
    wire_s: float = 0.0
    received_bytes: int = 0
    retry_in_s: float | None = None
    pause_s: float = 0.0


class Hook(Protocol):
    """Anything that can be called with the details of a request, such as a function or the `append` of a list.

    It is called once for each request that was sent, those for tokens and those sent again included, when it is known
    what follows from it. It runs in the task of the call, so everything waits for it: it must be quick, and cannot
    await. What it raises does not reach the call; the first time it becomes a `RuntimeWarning`.
    """

    def __call__(self, details: RequestDetails, /) -> None:
        """Take in how a request ended."""
