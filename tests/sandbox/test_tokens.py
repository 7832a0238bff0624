from __future__ import annotations

import pytest

from loyalty_async.sandbox.refusals import Refusal
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.tokens import Tokens, basic_header, check_access, grant

SETTINGS = Settings(tills={"store.server": "server123"}, clients={"key": "secret"}, token_ttl_s=300)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(clock)


def refused(headers: dict[str, str], tokens: Tokens, settings: Settings = SETTINGS) -> tuple[int, int | None]:
    with pytest.raises(Refusal) as info:
        check_access(headers, settings, tokens)
    return info.value.code, info.value.status


def token_for(tokens: Tokens) -> str:
    answer = grant(b'{"key": "key", "secret": "secret"}', SETTINGS, tokens)
    data = answer["data"]
    assert isinstance(data, dict)
    return str(data["accessToken"])


def test_the_basic_header_is_the_documents() -> None:
    """The worked example of the old documentation, recomputed (facts A)."""
    expected = "Basic c3RvcmUuc2VydmVyOjhhMTZhNmI3MDUwNWViMWYxZmY3Y2RjMGNkNTU1OWE3"
    assert basic_header("store.server", "server123") == expected


def test_a_tills_credentials_open_the_ledger(tokens: Tokens) -> None:
    """Name and md5 of the password."""
    check_access({"authorization": basic_header("store.server", "server123")}, SETTINGS, tokens)


@pytest.mark.parametrize(
    "header",
    [
        basic_header("store.server", "wrong"),
        basic_header("nobody", "server123"),
        "Basic c3RvcmUuc2VydmVyOnNlcnZlcjEyMw==",
        "Basic !!!",
        "Basic /w==",
        "Basic ",
        "Bearer x",
        "",
    ],
)
def test_other_credentials_are_refused(tokens: Tokens, header: str) -> None:
    """A wrong password, a stranger, a password that is not hashed, and what is no credential at all."""
    assert refused({"authorization": header}, tokens) == (401, 401)


def test_no_credentials_are_refused(tokens: Tokens) -> None:
    """HTTP 401, code 401."""
    assert refused({}, tokens) == (401, 401)


def test_a_token_is_granted_as_documented(tokens: Tokens) -> None:
    """The token and its seconds, and no errors."""
    answer = grant(b'{"key": "key", "secret": "secret"}', SETTINGS, tokens)
    data = answer["data"]
    assert isinstance(data, dict)
    assert data.keys() == {"accessToken", "ttlSeconds"}
    assert data["ttlSeconds"] == 300
    assert answer["errors"] is None


def test_a_token_opens_the_ledger_until_it_expires(tokens: Tokens, clock: Clock) -> None:
    """For ttlSeconds, by the sandbox's clock."""
    headers = {"x-cap-api-oauth-token": token_for(tokens)}
    clock.now += 299.9
    check_access(headers, SETTINGS, tokens)
    clock.now += 0.1
    assert refused(headers, tokens) == (401, 401)


def test_each_call_grants_a_new_token_and_the_old_one_lives_on(tokens: Tokens) -> None:
    """As Capillary's default has it."""
    first, second = token_for(tokens), token_for(tokens)
    assert first != second
    check_access({"x-cap-api-oauth-token": first}, SETTINGS, tokens)


def test_an_unknown_token_is_refused_whatever_else_is_sent(tokens: Tokens) -> None:
    """The token counts, not the Authorization beside it."""
    headers = {"x-cap-api-oauth-token": "x", "authorization": basic_header("store.server", "server123")}
    assert refused(headers, tokens) == (401, 401)


def test_revoked_tokens_are_refused(tokens: Tokens) -> None:
    """All at once."""
    headers = {"x-cap-api-oauth-token": token_for(tokens)}
    tokens.revoke_all()
    assert refused(headers, tokens) == (401, 401)


def test_a_wrong_secret_grants_nothing(tokens: Tokens) -> None:
    """HTTP 401."""
    with pytest.raises(Refusal) as info:
        grant(b'{"key": "key", "secret": "wrong"}', SETTINGS, tokens)
    assert info.value.status == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"key": "key"}', b'{"key": 1, "secret": 2}', b"\xff"])
def test_a_malformed_request_for_a_token_is_refused(tokens: Tokens, body: bytes) -> None:
    """HTTP 400."""
    with pytest.raises(Refusal) as info:
        grant(body, SETTINGS, tokens)
    assert info.value.status == 400


def test_those_who_may_not_read_points_are_forbidden(tokens: Tokens) -> None:
    """HTTP 403, code 4000, for tills and for clients."""
    settings = Settings(tills=SETTINGS.tills, clients=SETTINGS.clients, forbidden=frozenset({"key", "store.server"}))
    assert refused({"x-cap-api-oauth-token": token_for(tokens)}, tokens, settings) == (4000, 403)
    assert refused({"authorization": basic_header("store.server", "server123")}, tokens, settings) == (4000, 403)


def test_a_sandbox_may_be_open(tokens: Tokens) -> None:
    """Without credentials, if the settings say so."""
    check_access({}, Settings(require_auth=False), tokens)


def test_expired_tokens_are_forgotten(tokens: Tokens, clock: Clock) -> None:
    """A server that runs for weeks does not grow."""
    for _ in range(100):
        token_for(tokens)
        clock.now += 301
    assert len(tokens._live) == 1
