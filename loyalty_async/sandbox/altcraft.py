"""How Altcraft reads and writes: flat documents, in JSON or in XML, by the request's `Content-Type` (facts H)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final
from xml.parsers import expat

import attrs

from loyalty_async.sandbox.answers import JSON, encode
from loyalty_async.sandbox.refusals import Refusal

XML: Final = "application/xml"
_LARGEST_BODY: Final = 16 * 1024  # Bytes; the documented request has about two hundred.
_ROOT: Final = "xml"
_DEEPEST: Final = 2

Document = Mapping[str, Any]
Written = Mapping[str, object]


@attrs.frozen
class Dialect:
    """A way to read requests and to write answers."""

    content_type: str
    read: Callable[[bytes], Document]
    write: Callable[[Written], bytes]


def dialect_of(content_type: str) -> Dialect | None:
    """Find the dialect of a media type; None if Altcraft does not speak it."""
    return _DIALECTS.get(content_type.partition(";")[0].strip().lower())


def bad_request(hint: str) -> Refusal:
    """Make the refusal of a request that cannot be read."""
    return Refusal(400, f"Incorrect request: {hint}")


def _read_json(body: bytes) -> Document:
    _check_length(body)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request("the body is not JSON") from None
    if not isinstance(document, dict):
        raise bad_request("the body is not an object")
    return document


def _write_json(document: Written) -> bytes:
    return encode(document).encode()


def _read_xml(body: bytes) -> Document:
    """Read `<xml>` with one element for each key; the last of a name counts."""
    _check_length(body)
    reader = _XmlReader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat's own
    except (expat.ExpatError, ValueError, LookupError):
        raise bad_request("the body is not XML") from None
    return reader.document


@attrs.define
class _XmlReader:
    """Collects the elements of a flat document."""

    document: dict[str, str] = attrs.field(factory=dict)
    _path: list[str] = attrs.field(factory=list)

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        self._path.append(name)
        if self._path[0] != _ROOT or len(self._path) > _DEEPEST:
            raise bad_request(f"the body is not a flat <{_ROOT}>")
        if len(self._path) == _DEEPEST:
            self.document[name] = ""

    def end(self, _name: str) -> None:
        self._path.pop()

    def text(self, text: str) -> None:
        if len(self._path) == _DEEPEST:
            self.document[self._path[-1]] += text


def _refuse_doctype(*_declaration: object) -> None:
    raise bad_request("a document type is not accepted")


def _write_xml(document: Written) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(_ROOT, document)}'.encode()


def _element(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_element(key, item) for key, item in value.items())}</{name}>"
    return f"<{name}>{escape(str(value), quote=False)}</{name}>"


def _check_length(body: bytes) -> None:
    if len(body) > _LARGEST_BODY:
        raise bad_request("the body is too long")


IN_JSON: Final = Dialect(JSON, _read_json, _write_json)
_IN_XML: Final = Dialect(XML, _read_xml, _write_xml)
_DIALECTS: Final[Mapping[str, Dialect]] = {JSON: IN_JSON, XML: _IN_XML, "text/xml": _IN_XML}
