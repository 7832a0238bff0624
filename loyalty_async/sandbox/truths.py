"""The truth about a member, in a form of its own: what a client must come to when it has read everything."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from loyalty_async.sandbox.answers import Printer, printed
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import ZERO, Detail, Entry, Transaction, net_alternates


def member_truth(
    ledger: Ledger, user_id: int, printer: Printer, *, since: datetime | None = None, until: datetime | None = None
) -> dict[str, object]:
    """Tell count, ids, sums and complete rows of a member's entries with since <= created_at < until.

    Entries come by (created_at, eventLogId). Sums are of the lines, by `program|category|currency|type`, with no
    currency for points. All lines are there: a request shows those of alternate currencies only if it asks for them.

    Raises:
        KeyError: There is no such member.
    """
    entries = ledger.entries(user_id, since=since, until=until)
    return {
        "userId": user_id,
        "count": len(entries),
        "ids": [entry.event_log_id for entry in entries],
        "sums": _sums(entries),
        "entries": [_row(entry, printer) for entry in entries],
    }


def _sums(entries: list[Entry]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for entry in entries:
        for line in entry.details:
            key = f"{line.program.program_id}|{line.category}|{line.currency or ''}|{line.kind}"
            sums[key] = sums.get(key, ZERO) + line.points
    return {key: printed(sums[key]) for key in sorted(sums)}


def _row(entry: Entry, printer: Printer) -> dict[str, object]:
    till, program = entry.till, entry.source_program
    return {
        "eventLogId": entry.event_log_id,
        "createdAt": entry.created_at.isoformat(timespec="microseconds"),
        "eventName": entry.event_name,
        "customerId": entry.customer_id,
        "netPoints": printed(printer.net_points(entry, entry.details)),
        "netAlternateCurrencies": {name: printed(net) for name, net in net_alternates(entry.details).items()},
        "details": [_line(line) for line in entry.details],
        "transaction": _transaction(entry.transaction) if entry.transaction else None,
        "store": till.store.name if till else "",
        "storeCode": till.store.code if till else "",
        "tillCode": till.code if till else "",
        "sourceProgramId": program.program_id if program else None,
        "sourceProgramName": program.name if program and entry.source_named else None,
        "orgId": entry.org_id,
        "eventDetails": printer.event_details(entry),
    }


def _line(line: Detail) -> list[object]:
    program = line.program
    return [line.kind, printed(line.points), line.category, program.program_id, program.name, line.currency]


def _transaction(transaction: Transaction) -> dict[str, object]:
    return {
        "id": transaction.transaction_id,
        "number": transaction.number,
        "date": transaction.date.isoformat(timespec="microseconds"),
        "amount": printed(transaction.amount),
        "grossAmount": printed(transaction.gross_amount),
        "source": transaction.source,
    }
