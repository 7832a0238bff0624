"""What a line of JSON lines is."""

from __future__ import annotations

import attrs

from loyalty_async import Customer
from loyalty_async.export import JsonLines
from loyalty_async.export.sinks.jsonl import _JsonLinesFormat
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage, RawPage
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decode_json, decoder_of, raw_decoder_of
from tests._support.full_answer import full_answer

MEMBER = Customer.by_id(7, source="INSTORE")
OWNER = {
    "identifier_name": "id",
    "identifier_value": "7",
    "source": "INSTORE",
    "account_id": None,
    "entity_type": None,
}
BODY = full_answer()


def form(*, raw: bool) -> _JsonLinesFormat:
    return JsonLines("nowhere")._format(raw)


def test_a_line_begins_with_the_member_and_goes_on_with_the_entry() -> None:
    (entry,) = make_converter().structure(decoder_of(LedgerPage)(BODY), LedgerPage).entries
    lines, rows = form(raw=False).encoder(MEMBER)([entry, entry])
    first, second = lines.splitlines()
    assert (rows, first, lines[-1:]) == (2, second, b"\n")
    assert list(decode_json(first)) == ["member", *(field.name for field in attrs.fields(LedgerEntry))]
    assert decode_json(first)["member"] == OWNER


def test_no_entries_are_no_lines() -> None:
    assert form(raw=False).encoder(MEMBER)([]) == (b"", 0)
    assert form(raw=True).encoder(MEMBER)([]) == (b"", 0)


def test_a_raw_line_holds_the_servers_json_in_one_line() -> None:
    body = BODY.replace(b'"eventName"', b'\r\n\t"eventName"')
    (entry,) = make_converter().structure(raw_decoder_of(RawPage, "entries")(body), RawPage).entries
    line, rows = form(raw=True).encoder(MEMBER)([entry])
    assert rows == 1
    assert not {b"\r", b"\n"} & {line[at : at + 1] for at in range(len(line) - 1)}
    assert list(decode_json(line)) == ["member", "event_log_id", "created_at", "raw"]
    assert decode_json(line)["member"] == OWNER
    assert decode_json(line)["raw"] == decode_json(body)["ledgerEntries"][0]
