"""Flat XML, as Altcraft speaks it: `<xml>` with one element for each key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET  # builds only; what servers send goes through defusedxml

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from loyalty_async.wire.problems import Misfit, malformed

__all__ = ["decode_xml", "encode_xml"]

_ROOT = "xml"
_DEEPEST = 8
"""Documented answers are two levels deep."""


def encode_xml(document: Mapping[str, int | str]) -> bytes:
    """Encode a flat document."""
    root = ET.Element(_ROOT)
    for key, value in document.items():
        ET.SubElement(root, key).text = str(value)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def decode_xml(body: bytes) -> Any:
    """Decode a document: an element with elements becomes a dictionary, any other its text; the last of a name counts.

    Raises:
        MalformedAnswerError: It is not XML, has another root, declares a document type or entities, or is nested too
            deeply.
    """
    if not body.strip():
        raise malformed(Misfit("the body is empty"))
    try:
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise malformed(Misfit("the XML declares a document type or entities")) from None
    except (ET.ParseError, ValueError, LookupError):
        raise malformed(Misfit("the body is not XML, or was cut off")) from None
    if root.tag != _ROOT:
        raise malformed(Misfit(f"the root is not <{_ROOT}>"))
    return _value(root, _DEEPEST)


def _value(element: ET.Element, depth: int) -> Any:
    if depth == 0:
        raise malformed(Misfit("the XML is nested too deeply"))
    if len(element):
        return {child.tag: _value(child, depth - 1) for child in element}
    return (element.text or "").strip()
