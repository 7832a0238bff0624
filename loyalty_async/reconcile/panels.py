"""The table of differences, and what unfolds below each of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from itertools import pairwise

from loyalty_async.models.vocabulary import LedgerEntryType
from loyalty_async.reconcile.charts import chart
from loyalty_async.reconcile.explanations import REASONS, account_words, explain, program_words, verdict_words
from loyalty_async.reconcile.figures import aligned, amount, decimals_of, plain, signed_amount
from loyalty_async.reconcile.findings import Finding
from loyalty_async.reconcile.postings import minus
from loyalty_async.reconcile.verdicts import AccountVerdict, Divergence, Movement, Step

__all__ = ["findings_table", "movement_table"]

_CHARTS = 200
"""So many of the heaviest rows have a drawing: each is some kilobytes."""
_COLUMNS = (
    ("Member", ""),
    ("Account", ""),
    ("Calculated", "number"),
    ("Reported", "number"),
    ("Difference", "number"),
    ("Verdict", ""),
    ("First divergence", ""),
)
_KINDS: Mapping[str, str] = {
    LedgerEntryType.OPENING_BALANCE: "Opening",
    LedgerEntryType.CREDIT: "Credit",
    LedgerEntryType.DEBIT: "Debit",
}


def findings_table(findings: Iterable[Finding], decimals: int) -> Iterator[str]:
    """Draw the table, a row at a time; each has a button that unfolds its panel.

    Args:
        findings: The rows.
        decimals: The most decimals of any of their amounts.
    """
    heads = "".join(
        f'<th scope="col" class="{kind}"><button type="button">{name}<span class="sorted" aria-hidden="true"></span>'
        "</button></th>"
        for name, kind in _COLUMNS
    )
    yield f'<table id="findings"><thead><tr>{heads}</tr></thead><tbody>'
    for place, finding in enumerate(findings):
        figures = [aligned(text, decimals) for text in _figures(finding)]
        yield _row(place, finding, figures) + _panel(place, finding)
    yield "</tbody></table>"


def movement_table(movements: Iterable[Movement]) -> str:
    """Draw what came and went, by type and event name."""
    listed = list(movements)
    points = _column([movement.points for movement in listed])
    rows = "".join(
        f'<tr><td>{escape(_KINDS.get(movement.kind, movement.kind))}</td><th scope="row">{escape(movement.event_name)}'
        f'</th><td class="number">{movement.count:,}</td><td class="number">{text}</td></tr>'
        for movement, text in zip(listed, points, strict=True)
    )
    return (
        '<table class="small"><thead><tr><th scope="col">Type</th><th scope="col">Event</th>'
        '<th scope="col" class="number">Lines</th><th scope="col" class="number">Points</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _figures(finding: Finding) -> tuple[str, str, str]:
    account = finding.account
    if account is None:
        return "", "", ""
    reported = "none" if account.reported is None else amount(account.reported)
    return amount(account.calculated), reported, signed_amount(account.difference)


def _column(amounts: Sequence[Decimal], write: Callable[[Decimal], str] = amount) -> list[str]:
    """Write a column of amounts, lined up at the decimal point."""
    decimals = max(map(decimals_of, amounts), default=0)
    return [aligned(write(each), decimals) for each in amounts]


def _row(place: int, finding: Finding, figures: Sequence[str]) -> str:
    account, panel = finding.account, f"panel-{place}"
    values = list(map(plain, finding.amounts)) or ["", "", ""]
    numbers = "".join(
        f'<td class="number" data-label="{name}" data-value="{value or 0}">{text}</td>'
        for (name, _), text, value in zip(_COLUMNS[2:5], figures, values, strict=True)
    )
    where = "" if account is None else escape(account_words(account.account))
    program = "" if account is None else escape(program_words(account.account))
    return (
        f'<tr class="row {finding.agreement}" data-panel="{panel}" data-kind="{finding.agreement}" '
        f'data-words="{escape(_words(finding))}"><th scope="row" data-value="{finding.number}">'
        f'<button type="button" class="toggle" aria-expanded="false" aria-controls="{panel}">'
        f'<span class="fold" aria-hidden="true"></span><span class="name">{escape(finding.member)}</span></button>'
        f'<span class="place">no. {finding.number:,}</span></th>'
        f'<td data-label="Account"><span class="cell">{where} <span class="program">{program}</span></span>'
        f"</td>{numbers}"
        f'<td data-label="Verdict"><span class="verdict {finding.agreement}">'
        f"{verdict_words(finding.agreement, finding.reason)}</span></td>{_divergence_cell(finding)}</tr>"
    )


def _divergence_cell(finding: Finding) -> str:
    divergence = finding.account.divergence if finding.account else None
    if divergence is None:
        words = '<span class="faint">not found</span>' if finding.account else ""
        return f'<td data-label="First divergence" data-value="0">{words}</td>'
    return (
        f'<td data-label="First divergence" data-value="{divergence.until.timestamp():.0f}">'
        f'<span class="cell">{_when(divergence)} <span class="program">{escape(divergence.words)}</span></span></td>'
    )


def _when(divergence: Divergence) -> str:
    """Name the day; without an entry the second, or from when to when."""
    form = "%d %b %Y" if divergence.event_log_ids or not divergence.is_sharp else "%d %b %Y %H:%M:%S"
    until = f'<time datetime="{divergence.until.isoformat()}">{divergence.until:{form}}</time>'
    if divergence.event_log_ids or divergence.is_sharp:
        return until
    return f'<time datetime="{divergence.since.isoformat()}">{divergence.since:%d %b}</time> to {until}'


def _words(finding: Finding) -> str:
    """Give what a search looks through."""
    account = finding.account
    words = [finding.member, str(finding.number), verdict_words(finding.agreement, finding.reason)]
    if account is not None:
        words += [account_words(account.account), program_words(account.account), str(account.account.program_id)]
        words += [
            plain(account.calculated),
            plain(account.difference),
            "" if account.reported is None else plain(account.reported),
        ]
        if account.divergence is not None:
            words += [*map(str, account.divergence.event_log_ids), *dict.fromkeys(account.divergence.event_names)]
            words.append(f"{account.divergence.until:%d %b %Y}")
    return " ".join(words).lower()


def _panel(place: int, finding: Finding) -> str:
    account = finding.account
    if account is None:
        codes = f" Codes: {', '.join(map(str, finding.codes))}." if finding.codes else ""
        content = f"<p>{REASONS[finding.reason] if finding.reason else ''}{codes}</p>"
    else:
        drawing = chart(account) if place < _CHARTS else ""
        content = (
            f'<p class="words">{escape(explain(account))}</p>{drawing}<div class="grids">'
            f"{_near_table(finding.near, account.divergence)}{_equation(account)}</div>"
        )
    return (
        f'<tr class="panel" id="panel-{place}" hidden><td colspan="{len(_COLUMNS)}">'
        f'<div class="inside">{content}</div></td></tr>'
    )


def _equation(account: AccountVerdict) -> str:
    moved = movement_table(account.movements) if account.movements else "<p>No entry in this account.</p>"
    return f"<div><h3>What moved, from an opening of {amount(account.opening)}</h3>{moved}</div>"


def _near_table(steps: Sequence[Step], divergence: Divergence | None) -> str:
    """Draw the entries about a divergence, with the running balance that they make."""
    pairs = list(pairwise(steps))
    if divergence is None or not pairs:
        return ""
    points = _column([minus(step.balance, before.balance) for before, step in pairs], signed_amount)
    balances = _column([step.balance for _, step in pairs])
    drawn = [
        _near_row(step, texts, divergence)
        for (_, step), texts in zip(pairs, zip(points, balances, strict=True), strict=True)
    ]
    if not divergence.event_log_ids:
        place = sum(step.at < divergence.until for _, step in pairs)
        drawn.insert(place, _gap_row(divergence))
    rows = "".join(drawn)
    return (
        '<div><h3>Entries about the divergence</h3><table class="small"><thead><tr>'
        '<th scope="col">Event</th><th scope="col" class="number">Points</th><th scope="col" class="number">Running'
        f"</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _gap_row(divergence: Divergence) -> str:
    """Draw what came or went without an entry."""
    event = f'no entry <span class="flag">diverges</span> <span class="program">by {_moment(divergence.until)}</span>'
    points = signed_amount(divergence.difference)
    return f'<tr class="diverging"><th scope="row">{event}</th><td class="number">{points}</td><td></td></tr>'


def _near_row(step: Step, texts: tuple[str, str], divergence: Divergence) -> str:
    marked = divergence.since <= step.at < divergence.until
    begin, flag = ('<tr class="diverging">', ' <span class="flag">diverges</span>') if marked else ("<tr>", "")
    return (
        f'{begin}<th scope="row">{escape(step.event_name or "")}{flag} '
        f'<span class="program">{step.event_log_id}, {_moment(step.at)}</span></th>'
        f'<td class="number">{texts[0]}</td><td class="number">{texts[1]}</td></tr>'
    )


def _moment(at: datetime) -> str:
    return f'<time datetime="{at.isoformat()}">{at:%d %b %Y}</time> <time>{at:%H:%M:%S}</time>'
