"""Flat XML, as Altcraft speaks it: `<xml>` with one element for each key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET  # builds only; what servers send goes through defusedxml

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from loyalty_async.wire.problems import Misfit, cut_off, malformed

__all__ = ["decode_xml", "encode_xml"]

_ROOT = "xml"
_DEEPEST = 8
"""Documented answers are two levels deep."""
_MOST_ELEMENTS = 1000
"""Documented answers have five."""


def encode_xml(document: Mapping[str, int | str]) -> bytes:
    """Encode a flat document."""
    root = ET.Element(_ROOT)
    for key, value in document.items():
        ET.SubElement(root, key).text = str(value)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def decode_xml(body: bytes) -> Any:
    """Decode a document: an element with elements becomes a dictionary, any other its text; the last of a name counts.

    Text beside elements is not looked at.

    Raises:
        MalformedAnswerError: It is not XML, has another root, declares a document type or entities, is nested too
            deeply or has too many elements.
    """
    if not body.strip():
        raise cut_off("the body is empty")
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    try:
        parser.feed(body)
        return parser.close()
    except DefusedXmlException:
        raise malformed(Misfit("the XML declares a document type or entities")) from None
    except (ET.ParseError, ValueError, LookupError):
        raise cut_off("the body is not XML, or was cut off") from None


class _Builder:
    """Builds while it is parsed, so that a document too large is refused before it is in memory."""

    def __init__(self) -> None:
        self._open: list[tuple[dict[str, Any], list[str]]] = [({}, [])]
        self._elements = 0

    def start(self, tag: str, _: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements == 1 and tag != _ROOT:
            raise cut_off(f"the root is not <{_ROOT}>")
        if len(self._open) > _DEEPEST:
            raise malformed(Misfit("the XML is nested too deeply"))
        if self._elements > _MOST_ELEMENTS:
            raise malformed(Misfit("the XML has too many elements"))
        self._open.append(({}, []))

    def data(self, text: str) -> None:
        self._open[-1][1].append(text)

    def end(self, tag: str) -> None:
        children, texts = self._open.pop()
        self._open[-1][0][tag] = children or "".join(texts).strip()

    def close(self) -> Any:
        return self._open[0][0][_ROOT]
