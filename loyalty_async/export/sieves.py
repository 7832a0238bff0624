"""Which keys are new, told without looking for them on the disk."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from mmap import ACCESS_COPY, mmap

__all__ = ["Sieve"]

_KEY = 16
"""Bytes of a key."""
_BITS = 26
_UNUSED, _BYTE = 32 - _BITS, 32 - _BITS + 3
"""By how much 32 bits of a key are shifted to give the number of a bit, and of the byte with it."""
_PROBES = struct.Struct("II")
"""What is taken of a key: its first two numbers of 32 bits."""


class Sieve:
    """Keeps back most keys that were not added to it, and none that was; at most 8 MB, however many they are.

    A filter of Bloom's with two probes ("Space/Time Trade-offs in Hash Coding with Allowable Errors", 1970): a key is a
    hash of 16 bytes, so that any 26 of its bits are as good as a hash of it. Of keys that were not added 0.1 of 100
    pass when a million was, and 7 when ten millions were.
    """

    def __init__(self) -> None:
        # Zeros that take no memory until they are written to: most exports are small, and never add a key.
        self._places = mmap(-1, 1 << (_BITS - 3), access=ACCESS_COPY)

    def add(self, keys: Iterable[bytes]) -> None:
        """Let these pass from now on."""
        places = self._places
        for key in keys:
            for head in _PROBES.unpack_from(key):
                places[head >> _BYTE] |= 1 << (head >> _UNUSED & 7)

    def passed(self, keys: Sequence[bytes]) -> list[bytes]:
        """Give those that may have been added."""
        return self._passed(1, self._passed(0, keys))

    def _passed(self, probe: int, keys: Sequence[bytes]) -> list[bytes]:
        places, heads = self._places, memoryview(b"".join(keys)).cast("I")[probe :: _KEY // 4]
        return [
            key for key, head in zip(keys, heads, strict=True) if places[head >> _BYTE] >> (head >> _UNUSED & 7) & 1
        ]
