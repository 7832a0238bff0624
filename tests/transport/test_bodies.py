from __future__ import annotations

import gzip
import itertools
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.transport import bodies
from loyalty_async.transport.bodies import read_body

pytestmark = pytest.mark.anyio

MUCH = 1_000_000
DATA = b"".join(b'{"eventLogId": %d}' % number for number in range(40))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "GZip": (" GZip ", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "identity": ("identity", bytes),
    "unheard-of": ("x-unheard-of", bytes),
    "two layers": ("gzip, gzip", bytes),
}
packings = st.sampled_from(list(PACKINGS.values()))


class Pieces(httpx.AsyncByteStream):
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.taken = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            self.taken += 1
            return piece
        raise StopAsyncIteration


def cut(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


async def read(coding: str, pieces: Iterable[bytes], most: int = MUCH) -> bytes:
    return await read_body(httpx.Response(200, headers={"Content-Encoding": coding}, stream=Pieces(pieces)), most)


@given(packings, st.binary(min_size=1, max_size=3000), st.lists(st.integers(0, 40), max_size=30))
async def test_what_was_packed_comes_out_however_it_is_cut(
    packing: tuple[str, Callable[[bytes], bytes]], data: bytes, sizes: list[int]
) -> None:
    coding, pack = packing
    assert await read(coding, cut(pack(data), sizes)) == data


@pytest.mark.parametrize("name", ["gzip", "deflate", "raw deflate"])
async def test_what_is_cut_off_is_never_taken_for_whole(name: str) -> None:
    coding, pack = PACKINGS[name]
    packed = pack(DATA)
    for at in range(1, len(packed)):
        with pytest.raises(httpx.DecodingError):
            await read(coding, [packed[:at]])


@pytest.mark.parametrize("name", ["gzip", "deflate", "raw deflate"])
@pytest.mark.parametrize("beyond", [-1, 0, 1, 100, 258, 300])
async def test_what_is_unpacked_in_several_steps_is_whole(name: str, beyond: int) -> None:
    coding, pack = PACKINGS[name]
    data = bytes(bodies._STEP + beyond)
    assert await read(coding, [pack(data)], most=2 * len(data)) == data


@pytest.mark.parametrize("name", ["gzip", "deflate", "raw deflate"])
async def test_what_comes_behind_the_end_is_dropped(name: str) -> None:
    coding, pack = PACKINGS[name]
    more = bytes(10_000)
    tracemalloc.start()
    try:
        assert await read(coding, itertools.chain([pack(DATA)], itertools.repeat(more, 1000))) == DATA
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MUCH


@pytest.mark.parametrize("name", ["gzip", "deflate", "raw deflate"])
@pytest.mark.parametrize("pieces", [[], [b""], [b"", b""]])
async def test_nothing_at_all_is_an_empty_body(name: str, pieces: list[bytes]) -> None:
    assert await read(PACKINGS[name][0], pieces) == b""


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@given(data=st.binary(min_size=2, max_size=50), sizes=st.lists(st.integers(1, 5), max_size=5))
async def test_garbage_is_broken_packing_or_very_little(coding: str, data: bytes, sizes: list[int]) -> None:
    try:
        found = await read(coding, cut(data, sizes), most=100_000)
    except httpx.DecodingError:
        return
    assert len(found) <= 100_001


@pytest.mark.parametrize("name", PACKINGS)
@pytest.mark.parametrize("beyond", [-1, 0, 1, 500])
async def test_one_byte_more_than_allowed_is_told_and_no_more(name: str, beyond: int) -> None:
    coding, pack = PACKINGS[name]
    most = len(DATA) - beyond
    assert await read(coding, cut(pack(DATA), [100, 3]), most) == DATA[: most + 1]


async def test_no_more_is_read_than_needed() -> None:
    pieces = Pieces([b"x" * 10] * 10)
    assert await read_body(httpx.Response(200, stream=pieces), 25) == b"x" * 26
    assert pieces.taken == 3


@pytest.mark.parametrize("name", ["gzip", "deflate", "raw deflate"])
async def test_one_piece_may_hold_a_bomb(name: str) -> None:
    """A piece as it comes from a socket, which unpacks to a thousand times as much."""
    coding, pack = PACKINGS[name]
    bomb = pack(bytes(60_000_000))
    assert len(bomb) < 65_536
    tracemalloc.start()
    try:
        assert len(await read(coding, [bomb], most=MUCH)) == MUCH + 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * MUCH


async def test_what_a_transport_has_read_already_is_taken() -> None:
    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(DATA))
    assert await read_body(response, MUCH) == DATA
    assert await read_body(response, 9) == DATA[:10]
