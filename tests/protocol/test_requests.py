from __future__ import annotations

import attrs
import pytest

from loyalty_async.models.members import Customer
from loyalty_async.protocol.requests import Call

SECRETS = ("917406401004", "4711", "Bearer-of-secrets", "s3cret-body")
CALL = Call(
    method="GET",
    path="/v2/customers/{user_id}/schedule",
    segments={"user_id": "4711"},
    query={"identifierValue": "917406401004"},
    headers={"X-Something": "Bearer-of-secrets"},
    body=b"s3cret-body",
    member=Customer.by_mobile("917406401004", source="INSTORE"),
)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_call_does_not_show_what_it_carries(secret: str) -> None:
    assert secret not in repr(CALL)
    assert secret not in str(CALL)


def test_a_call_shows_what_is_the_same_for_everybody() -> None:
    assert "GET" in repr(CALL)
    assert "/v2/customers/{user_id}/schedule" in repr(CALL)


def test_a_call_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        CALL.method = "POST"  # type: ignore[misc]


def test_a_call_carries_credentials_unless_it_says_not() -> None:
    assert Call(method="GET", path="/x").authenticated


@pytest.mark.parametrize(
    ("value", "target"),
    [("4711", "/v2/customers/4711/schedule"), ("a/b?c", "/v2/customers/a%2Fb%3Fc/schedule")],
)
def test_a_segment_stays_a_segment(value: str, target: str) -> None:
    assert attrs.evolve(CALL, segments={"user_id": value}).target() == target
