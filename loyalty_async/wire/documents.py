"""Bytes to plain Python values, exactly.

JSON numbers with a fraction or an exponent become `Decimal` from their text, the others `int`. A key that comes twice:
the last one counts, as in RFC 8259's most common reading.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from loyalty_async.wire.problems import Misfit, cut_off, malformed

__all__ = ["decode_json", "encode_json"]

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def decode_json(body: bytes) -> Any:
    """Decode a JSON document.

    Raises:
        MalformedAnswerError: It is empty, cut off, nested too deeply, not UTF-8 or not JSON; NaN is not JSON.
    """
    if not body.strip():
        raise cut_off("the body is empty")
    try:
        return _DECODER.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise malformed(Misfit("the JSON is nested too deeply")) from None
    except (msgspec.ValidationError, ArithmeticError):
        raise malformed(Misfit("a number in the JSON is too long")) from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise cut_off("the body is not JSON, or was cut off") from None


def encode_json(document: Any) -> bytes:
    """Encode plain Python values as a JSON document."""
    return msgspec.json.encode(document)
