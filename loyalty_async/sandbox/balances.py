"""`getCustomerLedgerBalance`: what an owner has, by program, category and currency (seed 000, facts D1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import attrs

from loyalty_async.sandbox.answers import Reply, customer_details, encode, paging_details, printed
from loyalty_async.sandbox.books import Book, microseconds
from loyalty_async.sandbox.calls import Call, World
from loyalty_async.sandbox.filters import Row, Selection, select, wants_account
from loyalty_async.sandbox.identifiers import BALANCE_LOOKUP, find_owner, read_identity
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.parameters import (
    CATEGORIES,
    Query,
    end_microsecond,
    read_category,
    read_date,
    read_flag,
    read_kind,
    read_names,
    read_paging,
    read_tills,
)
from loyalty_async.sandbox.records import Detail, Entry, Owner, Program, total
from loyalty_async.sandbox.refusals import Refusal, nothing_there
from loyalty_async.sandbox.settings import Settings

Account = tuple[Program, str, str | None]
"""The program, the points category, and the alternate currency if it is none of points."""

_CATEGORY_TYPES: Final[Mapping[str, str]] = {name: word for word, name in CATEGORIES.items()}


@attrs.frozen(kw_only=True)
class Reading:
    """A balance request that obeys the rules."""

    owner: Owner
    page: int
    size: int
    selection: Selection

    @property
    def is_filtered(self) -> bool:
        """Whether entries, and not only accounts, are filtered."""
        return self.selection.kind is not None or self.selection.till_ids is not None


def answer_balance(world: World, call: Call) -> Reply:
    """Answer with all accounts at once: the paging figures count the entries of the ledger."""
    ledger, settings = world.ledger, world.settings
    reading = read_balance_query(call.query, ledger, settings)
    book = ledger.book(reading.owner.owner_id)
    rows = select(book, reading.selection)
    pages = -(-len(rows) // reading.size)
    if reading.page >= max(pages, 0 if settings.refuses_empty_balances else 1):
        raise nothing_there()
    balances = closing_balances(_lines(book, rows, reading, settings))
    shown = [
        _balance(account, points)
        for account, points in balances.items()
        if wants_account(reading.selection, account[1], account[2])
    ]
    details = {**paging_details(reading.page, reading.size, len(rows), pages), "ledgerClosingBalance": shown}
    answer = {**customer_details(reading.owner), "ledgerDetails": details, "warnings": []}
    return Reply(body=encode(answer).encode())


def read_balance_query(query: Query, ledger: Ledger, settings: Settings) -> Reading:
    """Check a balance request and say what it asks for.

    `includeTillConceptEvents` is only checked: without a programId, which this endpoint has not, there is no concept.

    Raises:
        Refusal: The request breaks a rule.
    """
    identity = read_identity(query, BALANCE_LOOKUP)
    page, size = read_paging(query, settings)
    end = read_date(query, "endDate")
    read_flag(query, "includeTillConceptEvents")
    points, currencies = _read_currencies(query, ledger)
    selection = Selection(
        kind=read_kind(query),
        category=read_category(query),
        till_ids=read_tills(query, ledger),
        points=points,
        currencies=currencies,
        order="created",
    )
    owner = find_owner(identity, ledger)
    if end is not None:
        shift_s = settings.balance_shift_s + ledger.book(owner.owner_id).shift_s
        until_us = end_microsecond(end + timedelta(seconds=shift_s), settings)
        selection = attrs.evolve(selection, until_us=until_us)
    return Reading(owner=owner, page=page, size=size, selection=selection)


def closing_balances(lines: Iterable[Detail]) -> dict[Account, Decimal]:
    """Add the lines of each account up, exactly: the opening balance and the credits, without the debits."""
    accounts: dict[Account, list[Decimal]] = {}
    for line in lines:
        accounts.setdefault((line.program, line.category, line.currency), []).append(line.effect)
    return {account: total(effects) for account, effects in accounts.items()}


def balances_at(book: Book, instant: datetime | None = None) -> dict[Account, Decimal]:
    """Give what is in each account just before an instant; None for now and all that is booked for later."""
    entries = book.between(None, None if instant is None else microseconds(instant))
    return closing_balances(line for entry in entries for line in entry.details)


def _lines(book: Book, rows: list[Row], reading: Reading, settings: Settings) -> list[Detail]:
    """Give the lines that count."""
    if reading.is_filtered and settings.filtered_balances == "sum_of_view":
        return [line for entry, mask in rows for bit, line in enumerate(entry.details) if mask >> bit & 1]
    entries = book.between(None, reading.selection.until_us)
    if reading.is_filtered:
        entries = _up_to(entries, rows[-1][0]) if rows else []
    lines = [line for entry in entries for line in entry.details]
    return lines if reading.is_filtered else [*lines, *book.slipped(reading.selection.until_us)]


def _up_to(entries: list[Entry], last: Entry) -> list[Entry]:
    place = next(place for place, entry in enumerate(entries) if entry is last)
    return entries[: place + 1]


def _read_currencies(query: Query, ledger: Ledger) -> tuple[bool, frozenset[str] | None]:
    """Say whether points are wanted, and which alternate currencies (None: all).

    "If the value is true, includeAlternateCurrencies lists all the available currencies" (seed 000), named or not.
    """
    names = read_names(query, "alternateCurrencyNames")
    if not names <= frozenset(ledger.organisation.currencies):
        raise Refusal(9005, "Invalid alternateCurrencyNames passed in request")
    if read_flag(query, "includeAlternateCurrencies"):
        return True, None
    return not names, names


def _balance(account: Account, points: Decimal) -> dict[str, object]:
    program, category, currency = account
    alternate = {"alternateCurrency": currency, "alternateCurrencyCategory": _CATEGORY_TYPES.get(category, category)}
    return {
        "pointsCategory": category if currency is None else f"{currency}_PointCategory",
        "programName": program.name,
        "programId": program.program_id,
        "closingBalance": printed(points),
        **(alternate if currency is not None else {}),
    }
