"""`getCustomerLedgerInfo`, v2 and v2.1: the entries of a ledger, page by page (seed 002, facts D2)."""

from __future__ import annotations

from loyalty_async.sandbox.answers import Reply
from loyalty_async.sandbox.calls import Call, World
from loyalty_async.sandbox.filters import select
from loyalty_async.sandbox.paths import LEDGER_INFO_SCOPED_PATH
from loyalty_async.sandbox.refusals import nothing_there
from loyalty_async.sandbox.rules import read_ledger_query
from loyalty_async.sandbox.scopes import read_scope


def answer_page(world: World, call: Call) -> Reply:
    """Answer with one page of a ledger; v2 knows no data scope and sees every organisation's entries."""
    ledger, settings = world.ledger, world.settings
    scoped = call.path == LEDGER_INFO_SCOPED_PATH
    org_ids = read_scope(call.headers, ledger.organisation, settings) if scoped else None
    reading = read_ledger_query(call.query, ledger, settings, org_ids)
    rows = select(ledger.book(reading.owner.owner_id), reading.selection)
    size = reading.size
    page = rows[reading.page * size : (reading.page + 1) * size]
    if not page:
        raise nothing_there()
    total = max(0, len(rows) + settings.miscount)
    paging = (reading.page, size, total, -(-total // size))
    body = world.printer.page(reading.owner, page, paging, concepts=reading.concepts)
    return Reply(body=body, entries=len(page))
