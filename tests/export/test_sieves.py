from __future__ import annotations

import os

from loyalty_async.export.sieves import Sieve


def test_what_was_added_passes_and_most_else_is_kept_back() -> None:
    sieve, added = Sieve(), [os.urandom(16) for _ in range(20_000)]
    sieve.add(added[:10_000])
    sieve.add(added[10_000:])
    assert sieve.passed(added) == added
    others = [os.urandom(16) for _ in range(20_000)]
    assert len(sieve.passed(others)) < 3  # One in 140 runs expects one; with one probe they would be 6.


def test_nothing_passes_an_empty_sieve() -> None:
    assert Sieve().passed([bytes(16), bytes([255]) * 16]) == []


def test_keys_that_begin_alike_pass_together() -> None:
    sieve = Sieve()
    sieve.add([bytes(16)])
    assert sieve.passed([bytes(15) + b"1", b"\0\0\1" + bytes(13)]) == [bytes(15) + b"1"]


def test_keys_must_be_alike_in_both_probes() -> None:
    sieve = Sieve()
    sieve.add([bytes(16)])
    assert sieve.passed([bytes(4) + bytes([255]) * 12, bytes([255]) * 4 + bytes(12)]) == []
