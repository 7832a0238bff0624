"""The truth about an owner, in a form of its own: what a client must come to when it has read everything.

An owner is a member, by the user id, or a group, by minus its id.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from loyalty_async.sandbox.accounts import account_of
from loyalty_async.sandbox.answers import Printer, printed
from loyalty_async.sandbox.explosions import REFUSED_NAME
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import ZERO, Detail, Entry, Owner, Transaction, net_alternates, total
from loyalty_async.sandbox.schedules import scheduled_points, trigger_based_points
from loyalty_async.sandbox.times import Calendar


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


def owner_balances(ledger: Ledger, owner_id: int, *, at: datetime | None = None) -> dict[str, object]:
    """Tell what is in each account, by `program|category|currency`: of all entries, or of those before an instant.

    Raises:
        KeyError: There is no such ledger.
    """
    accounts: dict[str, list[Decimal]] = {}
    for entry in ledger.entries(owner_id, until=at):
        for line in entry.details:
            key = f"{line.program.program_id}|{line.category}|{line.currency or ''}"
            accounts.setdefault(key, []).append(line.points.copy_negate() if line.kind == "DEBIT" else line.points)
    return {"ownerId": owner_id, "balances": {key: printed(total(accounts[key])) for key in sorted(accounts)}}


def owner_events(ledger: Ledger, owner_id: int) -> dict[str, object]:
    """Tell how many events each id has, by the id's first entry, and which ids cannot be exploded.

    Raises:
        KeyError: There is no such ledger.
    """
    events: dict[str, int] = {}
    refused: dict[int, None] = {}
    for entry in ledger.entries(owner_id):
        if entry.event_name == REFUSED_NAME:
            refused[entry.event_log_id] = None
        else:
            events[str(entry.event_log_id)] = events.get(str(entry.event_log_id), 0) + 1
    return {"ownerId": owner_id, "events": events, "refused": list(refused)}


def owner_promises(ledger: Ledger, owner: Owner, calendar: Calendar, now: datetime) -> dict[str, object]:
    """Tell what is promised at a moment: by `program|day|type`, and by `program|type` what waits for an event."""
    programs = ledger.organisation.programs
    scheduled = scheduled_points(ledger, owner, programs, calendar, now)
    waiting = trigger_based_points(ledger, owner, programs, now)
    return {
        "ownerId": owner.owner_id,
        "scheduled": {
            f"{program_id}|{day}|{points_type}": printed(points)
            for (day, program_id, points_type), points in scheduled.items()
        },
        "triggerBased": {
            f"{program_id}|{points_type}": printed(points) for (program_id, points_type), points in waiting.items()
        },
    }


def member_accounts(ledger: Ledger, user_id: int) -> dict[str, object]:
    """Tell total and active points by `program|currency`, with no currency for points, as Altcraft has them.

    Raises:
        LookupError: There is no such member.
    """
    member = ledger.find("id", str(user_id))
    if member is None:
        raise LookupError(f"no member {user_id}")
    accounts = {
        f"{program.program_id}|{currency or ''}": account_of(ledger, member, program, currency)
        for program in ledger.organisation.programs
        for currency in (None, *ledger.organisation.currencies)
    }
    return {
        "userId": user_id,
        "accounts": {key: [printed(account.total), printed(account.active)] for key, account in accounts.items()},
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
