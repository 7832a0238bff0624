"""Credentials to headers.

Sources: Capillary's pages "Basic authentication" and "OAuth".
"""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import anyio

from loyalty_async.errors import InvalidArgument, LoyaltyError, MalformedAnswerError
from loyalty_async.models.credentials import Basic, OAuth, Token, TokenGrant
from loyalty_async.protocol.requests import Call
from loyalty_async.wire.converter import Converter
from loyalty_async.wire.documents import encode_json

__all__ = ["Authenticator", "BasicAuthenticator", "TokenAuthenticator", "authenticator_for"]

_TOKEN_PATH = "/v3/oauth/token/generate"  # noqa: S105 - a path
_TOKEN_HEADER = "X-CAP-API-OAUTH-TOKEN"  # noqa: S105 - the name of a header
_EARLY_S = 30.0
"""How long before its end a token is renewed; a tenth of its life if that is less."""


MakeCall = Callable[[Call, Callable[[Any], Token]], Awaitable[Token]]
"""Makes a call and builds the token from its document."""


class Authenticator(Protocol):
    """Puts credentials on requests."""

    async def headers(self) -> Mapping[str, str]:
        """Give the headers for one request."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Hear that the server answered 401 to these headers, and tell whether others can be had."""
        ...


class BasicAuthenticator:
    """`Authorization: Basic base64(till:md5hex(password))`."""

    def __init__(self, credentials: Basic) -> None:
        digest = hashlib.md5(credentials.password.encode(), usedforsecurity=False).hexdigest()
        pair = base64.b64encode(f"{credentials.till}:{digest}".encode()).decode("ascii")
        self._headers = {"Authorization": f"Basic {pair}"}

    async def headers(self) -> Mapping[str, str]:
        """Give the header; it is always the same."""
        return self._headers

    def refused(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002 - the protocol's
        """Another try would send the same."""
        return False


class TokenAuthenticator:
    """A token for all calls: fetched once for all that wait, renewed before it ends and once after a 401.

    If a fetch fails, all calls that were waiting for it fail with its error; the next call tries again. A call that is
    cancelled while it fetches leaves the fetching to the next one that waits.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Token]]) -> None:
        self._fetch = fetch
        self._lock = anyio.Lock()
        self._headers: Mapping[str, str] | None = None
        self._renew_at = 0.0
        self._fetched = 0
        self._failure: LoyaltyError | None = None

    async def headers(self) -> Mapping[str, str]:
        """Give the token's header, fetching a token first if there is none that lasts."""
        while self._headers is None or anyio.current_time() >= self._renew_at:
            fetched = self._fetched
            async with self._lock:
                if fetched == self._fetched:
                    await self._renew()
                elif self._failure is not None:
                    raise copy.copy(self._failure)
        return self._headers

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Drop the token that was refused, unless somebody has already brought a new one."""
        if headers is self._headers:
            self._headers = None
        return True

    async def _renew(self) -> None:
        asked_at = anyio.current_time()
        try:
            token = await self._fetch()
            self._headers = _token_headers(token)
        except LoyaltyError as failure:
            self._failure = failure
            self._fetched += 1
            raise
        self._failure = None
        self._renew_at = asked_at + token.ttl_seconds - min(_EARLY_S, token.ttl_seconds / 10)
        self._fetched += 1


def _token_headers(token: Token) -> Mapping[str, str]:
    if not (token.access_token.isascii() and token.access_token.isprintable() and token.access_token.strip()):
        raise MalformedAnswerError("the access token is empty or no header can carry it")
    if token.ttl_seconds <= 0:
        raise MalformedAnswerError("the access token has no time to live")
    return {_TOKEN_HEADER: token.access_token}


def authenticator_for(credentials: Basic | OAuth, make_call: MakeCall, converter: Converter) -> Authenticator:
    """Choose the way to authenticate.

    Raises:
        InvalidArgument: *credentials* are neither `Basic` nor `OAuth`.
    """
    if isinstance(credentials, Basic):
        return BasicAuthenticator(credentials)
    if not isinstance(credentials, OAuth):
        raise InvalidArgument("auth must be Basic(till, password) or OAuth(key=…, secret=…)")
    body = encode_json({"key": credentials.key, "secret": credentials.secret})
    call = Call(method="POST", path=_TOKEN_PATH, body=body, authenticated=False)

    def build(document: Any) -> Token:
        return converter.structure(document, TokenGrant).data

    return TokenAuthenticator(lambda: make_call(call, build))
