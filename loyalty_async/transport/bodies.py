"""Bodies: read and unpacked in steps, no further than they may be long."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Iterator
from typing import cast

import httpx

__all__ = ["CODINGS", "read_body"]

_GZIP = zlib.MAX_WBITS | 16  # As zlib's manual says for `inflateInit2`.

CODINGS = ("gzip", "deflate")
"""What is asked for and unpacked. What has another coding, or several, is left packed: it may be a bomb."""
_STEP = 1024 * 1024
"""Bytes unpacked at once: a kilobyte may unpack to a megabyte, and a piece of a body has 64 of them."""


async def read_body(response: httpx.Response, most: int) -> bytes:
    """Read a body to its end, or until it is longer than it may be.

    Args:
        response: The answer; it is not closed here.
        most: So many bytes, unpacked; of a longer body one byte more is given.

    Raises:
        httpx.DecodingError: The packing is broken or cut off.
        httpx.RequestError: The body could not be read.
    """
    if response.is_stream_consumed:  # A transport of the caller's has read and unpacked it.
        return response.content[: most + 1]
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    unpacking = _Unpacking(coding) if coding in CODINGS else None
    body, began = bytearray(), False
    async for piece in cast("AsyncIterable[bytes]", response.stream):
        began = began or bool(piece)
        for step in (piece,) if unpacking is None else unpacking.steps(piece):
            body += step
            if len(body) > most:
                del body[most + 1 :]
                return bytes(body)
    if unpacking is not None and began:  # Nothing at all is no lie about its coding.
        unpacking.end()
    return bytes(body)


class _Unpacking:
    """Unpacks one body in small steps."""

    def __init__(self, coding: str) -> None:
        self._inflating = zlib.decompressobj(_GZIP) if coding == "gzip" else None

    def steps(self, piece: bytes) -> Iterator[bytes]:
        """Unpack a piece; what comes behind the end is dropped."""
        if self._inflating is None and piece:
            self._inflating = zlib.decompressobj(zlib.MAX_WBITS if _is_zlib(piece) else -zlib.MAX_WBITS)
        while self._inflating is not None and not self._inflating.eof:
            step = _inflated(self._inflating, piece)
            yield step
            piece = self._inflating.unconsumed_tail
            if not piece and len(step) < _STEP:
                return

    def end(self) -> None:
        """See that the whole was there."""
        if self._inflating is None or not self._inflating.eof:
            raise httpx.DecodingError("cut off")


def _inflated(inflating: zlib._Decompress, packed: bytes) -> bytes:
    try:
        return inflating.decompress(packed, _STEP)
    except zlib.error as cause:
        raise httpx.DecodingError("broken") from cause


def _is_zlib(packed: bytes) -> bool:
    """Tell deflate with the header of zlib (RFC 1950) from deflate without (RFC 1951): servers send both.

    A block of RFC 1951 that began so would be one of no compression with a padding that is not zero.
    """
    return packed[0] & 0x0F == zlib.DEFLATED
