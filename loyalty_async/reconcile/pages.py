"""One page to read: self-contained, and nothing in it asks the network for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from html import escape
from importlib.resources import files

import attrs

from loyalty_async.models.spans import Span
from loyalty_async.models.vocabulary import LedgerEntryType
from loyalty_async.reconcile.explanations import account_words, program_words
from loyalty_async.reconcile.figures import aligned, amount, decimals_of, signed_amount
from loyalty_async.reconcile.matching import Rules
from loyalty_async.reconcile.panels import findings_table, movement_table
from loyalty_async.reconcile.postings import exact_sum
from loyalty_async.reconcile.rankings import Findings
from loyalty_async.reconcile.summaries import AccountTotals, Summary
from loyalty_async.reconcile.totals import Rounding
from loyalty_async.reconcile.verdicts import Agreement

__all__ = ["Page", "render"]

_ASSETS = files("loyalty_async.reconcile")
_FIGURES = ("Opening", "Credits", "Debits", "Calculated", "Reported", "Difference")


_ROUNDING: Mapping[Rounding, str] = {
    "nearest": "Amounts are taken to be rounded to the nearest.",
    "any": "Amounts may have been rounded in any way.",
    "none": "Amounts are taken not to be rounded.",
}
_CONTROLS = (
    '<div class="controls" role="search"><label>Search '
    '<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="member, program, event, id">'
    '</label><label>Show <select id="kinds"><option value="">everything</option>'
    '<option value="mismatch">mismatches</option><option value="indeterminate">indeterminate</option></select></label>'
    '<output id="status" for="search kinds" aria-live="polite"></output></div>'
)


@attrs.frozen(kw_only=True)
class Page:
    """What the page shows.

    Attributes:
        summary: Everything in numbers.
        findings: What does not match.
        span: What was asked for.
        rules: When balances agreed.
        made_at: When the run was made.
        unmasked: Whether identifiers are shown in full.
        source: Where the entries are from, if not from the server.
    """

    summary: Summary
    findings: Findings
    span: Span
    rules: Rules
    made_at: datetime
    unmasked: bool = False
    source: str = ""


def render(page: Page) -> Iterator[str]:
    """Write the page as HTML, part by part: a thousand differences are never text all at once.

    Its content security policy allows its own style and script, and no request at all.
    """
    style, script = _asset("report.css"), _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,">\n<title>Reconciliation, {_period(page.span)}</title>\n'
        f"<style>\n{style}</style>\n<noscript><style>.panel[hidden]{{display:table-row}}</style></noscript>\n"
        f"</head>\n<body>\n{_header(page)}{_totals(page.summary)}"
    )
    yield from _findings(page)
    yield f"{_notes(page)}{_footer(page)}\n<script>{script}</script>\n</body>\n</html>\n"


def _asset(name: str) -> str:
    return _ASSETS.joinpath(name).read_text(encoding="utf-8")


def _header(page: Page) -> str:
    summary = page.summary
    tiles = [
        ("members", "Members", summary.members),
        ("match", "Match", summary.agreements[Agreement.MATCH]),
        ("mismatch", "Mismatch", summary.agreements[Agreement.MISMATCH]),
        ("indeterminate", "Indeterminate", summary.agreements[Agreement.INDETERMINATE]),
        ("entries", "Entries", summary.entries),
    ]
    drawn = "".join(f'<div class="tile {kind}"><dt>{name}</dt><dd>{count:,}</dd></div>' for kind, name, count in tiles)
    return (
        '<header><p class="eyebrow">Loyalty ledger reconciliation</p>'
        f'<h1>{_period(page.span)}</h1><p class="lede">{_sentence(summary)}</p>'
        f'<p class="made">{_exactly(page)}</p></header>\n<main>\n'
        f'<section aria-labelledby="outcome"><h2 id="outcome" class="unseen">Outcome</h2><dl class="tiles">{drawn}</dl>'
        "</section>\n"
    )


def _sentence(summary: Summary) -> str:
    wrong, untold = summary.agreements[Agreement.MISMATCH], summary.agreements[Agreement.INDETERMINATE]
    stopped = " The run stopped early because so much was wrong: there are more members." if summary.stopped else ""
    if not summary.members:
        return f"No member was reconciled.{stopped}"
    if not (wrong or untold):
        whole = "The one member matches" if summary.members == 1 else f"All {summary.members:,} members match"
        return f'<strong class="good">{whole}</strong>: every balance is what its entries make of it.{stopped}'
    right = summary.agreements[Agreement.MATCH]
    parts = [
        f'<strong class="bad">{wrong:,} {"does" if wrong == 1 else "do"} not</strong>' if wrong else "",
        f"{untold:,} cannot be told" if untold else "",
    ]
    rest = " and ".join(filter(None, parts))
    return f"{right:,} of {summary.members:,} members match ({_share(right, summary.members)}); {rest}.{stopped}"


def _share(count: int, of: int) -> str:
    """Give a share in percent, cut off: what is not everything is never 100."""
    return f"{(Decimal(100 * count) / of).quantize(Decimal('0.1'), ROUND_DOWN)}%"


def _exactly(page: Page) -> str:
    """Say to the second what was checked, when, and from what."""
    since, until = (
        f"{end.astimezone(UTC):%d %B %Y %H:%M:%S}".lstrip("0") for end in (page.span.since, page.span.until)
    )
    made = f"{page.made_at.astimezone(UTC):%d %B %Y at %H:%M} UTC".lstrip("0")
    source = f" Entries are from {escape(page.source)}, balances from the server." if page.source else ""
    is_over = page.span.until <= page.made_at
    ahead = "" if is_over else " That end lay ahead: members were read up to the moment of the check."
    return f"From {since} up to, not including, {until} UTC. Checked on {made}.{ahead}{source}"


def _section(name: str, title: str, content: str) -> str:
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>{content}</section>\n'


def _totals(summary: Summary) -> str:
    if not summary.accounts:
        return ""
    figures = [_figures(totals) for totals in summary.accounts]
    decimals = max(decimals_of(figure) for row in figures for figure in row)
    rows = "".join(_total_row(totals, row, decimals) for totals, row in zip(summary.accounts, figures, strict=True))
    heads = "".join(f'<th scope="col" class="number">{name}</th>' for name in _FIGURES)
    table = (
        '<div class="scroll" role="region" aria-labelledby="totals" tabindex="0"><table class="totals"><thead><tr>'
        f'<th scope="col">Account</th><th scope="col" class="number">Members</th>{heads}'
        '<th scope="col" class="number">Not matching</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    return _section("totals", "Totals by program, category and currency", table + _movements(summary))


def _figures(totals: AccountTotals) -> list[Decimal]:
    opened = totals.moved(LedgerEntryType.OPENING_BALANCE)
    return [
        exact_sum((totals.opening, opened)),
        totals.moved(LedgerEntryType.CREDIT),
        totals.moved(LedgerEntryType.DEBIT),
        totals.calculated,
        totals.reported,
        totals.difference,
    ]


def _total_row(totals: AccountTotals, row: Sequence[Decimal], decimals: int) -> str:
    wrong = totals.members - totals.agreements[Agreement.MATCH]
    figures = [aligned(text, decimals) for text in (*map(amount, row[:-1]), signed_amount(row[-1]))]
    cells = "".join(
        f'<td class="number" data-label="{name}">{text}</td>' for name, text in zip(_FIGURES, figures, strict=True)
    )
    kind = "off" if totals.difference else "even"
    return (
        f'<tr class="{kind}"><th scope="row">{_account_cell(totals)}</th>'
        f'<td class="number" data-label="Members">{totals.members:,}</td>{cells}'
        f'<td class="number" data-label="Not matching">{wrong:,}</td></tr>'
    )


def _account_cell(totals: AccountTotals) -> str:
    account = totals.account
    return f'{escape(account_words(account))} <span class="program">{escape(program_words(account))}</span>'


def _movements(summary: Summary) -> str:
    drawn = "".join(
        f"<h3>{escape(program_words(totals.account))}: {escape(account_words(totals.account))}</h3>"
        f"{movement_table(movement for _, movement in sorted(totals.movements.items()))}"
        for totals in summary.accounts
        if totals.movements
    )
    title = "<summary>What moved, by type and event</summary>"
    return f'<details class="more">{title}<div class="grids">{drawn}</div></details>'


def _findings(page: Page) -> Iterable[str]:
    kept, seen = len(page.findings), page.findings.seen
    if not kept:
        yield _section("differences", "Differences", "<p>There are none.</p>")
        return
    yield '<section aria-labelledby="differences"><h2 id="differences">Differences</h2>'
    if seen > kept:
        yield f"<p>These are the {kept:,} largest of {seen:,}; all are in mismatches.jsonl.</p>"
    yield _CONTROLS
    yield from findings_table(page.findings, page.findings.decimals)
    yield '<p id="none" hidden>Nothing fits this search.</p></section>\n'


def _notes(page: Page) -> str:
    tolerance, nets = amount(page.rules.tolerance), page.summary
    notes = {
        "Calculated": "The opening balance that the server reports, and every entry since, added up exactly.",
        "Reported": "The closing balance that the server reports, as of a second in which no entry falls.",
        "Difference": "Reported less calculated: above nought, the server has too much.",
        "Mismatch": f"They differ by more than the tolerance of {tolerance}, and nothing known explains it.",
        "Indeterminate": f"It cannot be told; the reason stands beside it. {_ROUNDING[page.rules.rounding]}",
        "Nets": (
            f"Of {nets.nets_compared:,} entries with a net, {nets.nets_differing:,} have one that is not the sum of "
            "their details. Nets are rounded otherwise and may mix currencies; the details count."
        ),
    }
    drawn = "".join(f"<div><dt>{name}</dt><dd>{words}</dd></div>" for name, words in notes.items())
    return _section("notes", "How to read this", f'<dl class="notes">{drawn}</dl>')


def _footer(page: Page) -> str:
    shown = "in full: treat this page as personal data" if page.unmasked else "masked"
    return (
        f"</main>\n<footer><p>All times are UTC. Identifiers are {shown}. This page asks the network for nothing.</p>"
        "</footer>"
    )


def _period(span: Span) -> str:
    """Name a stretch of time as people do: by months or days if it is made of them, the last one included."""
    since, until = (end.astimezone(UTC) for end in (span.since, span.until))
    if any(end.time() != time() for end in (since, until)):
        return " to ".join(f"{end:%d %B %Y %H:%M}".lstrip("0") for end in (since, until))
    last = until - timedelta(days=1)
    form = "%B %Y" if since.day == until.day == 1 else "%d %B %Y"
    begin, end = (day.strftime(form).lstrip("0") for day in (since, last))
    if begin == end:
        return end
    year = f" {last.year}"
    return f"{begin.removesuffix(year) if since.year == last.year else begin} to {end}"
