"""Keeps what a client asks for, and answers everything with one document."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from loyalty_async import AltcraftClient, Basic, CapillaryClient


class Asked:
    """One canned answer."""

    def __init__(self, document: Any) -> None:
        self.requests: list[httpx.Request] = []
        self._body = json.dumps(document).encode()
        self._transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, content=self._body)

    async def capillary(self, ask: Callable[[CapillaryClient], Awaitable[Any]]) -> Any:
        """Open a client, ask, and give what came of it."""
        till = Basic("till", "secret")
        async with CapillaryClient("https://example.com", auth=till, transport=self._transport) as client:
            return await ask(client)

    async def altcraft(self, ask: Callable[[AltcraftClient], Awaitable[Any]], **settings: Any) -> Any:
        """Open a client, ask, and give what came of it."""
        async with AltcraftClient(
            "https://example.com", **{"token": "abc", "transport": self._transport, **settings}
        ) as client:
            return await ask(client)

    def query(self) -> dict[str, str]:
        """Give the parameters of the only request, without those that name the member."""
        (request,) = self.requests
        named = ("identifierName", "identifierValue", "source")
        return {name: value for name, value in request.url.params.items() if name not in named}
