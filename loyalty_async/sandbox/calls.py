"""A request as far as the sandbox reads it, and what an endpoint needs to answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import attrs

from loyalty_async.sandbox.answers import Printer, Reply
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.tokens import Tokens


@attrs.frozen(kw_only=True)
class Call:
    """A request as far as the sandbox reads it; header names are in lower case."""

    path: str
    query: Mapping[str, str] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class World:
    """What an answer is made of, at one moment.

    Attributes:
        ledger: Members, groups and entries.
        settings: How the server behaves.
        printer: How it writes.
        tokens: The OAuth tokens handed out.
        now: The moment, aware.
    """

    ledger: Ledger
    settings: Settings
    printer: Printer
    tokens: Tokens
    now: datetime


Endpoint = Callable[[World, Call], Reply]
"""Answers a call as the documents say, or raises a `Refusal`."""
