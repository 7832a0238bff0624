"""Reconciliations as tables for people: every amount exact, identifiers masked."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from loyalty_async.cli.tables import account_name, add_row, new_table, note, signed
from loyalty_async.reconcile import AccountTotals, Agreement, Comparison, Divergence, Finding, Summary

__all__ = ["comparison_table", "reconcile_tables"]

_STYLES = {Agreement.MISMATCH: "bold red", Agreement.INDETERMINATE: "yellow", Agreement.MATCH: "green"}


def reconcile_tables(summary: Summary, findings: Iterable[Finding], *, seen: int) -> RenderableType:
    """Make a table of totals, and one of the worst differences.

    Args:
        summary: Everything in numbers.
        findings: The rows to show.
        seen: How many there are.
    """
    shown = list(findings)
    parts: list[RenderableType] = [_totals(summary.accounts)] if summary.accounts else []
    if shown:
        parts += [Text(), _differences(shown)]
    if seen > len(shown):
        parts.append(note(f"{len(shown)} of {seen} differences; all are in the report"))
    return Group(*parts)


def comparison_table(comparison: Comparison) -> RenderableType:
    """Make a table of how many entries are the same, and how many are not."""
    counts = {
        "matched": comparison.matched,
        "changed": comparison.changed,
        "only in the file": comparison.only_left,
        "only on the server": comparison.only_right,
    }
    total = sum(counts.values())
    table = new_table()
    table.add_column("entries")
    table.add_column("number", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    for name, count in counts.items():
        add_row(table, name, f"{count:,}", f"{count / total:.2%}" if total else "")
    return table


def _totals(accounts: Iterable[AccountTotals]) -> RenderableType:
    table = new_table()
    table.add_column("account", overflow="fold")
    for column in ("members", "calculated", "reported", "difference"):
        table.add_column(column, justify="right", no_wrap=True)
    for totals in accounts:
        account = totals.account
        name = f"{account_name(account.points_category, account.currency)} ({account.program_id})"
        add_row(table, name, f"{totals.members:,}", totals.calculated, totals.reported, _difference(totals.difference))
    return table


def _differences(findings: Iterable[Finding]) -> RenderableType:
    table = new_table()
    table.add_column("member", overflow="fold")
    table.add_column("account", overflow="fold")
    table.add_column("difference", justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    table.add_column("diverges at", overflow="fold")
    for finding in findings:
        account = finding.account
        verdict = Text(finding.reason or finding.agreement, style=_STYLES[finding.agreement])
        name = account_name(account.account.points_category, account.account.currency) if account else ""
        difference = signed(account.difference) if account else ""
        add_row(table, finding.member, name, difference, verdict, _where(account.divergence if account else None))
    return table


def _where(divergence: Divergence | None) -> str:
    if divergence is None:
        return ""
    if divergence.event_log_id is not None:
        return f"{divergence.until:%Y-%m-%d} {divergence.event_names[0]} {divergence.event_log_id}"
    return f"{divergence.until:%Y-%m-%d} {'several entries' if divergence.event_log_ids else 'no entry'}"


def _difference(points: Decimal) -> str:
    return signed(points) if points else "0"
