from __future__ import annotations

import pytest

from loyalty_async.sandbox.refusals import Refusal, invalid_input, nothing_there, unsupported_combination


@pytest.mark.parametrize(
    ("refusal", "code", "status"),
    [(invalid_input(), 400, 400), (unsupported_combination(": a and b"), 11001, None), (nothing_there(), 11003, None)],
)
def test_a_refusal_has_its_code_and_where_known_its_status(refusal: Refusal, code: int, status: int | None) -> None:
    """Business codes leave the status to the settings."""
    assert (refusal.code, refusal.status) == (code, status)
    assert refusal.message == str(refusal)
