"""The calls under way, which the end of their client ends."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import anyio

from loyalty_async.errors import ClientStateError

__all__ = ["Running"]


class Running:
    """Knows the calls under way, whatever tasks they run in."""

    def __init__(self) -> None:
        self._scopes: set[anyio.CancelScope] = set()
        self._closed = False
        self._ended: anyio.Event | None = None

    @contextmanager
    def one(self) -> Generator[None]:
        """Run one call in the block.

        Raises:
            ClientStateError: The client was closed, before or meanwhile.
        """
        if not self._closed:
            with anyio.CancelScope() as scope:
                self._scopes.add(scope)
                try:
                    yield
                finally:
                    self._scopes.discard(scope)
                    if self._ended is not None and not self._scopes:
                        self._ended.set()
            if not scope.cancelled_caught:
                return
        raise ClientStateError("the client was closed while a call was under way")

    async def end(self) -> None:
        """End all calls, and wait until they have let go of their connections; later ones are refused."""
        self._closed = True
        self._ended = anyio.Event()
        for scope in list(self._scopes):
            scope.cancel()
        if self._scopes:
            await self._ended.wait()
