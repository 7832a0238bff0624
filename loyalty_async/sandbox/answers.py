"""How owners, entries and errors look on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Final

import attrs

from loyalty_async.sandbox.records import Detail, Entry, Group, GroupMember, Owner, Transaction, net_alternates, total
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.times import Calendar, in_zone, java_text

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


def customer_details(owner: Owner) -> dict[str, object]:
    """Write the root that names the customer; groups have none."""
    if isinstance(owner, Group):
        return {}
    names = {"firstName": owner.first_name, "lastName": owner.last_name}
    external = {} if owner.external_id is None else {"externalId": owner.external_id}
    details = {**_known(names), "userId": owner.user_id, **external, "entityType": "CUSTOMER"}
    return {"customerDetails": details}


class Printer:
    """Print members and entries by one set of settings, each entry once.

    Attributes:
        calendar: How dates are written.
    """

    calendar: Calendar

    def __init__(self, settings: Settings) -> None:
        self.calendar = Calendar(settings.timezone, settings.iso_twins)
        self._settings = settings
        self._entries: dict[tuple[Entry, int, bool], bytes] = {}

    def page(
        self,
        owner: Owner,
        rows: Iterable[tuple[Entry, int]],
        paging: tuple[int, int, int, int],
        *,
        concepts: bool = False,
    ) -> bytes:
        """Print one page of a ledger.

        Args:
            owner: Whose ledger.
            rows: The page's entries, each with the bits of the lines to show.
            paging: pageNumber, pageSize, totalEntries and pageCount.
            concepts: Whether to show the concepts of the tills.
        """
        root = encode({**customer_details(owner), "ledgerDetails": paging_details(*paging)})
        head = root[:-1] + ',"ledgerEntries":['
        printed_rows = [self._row(entry, mask, concepts=concepts) for entry, mask in rows]
        return head.encode() + b",".join(printed_rows) + b'],"warnings":[]}'

    def event_details(self, entry: Entry) -> dict[str, object]:
        """Give an entry's event details, with their dates in the server's formats."""
        shown: dict[str, object] = {}
        for name, value in entry.event_details.items():
            shown.update(self.calendar.fields(name, value) if isinstance(value, datetime) else {name: value})
        return shown

    def net_points(self, entry: Entry, shown: tuple[Detail, ...]) -> Decimal:
        """Net what is shown of an entry, as the servers do.

        Alternate currencies stay apart from points, unless nothing but alternate currencies is shown, or the server is
        an older one.
        """
        points = tuple(line for line in shown if line.currency is None)
        alternates = total(net_alternates(shown).values())
        if not points and shown:
            return alternates
        complete = len(points) == sum(line.currency is None for line in entry.details)
        net = entry.net_points if complete else total(line.signed for line in points)
        return net + alternates if self._settings.alternate_nets == "added" else net

    def _row(self, entry: Entry, mask: int, *, concepts: bool) -> bytes:
        text = self._entries.get((entry, mask, concepts))
        if text is None:
            shown = tuple(line for bit, line in enumerate(entry.details) if mask >> bit & 1)
            row = {**self._entry(entry, shown), **(_concept(entry) if concepts else {})}
            text = self._entries[entry, mask, concepts] = encode(row).encode()
        return text

    def _entry(self, entry: Entry, shown: tuple[Detail, ...]) -> dict[str, object]:
        till, program = entry.till, entry.source_program
        nets = {name: printed(net) for name, net in net_alternates(shown).items()}
        return {
            "eventLogId": entry.event_log_id,
            "eventName": entry.event_name,
            "customerId": entry.customer_id,
            **self._created(entry.created_at),
            "customerDetails": _acting(entry),
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
            **self.calendar.fields("date", transaction.date),
            "amount": transaction.amount,
            "grossBillAmount": transaction.gross_amount,
            "source": transaction.source,
        }

    def _created(self, created_at: datetime) -> dict[str, object]:
        dates = self.calendar.fields("ledgerCreatedDate", created_at)
        if self._settings.java_dates:
            dates["ledgerCreatedDate"] = java_text(in_zone(created_at, self._settings.timezone))
        return dates


def paging_details(number: int, size: int, total: int, count: int) -> dict[str, object]:
    """Write where a page stands."""
    return {"pageNumber": number, "pageSize": size, "totalEntries": total, "pageCount": count}


def _known(names: Mapping[str, str | None]) -> dict[str, object]:
    return {name: value for name, value in names.items() if value is not None}


def _acting(entry: Entry) -> object:
    """Name who in a group made an entry; a customer's own transactions have a user id of nought there."""
    if entry.actor is not None:
        return _group_member(entry.actor)
    return {"userId": 0} if entry.transaction else None


def _group_member(actor: GroupMember) -> dict[str, object]:
    member = actor.member
    return {
        **_known({"firstName": member.first_name, "lastName": member.last_name}),
        "identifier": {"type": "mobile", "value": member.mobile, "role": actor.role},
        "userId": str(member.user_id),
    }


def _concept(entry: Entry) -> dict[str, object]:
    """Write the concept of an entry's till: -1 if there is none, and no name if it has none (facts D2)."""
    concept = entry.till.concept if entry.till else None
    if concept is None:
        return {"conceptId": -1}
    return {"conceptId": concept.concept_id, **_known({"conceptName": concept.name})}


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
