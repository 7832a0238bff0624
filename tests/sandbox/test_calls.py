from __future__ import annotations

from loyalty_async.sandbox.calls import Call


def test_a_call_shows_no_secret() -> None:
    """Neither headers nor body."""
    shown = repr(Call(path="/x", headers={"authorization": "pw-x"}, body=b"token-x"))
    assert "pw-x" not in shown
    assert "token-x" not in shown
