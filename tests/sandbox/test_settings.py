from __future__ import annotations

from typing import Any

import attrs
import pytest

from loyalty_async.sandbox.settings import Settings


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("business_error_status", 404),
        ("order", "random"),
        ("filters_by", "billed"),
        ("miscount", "1"),
        ("alternate_nets", "both"),
        ("max_limit", 0),
        ("clamp_limit", 0),
        ("max_span_days", 0),
        ("token_ttl_s", 0),
        ("filtered_balances", "sum"),
        ("unknown_events", "skipped"),
        ("altcraft_error_status", 200),
        ("altcraft_unknown_code", 0),
    ],
)
def test_a_value_that_no_server_has_is_refused(field: str, value: object) -> None:
    """Settings fail early."""
    fields: dict[str, Any] = {field: value}
    with pytest.raises((ValueError, TypeError), match=field):
        Settings(**fields)


def test_credentials_are_not_in_the_repr() -> None:
    """A printed setting gives no password away."""
    settings = Settings(
        tills={"till.x": "pw-x"},
        clients={"key-x": "secret-x"},
        forbidden=frozenset({"key-x"}),
        altcraft_tokens=frozenset({"token-x"}),
        altcraft_over_tariff=frozenset({"token-x"}),
    )
    assert not any(secret in repr(settings) for secret in ("till.x", "pw-x", "key-x", "secret-x", "token-x"))


def test_settings_are_frozen() -> None:
    """A sandbox's settings are replaced as a whole."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().max_limit = 5  # type: ignore[misc]
