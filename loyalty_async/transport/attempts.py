"""One request of a call: what went into it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs
import httpx

from loyalty_async.errors import LoyaltyError, MalformedAnswerError
from loyalty_async.models.hooks import RequestDetails
from loyalty_async.protocol.requests import Call
from loyalty_async.protocol.responses import Answer, described
from loyalty_async.transport.lanes import Lane

__all__ = ["Attempt"]

T = TypeVar("T")
_PORTS = {"http": 80, "https": 443}


@attrs.define(eq=False, kw_only=True)
class Attempt:
    """One request; whoever carries it on fills in what is known by then.

    Attributes:
        call: What is asked.
        number: Which request of its call it is, from 1.
        credentials: Headers that went with it.
        answer: What came back.
        document: What was in the answer.
        error: What came in place of a document, or of what should have been made of it.
        sent_at_ns: When it was sent, nanoseconds since 1970; 0 before.
        waited_s: Seconds before that.
        wire_s: Seconds from then to the end of the answer.
        pause_s: By how many seconds the answer puts off all requests.
        retry_in_s: Seconds until the call is made again; None if it is not.
    """

    call: Call
    number: int
    credentials: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    answer: Answer | None = None
    document: Any = attrs.field(default=None, repr=False)
    error: LoyaltyError | None = None
    sent_at_ns: int = 0
    waited_s: float = 0.0
    wire_s: float = 0.0
    pause_s: float = 0.0
    retry_in_s: float | None = None

    @property
    def outcome(self) -> str:
        """How it ended: `ok`, the name of an error's class, or `cancelled`."""
        if self.error is not None:
            return type(self.error).__name__
        return "cancelled" if self.answer is None else "ok"

    @property
    def received_bytes(self) -> int:
        """The length of the body."""
        return 0 if self.answer is None else len(self.answer.body)

    def take(self, sent: Answer | LoyaltyError, decipher: Callable[[Call, Answer], Any]) -> None:
        """Take what came, and get the document out of it."""
        if isinstance(sent, LoyaltyError):
            self.error = sent
            return
        self.answer = sent
        try:
            self.document = decipher(self.call, sent)
        except LoyaltyError as error:
            self.error = described(error, self.call, sent)

    def result(self, build: Callable[[Any], T]) -> T:
        """Make what the caller wants.

        Raises:
            LoyaltyError: What came instead.
        """
        if self.error is not None:
            raise self.error
        try:
            return build(self.document)
        except MalformedAnswerError as error:
            self.error = described(error, self.call, self.answer) if self.answer else error
            raise self.error from None

    def details(self, url: httpx.URL, lane: Lane) -> RequestDetails:
        """Say what a hook may know."""
        return RequestDetails(
            server=url.host,
            port=url.port or _PORTS[url.scheme],
            method=self.call.method,
            endpoint=self.call.path,
            lane=lane,
            attempt=self.number,
            outcome=self.outcome,
            status=None if self.answer is None else self.answer.status,
            codes=() if self.error is None else tuple(self.error.codes),
            sent_at_ns=self.sent_at_ns,
            waited_s=self.waited_s,
            wire_s=self.wire_s,
            received_bytes=self.received_bytes,
            retry_in_s=self.retry_in_s,
            pause_s=self.pause_s,
        )
