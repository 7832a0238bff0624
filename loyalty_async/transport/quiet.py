"""Keep answers out of the logs of the libraries underneath.

httpcore logs the headers of every answer at DEBUG. A redirect's `Location` repeats the query, and with it the phone
number that was asked for; and its failures quote the line that could not be read or sent. So these records are dropped
for requests of ours, and only for those. aiohttp says little: cookies and headers that it cannot read; all of that is
dropped for requests of ours. coredis writes a traceback at ERROR whenever a server is away, which our callers are told
in another way.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["quiet"]

_ours: ContextVar[bool] = ContextVar("loyalty_async_request", default=False)
_HTTPCORE = ("httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
_AIOHTTP = ("aiohttp.client", "aiohttp.internal")
_COREDIS = ("coredis",)

_QUOTING = ("receive_response_headers.complete", ".failed")


def _quotes_nothing(record: logging.LogRecord) -> bool:
    return not (_ours.get() and any(name in record.getMessage() for name in _QUOTING))


def _is_not_ours(_: logging.LogRecord) -> bool:
    return not _ours.get()


for _name in _HTTPCORE:
    logging.getLogger(_name).addFilter(_quotes_nothing)
for _name in (*_AIOHTTP, *_COREDIS):
    logging.getLogger(_name).addFilter(_is_not_ours)


@contextmanager
def quiet() -> Generator[None]:
    """Mark what happens in the block as a request of ours."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)
