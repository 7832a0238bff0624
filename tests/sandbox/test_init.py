from __future__ import annotations

from loyalty_async import sandbox


def test_the_public_names_are_there() -> None:
    """What the package promises exists, once."""
    assert len(set(sandbox.__all__)) == len(sandbox.__all__)
    assert all(hasattr(sandbox, name) for name in sandbox.__all__)
