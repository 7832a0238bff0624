"""Bytes to plain Python values, exactly.

JSON numbers with a fraction or an exponent become `Decimal` from their text, the others `int`. A key that comes twice:
the last one counts, as in RFC 8259's most common reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache, partial
from typing import Any

import attrs
import msgspec
from msgspec import Raw

from loyalty_async.wire.forms import form_of
from loyalty_async.wire.names import RAW, wire_name
from loyalty_async.wire.problems import Misfit, cut_off, malformed
from loyalty_async.wire.scalars import number_of

__all__ = ["Document", "Raw", "decode_json", "decoder_of", "encode_json", "encode_lines", "raw_decoder_of"]

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ITEMS = msgspec.json.Decoder(list[Raw])


def decode_json(body: bytes) -> Any:
    """Decode a JSON document.

    Raises:
        MalformedAnswerError: It is empty, cut off, nested too deeply, not UTF-8 or not JSON; NaN is not JSON.
    """
    return _decoded(body, _DECODER.decode)


@attrs.frozen
class Document:
    """A document in the form of its class.

    Attributes:
        form: What was decoded.
        plain: Decodes it once more, to plain values, with all texts as they were sent.
    """

    form: Any
    plain: Callable[[], Any]


@cache
def decoder_of(kind: type) -> Callable[[bytes], Any]:
    """Make what decodes the JSON of an attrs class: into its form, or into plain values that the form has no place for.

    What it makes raises what `decode_json` does.
    """
    decoder = msgspec.json.Decoder(form_of(kind), float_hook=number_of)

    def read(text: bytes) -> Any:
        try:
            return Document(decoder.decode(text), partial(decode_json, text))
        except (msgspec.ValidationError, ArithmeticError):
            return _DECODER.decode(text)

    return lambda body: _decoded(body, read)


@cache
def raw_decoder_of(kind: type, name: str) -> Callable[[bytes], Any]:
    """Make what decodes the JSON of an attrs class, and keeps in each object of the list *name* the text of it.

    What it makes raises what `decode_json` does.
    """
    key, decode = wire_name(name, kind), decoder_of(kind)

    def keep(decoded: Any, body: bytes) -> Any:
        items = decoded.get(key) if isinstance(decoded, dict) else getattr(decoded, name, None)
        if isinstance(items, list):
            texts = _decoded(body, lambda text: _ITEMS.decode(_FIELDS.decode(text)[key]))
            for item, text in zip(items, texts, strict=True):
                _keep(item, bytes(text))
        return decoded

    def decode_with_raw(body: bytes) -> Any:
        document = decode(body)
        if isinstance(document, Document):
            return Document(keep(document.form, body), lambda: keep(document.plain(), body))
        return keep(document, body)

    return decode_with_raw


def _keep(item: Any, text: bytes) -> None:
    if isinstance(item, dict):
        item[RAW] = text
    elif hasattr(item, "raw"):  # A form.
        item.raw = text


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
    return _ENCODER.encode(document)


def encode_lines(documents: Sequence[Any]) -> bytes:
    """Encode each as one line, as JSON has no line break of its own in a text."""
    return _ENCODER.encode_lines(documents)
