"""Who may ask: Basic credentials, OAuth tokens, and the endpoint that hands tokens out (facts A)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping

import attrs

from loyalty_async.sandbox.refusals import Refusal, invalid_input
from loyalty_async.sandbox.settings import Settings

TOKEN_HEADER = "x-cap-api-oauth-token"  # noqa: S105 - the name of a header


@attrs.define
class Tokens:
    """The tokens handed out so far: unpredictable enough for a stand-in, and the same in every run.

    Attributes:
        clock: Seconds, from any start; a test may move it to let tokens expire.
    """

    clock: Callable[[], float]
    _issued: int = attrs.field(default=0, init=False)
    _live: dict[str, tuple[str, float]] = attrs.field(factory=dict, init=False, repr=False)

    def issue(self, key: str, ttl_s: int) -> str:
        """Hand out a new token for a client, and forget those that have expired."""
        now = self.clock()
        self._live = {token: live for token, live in self._live.items() if live[1] > now}
        self._issued += 1
        token = hashlib.sha256(f"{key}:{self._issued}".encode()).hexdigest()
        self._live[token] = (key, now + ttl_s)
        return token

    def holder(self, token: str) -> str | None:
        """Give the key of the client that a token was issued to, or None if it is unknown or has expired."""
        key, expires_at = self._live.get(token, (None, 0.0))
        return key if self.clock() < expires_at else None

    def revoke_all(self) -> None:
        """Let every token expire at once."""
        self._live.clear()


def check_access(headers: Mapping[str, str], settings: Settings, tokens: Tokens) -> None:
    """Let a ledger call through if its credentials are right.

    Args:
        headers: The request's, with lower-case names.
        settings: Who is known.
        tokens: What was handed out.

    Raises:
        Refusal: 401 without right credentials, 4000 (HTTP 403) if they are right but may not read points.
    """
    if not settings.require_auth:
        return
    token = headers.get(TOKEN_HEADER)
    caller = tokens.holder(token) if token else _till(headers.get("authorization", ""), settings)
    if caller is None:
        raise Refusal(401, "Authentication failed", 401)
    if caller in settings.forbidden:
        raise Refusal(4000, "Not authorized. Access is denied!", 403)


def grant(body: bytes, settings: Settings, tokens: Tokens) -> dict[str, object]:
    """Answer `POST /v3/oauth/token/generate`.

    Raises:
        Refusal: The body is not `{"key": ..., "secret": ...}` (400), or they are wrong (401).
    """
    key, secret = _read_client(body)
    known = settings.clients.get(key)
    if known is None or not hmac.compare_digest(known.encode(), secret.encode()):
        raise Refusal(401, "Failed to generate OAuth token: access forbidden", 401)
    ttl_s = settings.token_ttl_s
    return {"data": {"accessToken": tokens.issue(key, ttl_s), "ttlSeconds": ttl_s}, "errors": None}


def basic_header(till: str, password: str) -> str:
    """Give the Authorization header of a till: base64 of its name and the md5 of its password."""
    digest = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
    return "Basic " + base64.b64encode(f"{till}:{digest}".encode()).decode()


def _till(header: str, settings: Settings) -> str | None:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        till = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None
    expected = basic_header(till, settings.tills[till]) if till in settings.tills else ""
    return till if hmac.compare_digest(expected, f"Basic {credentials}") else None


def _read_client(body: bytes) -> tuple[str, str]:
    try:
        client = json.loads(body)
        key, secret = client["key"], client["secret"]
    except (ValueError, TypeError, KeyError, RecursionError):
        key = secret = None
    if not isinstance(key, str) or not isinstance(secret, str):
        raise invalid_input()
    return key, secret
