"""Bytes to plain Python values, exactly.

JSON numbers with a fraction or an exponent become `Decimal` from their text, the others `int`. A key that comes twice:
the last one counts, as in RFC 8259's most common reading.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from loyalty_async.wire.names import RAW
from loyalty_async.wire.problems import Misfit, cut_off, malformed

__all__ = ["decode_json", "decode_with_raw", "encode_json"]

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def decode_json(body: bytes) -> Any:
    """Decode a JSON document.

    Raises:
        MalformedAnswerError: It is empty, cut off, nested too deeply, not UTF-8 or not JSON; NaN is not JSON.
    """
    return _decoded(body, _DECODER.decode)


def decode_with_raw(body: bytes, key: str) -> Any:
    """Decode a JSON document, and keep beside each object in the list under *key* the text that it came from.

    Raises:
        MalformedAnswerError: As `decode_json`.
    """
    document = decode_json(body)
    if isinstance(document, dict) and isinstance(document.get(key), list):
        texts = _decoded(body, lambda text: _ITEMS.decode(_FIELDS.decode(text)[key]))
        for item, text in zip(document[key], texts, strict=True):
            if isinstance(item, dict):
                item[RAW] = bytes(text)
    return document


def _decoded(body: bytes, decode: Callable[[bytes], Any]) -> Any:
    if not body.strip():
        raise cut_off("the body is empty")
    try:
        return decode(body.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise malformed(Misfit("the JSON is nested too deeply")) from None
    except (msgspec.ValidationError, ArithmeticError):
        raise malformed(Misfit("a number in the JSON is too long")) from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise cut_off("the body is not JSON, or was cut off") from None


def encode_json(document: Any) -> bytes:
    """Encode plain Python values as a JSON document."""
    return msgspec.json.encode(document)
