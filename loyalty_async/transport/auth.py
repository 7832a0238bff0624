"""Credentials to headers.

Sources: Capillary's pages "Basic authentication" and "OAuth".
"""

from __future__ import annotations

import base64
import copy
import hashlib
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import anyio

from loyalty_async.errors import InvalidArgument, LoyaltyError, MalformedAnswerError
from loyalty_async.models.credentials import Basic, OAuth, Token
from loyalty_async.protocol.requests import Call
from loyalty_async.wire.converter import Converter
from loyalty_async.wire.documents import encode_json

__all__ = [
    "Authenticator",
    "BasicAuthenticator",
    "BearerAuthenticator",
    "TokenAuthenticator",
    "account_of",
    "authenticator_for",
]

_TOKEN_PATH = "/v3/oauth/token/generate"  # noqa: S105 - a path
_TOKEN_HEADER = "X-CAP-API-OAUTH-TOKEN"  # noqa: S105 - the name of a header
_EARLY_S = 30.0
"""How long before its end a token is renewed; a tenth of its life if that is less."""
_LONGEST_LIFE_S = 30 * 24 * 3600.0
"""What the vendor's support sets at most ("Token expiry duration")."""


MakeCall = Callable[[Call, Callable[[Any], Token]], Awaitable[Token]]
"""Makes a call and builds the token from its document."""


class Authenticator(Protocol):
    """Puts credentials on requests."""

    def mark(self) -> int:
        """Note the moment at which a call begins."""
        ...

    async def headers(self, began: int) -> Mapping[str, str]:
        """Give the headers for one request of a call that began at that mark."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Hear that the server answered 401 to these headers, and tell whether others can be had."""
        ...


class _FixedAuthenticator:
    """Headers that are always the same."""

    def __init__(self, authorization: str) -> None:
        self._headers = {"Authorization": authorization}

    def mark(self) -> int:
        """All moments are alike."""
        return 0

    async def headers(self, began: int) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        """Give the header."""
        return self._headers

    def refused(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002 - the protocol's
        """Another try would send the same."""
        return False


class BasicAuthenticator(_FixedAuthenticator):
    """`Authorization: Basic base64(till:md5hex(password))`."""

    def __init__(self, credentials: Basic) -> None:
        digest = hashlib.md5(credentials.password.encode(), usedforsecurity=False).hexdigest()
        super().__init__("Basic " + base64.b64encode(f"{credentials.till}:{digest}".encode()).decode("ascii"))


class BearerAuthenticator(_FixedAuthenticator):
    """`Authorization: Bearer <token>`, as Altcraft's newer pages want it."""

    def __init__(self, token: str) -> None:
        super().__init__(f"Bearer {token}")


class TokenAuthenticator:
    """A token for all calls: fetched once for all that wait, renewed before it ends and once after a 401.

    If a fetch fails, all calls that began before fail with its error; the next call tries again. A call that is
    cancelled while it fetches leaves the fetching to the next one that waits.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Token]]) -> None:
        self._fetch = fetch
        self._lock = anyio.Lock()
        self._headers: Mapping[str, str] = {}
        self._renew_at = -math.inf
        self._fetched = 0
        self._failure: LoyaltyError | None = None

    def mark(self) -> int:
        """Count the fetches so far."""
        return self._fetched

    async def headers(self, began: int) -> Mapping[str, str]:
        """Give the token's header, fetching a token first if there is none that lasts; what is fetched is used."""
        if anyio.current_time() >= self._renew_at:
            fetched = self._fetched
            async with self._lock:
                if self._failure is not None and self._fetched > began:
                    raise copy.copy(self._failure)
                if fetched == self._fetched:
                    await self._renew()
        return self._headers

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Drop the token that was refused, unless somebody has already brought a new one."""
        if headers is self._headers:
            self._renew_at = -math.inf
        return True

    async def _renew(self) -> None:
        asked_at = anyio.current_time()
        try:
            token = await self._fetch()
            self._headers = _token_headers(token)
        except LoyaltyError as failure:
            self._failure = copy.copy(failure)  # the original is the caller's, who may write on it
            self._fetched += 1
            raise
        life = min(token.ttl_seconds, _LONGEST_LIFE_S)
        self._failure = None
        self._renew_at = asked_at + life - min(_EARLY_S, life / 10)
        self._fetched += 1


def _token_headers(token: Token) -> Mapping[str, str]:
    text = token.access_token
    if not text or not text.isascii() or not text.isprintable() or text != text.strip():
        raise MalformedAnswerError("the access token is empty or no header can carry it")
    if token.ttl_seconds <= 0:
        raise MalformedAnswerError("the access token has no time to live")
    return {_TOKEN_HEADER: text}


def account_of(credentials: object) -> str:
    """Tell whose credentials they are, without what is secret in them."""
    if isinstance(credentials, Basic):
        return credentials.till
    return credentials.key if isinstance(credentials, OAuth) else ""


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
        return converter.structure_field(document, "data", Token)

    return TokenAuthenticator(lambda: make_call(call, build))
