"""How members, entries and errors look on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Final

import attrs

from loyalty_async.sandbox.records import ZERO, Detail, Entry, Member, Transaction, net_alternates
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.times import in_zone, iso_text, java_text, legacy_text

JSON: Final = "application/json"
_CONSTANTS: Final = {None: "null", False: "false", True: "true"}


@attrs.frozen(kw_only=True)
class Reply:
    """An HTTP answer before it is sent; `entries` is how many ledger entries it carries."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = attrs.field(factory=dict)
    entries: int = 0


def encode(value: object) -> str:
    """Write JSON with Decimals as numbers, digit for digit; the standard encoder can do it only by way of a float."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{encode_basestring(key)}:{encode(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(encode, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return _CONSTANTS[value] if value is None or isinstance(value, bool) else repr(value)


def error_body(code: int, message: str) -> bytes:
    """Write the error envelope with one error (facts of the v2 API: status, code, message)."""
    error = {"status": False, "code": code, "message": message}
    return encode({"errors": [error], "warnings": []}).encode()


def printed(points: Decimal) -> str:
    """Write points as the APIs do, a string without exponent."""
    return format(points, "f")


class Printer:
    """Print members and entries by one set of settings, each entry once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._entries: dict[tuple[Entry, int], bytes] = {}

    def page(self, member: Member, rows: Iterable[tuple[Entry, int]], paging: tuple[int, int, int, int]) -> bytes:
        """Print one page of a ledger.

        Args:
            member: Whose ledger.
            rows: The page's entries, each with the bits of the lines to show.
            paging: pageNumber, pageSize, totalEntries and pageCount.
        """
        number, size, total, count = paging
        details = f'{{"pageNumber":{number},"pageSize":{size},"totalEntries":{total},"pageCount":{count}}}'
        head = f'{{"customerDetails":{encode(_customer(member))},"ledgerDetails":{details},"ledgerEntries":['
        return head.encode() + b",".join(map(self._row, rows)) + b'],"warnings":[]}'

    def event_details(self, entry: Entry) -> dict[str, object]:
        """Give an entry's event details, with their dates in the server's formats."""
        shown: dict[str, object] = {}
        for name, value in entry.event_details.items():
            shown.update(self._dates(name, value) if isinstance(value, datetime) else {name: value})
        return shown

    def net_points(self, entry: Entry, shown: tuple[Detail, ...]) -> Decimal:
        """Net what is shown of an entry, as the servers do.

        Alternate currencies stay apart from points, unless nothing but alternate currencies is shown, or the server is
        an older one.
        """
        points = tuple(line for line in shown if line.currency is None)
        alternates = sum(net_alternates(shown).values(), start=ZERO)
        if not points and shown:
            return alternates
        complete = len(points) == sum(line.currency is None for line in entry.details)
        net = entry.net_points if complete else sum((line.signed for line in points), start=ZERO)
        return net + alternates if self._settings.alternate_nets == "added" else net

    def _row(self, row: tuple[Entry, int]) -> bytes:
        text = self._entries.get(row)
        if text is None:
            entry, mask = row
            shown = tuple(line for bit, line in enumerate(entry.details) if mask >> bit & 1)
            text = self._entries[row] = encode(self._entry(entry, shown)).encode()
        return text

    def _entry(self, entry: Entry, shown: tuple[Detail, ...]) -> dict[str, object]:
        till, program = entry.till, entry.source_program
        nets = {name: printed(net) for name, net in net_alternates(shown).items()}
        return {
            "eventLogId": entry.event_log_id,
            "eventName": entry.event_name,
            "customerId": entry.customer_id,
            **self._created(entry.created_at),
            "customerDetails": {"userId": 0} if entry.transaction else None,
            "entryDetails": [_detail(line) for line in shown],
            "netPointsOnEvent": printed(self.net_points(entry, shown)),
            **({"netAlternateCurrenciesOnEvent": nets} if self._settings.alternate_nets == "apart" else {}),
            "transactionDetails": self._transaction(entry.transaction) if entry.transaction else {},
            "store": till.store.name if till else "",
            "storeCode": till.store.code if till else "",
            "tillCode": till.code if till else "",
            "eventDetails": self.event_details(entry),
            "sourceProgramId": program.program_id if program else None,
            "sourceProgramName": program.name if program and entry.source_named else None,
            "orgId": entry.org_id,
        }

    def _transaction(self, transaction: Transaction) -> dict[str, object]:
        return {
            "transactionId": transaction.transaction_id,
            "transactionNumber": transaction.number,
            **self._dates("date", transaction.date),
            "amount": transaction.amount,
            "grossBillAmount": transaction.gross_amount,
            "source": transaction.source,
        }

    def _created(self, created_at: datetime) -> dict[str, str]:
        dates = self._dates("ledgerCreatedDate", created_at)
        if self._settings.java_dates:
            dates["ledgerCreatedDate"] = java_text(in_zone(created_at, self._settings.timezone))
        return dates

    def _dates(self, name: str, moment: datetime) -> dict[str, str]:
        local = in_zone(moment, self._settings.timezone)
        dates = {name: legacy_text(local)}
        if self._settings.iso_twins:
            dates[f"{name}ISO"] = iso_text(local)
        return dates


def _customer(member: Member) -> dict[str, object]:
    names = {"firstName": member.first_name, "lastName": member.last_name}
    known = {name: value for name, value in names.items() if value is not None}
    external = {} if member.external_id is None else {"externalId": member.external_id}
    return {**known, "userId": member.user_id, **external, "entityType": "CUSTOMER"}


def _detail(line: Detail) -> dict[str, object]:
    currency = {} if line.currency is None else {"alternateCurrencyName": line.currency}
    return {
        "ledgerEntryType": line.kind,
        "points": printed(line.points),
        "pointsCategory": line.category,
        "programName": line.program.name,
        "programId": line.program.program_id,
        **currency,
    }
