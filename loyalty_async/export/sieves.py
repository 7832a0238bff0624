"""Which keys are new, told without looking for them on the disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["Sieve"]

_BYTES = 1 << 21


class Sieve:
    """Keeps back most keys that were not added to it, and none that was; 2 MB, however many they are.

    A key is a hash, so that its first 24 bits are as good as any, and there is a bit for each value of them. Of keys
    that were not added, 6 of 100 pass when a million was, and 45 when ten millions were.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BYTES)

    def add(self, keys: Iterable[bytes]) -> None:
        """Let these pass from now on."""
        bits = self._bits
        for key in keys:
            place = int.from_bytes(key[:3])
            bits[place >> 3] |= 1 << (place & 7)

    def passed(self, keys: Sequence[bytes]) -> list[bytes]:
        """Give those that may have been added."""
        bits = self._bits
        return [key for key in keys if bits[(place := int.from_bytes(key[:3])) >> 3] >> (place & 7) & 1]
