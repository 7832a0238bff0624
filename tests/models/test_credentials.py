"""Secrets never show."""

import copy
from typing import Any

import attrs
import pytest
from attrs.exceptions import FrozenInstanceError

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.credentials import Basic, OAuth, Token
from loyalty_async.wire.converter import make_converter
from tests._support.full_answer import CANARY

CREDENTIALS = [
    Basic(f"till-{CANARY}", f"password-{CANARY}"),
    OAuth(key=f"key-{CANARY}", secret=f"secret-{CANARY}"),
    Token(access_token=f"token-{CANARY}", ttl_seconds=300),
]
each = pytest.mark.parametrize("credentials", CREDENTIALS, ids=lambda credentials: type(credentials).__name__)


@each
def test_neither_repr_nor_str_shows_a_secret(credentials: Any) -> None:
    assert CANARY not in f"{credentials!r}{credentials}"


@each
def test_credentials_are_frozen_and_compare_by_value(credentials: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(credentials, attrs.fields(type(credentials))[0].name, "other")
    assert copy.deepcopy(credentials) == credentials


@pytest.mark.parametrize("value", ["", None, 7, b"secret", f"{CANARY}\n", f"{CANARY}\r\nX-Header: 1", f"{CANARY}\x00"])
@pytest.mark.parametrize(
    "make",
    [
        lambda value: Basic(value, "password"),
        lambda value: Basic("till", value),
        lambda value: OAuth(key=value, secret="secret"),
        lambda value: OAuth(key="key", secret=value),
    ],
    ids=["till", "password", "key", "secret"],
)
def test_a_secret_must_be_a_printable_text_and_is_not_quoted_when_it_is_not(make: Any, value: Any) -> None:
    with pytest.raises(InvalidArgument, match="must be a non-empty, printable text") as raised:
        make(value)
    assert CANARY not in f"{raised.value}{raised.value!r}"


def test_basic_takes_the_till_first_and_keeps_both_as_they_are() -> None:
    basic = Basic(" till ", "pass word")
    assert (basic.till, basic.password) == (" till ", "pass word")


def test_key_and_secret_cannot_be_swapped_by_position() -> None:
    with pytest.raises(TypeError):
        OAuth("key", "secret")  # type: ignore[call-arg]


def test_a_token_is_read_from_the_documented_names_and_may_hold_more() -> None:
    document = {"accessToken": "a.b.c", "ttlSeconds": 300, "tokenType": "bearer"}
    token = make_converter().structure(document, Token)
    assert (token.access_token, token.ttl_seconds) == ("a.b.c", 300)
    assert token.extra == {"tokenType": "bearer"}
