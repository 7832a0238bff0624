"""Reconciliations as tables for people: every amount exact, identifiers masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from loyalty_async.cli.tables import account_name, add_row, new_table, note, signed
from loyalty_async.reconcile import AccountTotals, Agreement, Counts, Divergence, Finding, Summary
from loyalty_async.reconcile.figures import plain

__all__ = ["comparison_table", "reconcile_tables"]

_STYLES = {Agreement.MISMATCH: "bold red", Agreement.INDETERMINATE: "yellow", Agreement.MATCH: "green"}


def reconcile_tables(summary: Summary, findings: Iterable[Finding], *, seen: int, reported: bool) -> RenderableType:
    """Make a table of totals, and one of the worst differences.

    Args:
        summary: Everything in numbers.
        findings: The rows to show.
        seen: How many there are.
        reported: Whether there is a report that has all of them.
    """
    shown, accounts = list(findings), summary.accounts
    parts: list[RenderableType] = [_totals(accounts)] if accounts else []
    if shown:
        parts += [Text(), _differences(shown)]
    if seen > len(shown):
        where = "all are in the report" if reported else "--report writes all of them"
        parts.append(note(f"{len(shown)} of {seen:,} differences; {where}"))
    return Group(*parts)


def comparison_table(comparison: Counts) -> RenderableType:
    """Make a table of how many entries are the same, and how many are not."""
    counts = {
        "matched": comparison.matched,
        "changed": comparison.changed,
        "only in the file": comparison.only_left,
        "only on the server": comparison.only_right,
    }
    table = new_table()
    table.add_column("entries")
    table.add_column("number", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    for name, count in counts.items():
        add_row(table, name, f"{count:,}", _share(count, comparison.total))
    return table


def _share(count: int, total: int) -> str:
    """Give a share in percent, cut off: what is not everything is never 100."""
    return f"{Decimal(10_000 * count // total).scaleb(-2)}%" if total else ""


def _totals(accounts: Sequence[AccountTotals]) -> RenderableType:
    table = new_table()
    table.add_column("account", overflow="fold")
    table.add_column("members", justify="right", no_wrap=True)
    for column in ("calculated", "reported", "difference"):
        table.add_column(column, no_wrap=True)
    columns = [
        _lined_up([plain(each.calculated) for each in accounts]),
        _lined_up([plain(each.reported) for each in accounts]),
        _lined_up([signed(each.difference) if each.difference else "0" for each in accounts]),
    ]
    for totals, *figures in zip(accounts, *columns, strict=True):
        account = totals.account
        name = f"{account_name(account.points_category, account.currency)} ({account.program_id})"
        add_row(table, name, f"{totals.members:,}", *figures)
    return table


def _differences(findings: Sequence[Finding]) -> RenderableType:
    table = new_table()
    table.add_column("no.", justify="right", no_wrap=True)
    table.add_column("member", overflow="fold")
    table.add_column("account", overflow="fold")
    table.add_column("difference", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    table.add_column("first divergence", overflow="fold")
    differences = _lined_up([signed(each.account.difference) if each.account else "" for each in findings])
    for finding, difference in zip(findings, differences, strict=True):
        account = finding.account
        verdict = Text(finding.reason or finding.agreement, style=_STYLES[finding.agreement])
        name = account_name(account.account.points_category, account.account.currency) if account else ""
        where = _where(account.divergence if account else None)
        add_row(table, f"{finding.number}", finding.member, name, difference, verdict, where)
    return table


def _where(divergence: Divergence | None) -> str:
    if divergence is None:
        return ""
    if divergence.event_log_ids:
        return f"{divergence.until:%Y-%m-%d} {divergence.words}"
    if divergence.is_sharp:
        return f"{divergence.until:%Y-%m-%d %H:%M:%S} {divergence.words}"
    return f"{divergence.since:%Y-%m-%d} to {divergence.until:%Y-%m-%d} {divergence.words}"


def _lined_up(texts: Sequence[str]) -> list[str]:
    """Pad amounts so that their decimal points stand below one another; every character is as wide."""
    parts = [text.partition(".") for text in texts]
    before = max((len(whole) for whole, *_ in parts), default=0)
    behind = max((len(point + fraction) for _, point, fraction in parts), default=0)
    return [whole.rjust(before) + (point + fraction).ljust(behind) for whole, point, fraction in parts]
