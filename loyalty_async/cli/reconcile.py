"""`loyalty-async reconcile`: does opening + entries = closing, for one member or for millions?"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import anyio
import attrs
from cyclopts import Group, Parameter

from loyalty_async.cli.arguments import read_moment, read_zone
from loyalty_async.cli.connections import Connection, connect
from loyalty_async.cli.displays import rendered
from loyalty_async.cli.ledger_comparisons import Comparing, require_anybody
from loyalty_async.cli.member_lists import read_members
from loyalty_async.cli.members import Whose
from loyalty_async.cli.outcomes import Outcome, describe
from loyalty_async.cli.outputs import complain, standard_output
from loyalty_async.cli.quotas import Quota
from loyalty_async.cli.settings import Settings, load_settings
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument, LoyaltyError
from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.models.vocabulary import Source
from loyalty_async.reconcile import (
    Agreement,
    EntrySource,
    ExportedLedgers,
    Limit,
    ReportFolder,
    Rules,
    UnwrittenReport,
    reconcile_members,
)

__all__ = ["reconcile"]

_SHOWN = 20
"""Differences on the terminal; a screenful."""


@Parameter(name="*", group=Group("Agreement", sort_key=2))
@attrs.frozen(kw_only=True)
class Agreeing:
    """When balances agree, how hard to look, and when to stop."""

    tolerance: Annotated[str, Parameter(help="Largest difference, in points, that still counts as a match.")] = "0"
    rounding: Annotated[
        Literal["nearest", "any", "none"],
        Parameter(help="How the server rounds amounts; what that can explain is indeterminate."),
    ] = "nearest"
    with_currencies: Annotated[bool, Parameter(help="Also alternate currencies.", negative="--without-currencies")] = (
        True
    )
    probes: Annotated[
        int, Parameter(help="Balances to ask for, at most, to find where an account goes wrong; 0 for none.")
    ] = 40
    concurrency: Annotated[int, Parameter(help="How many members at once.")] = 8
    stop_after: Annotated[str | None, Parameter(help="Stop beyond so many mismatches: 100, or 2.5%.")] = None

    def rules(self) -> Rules:
        """Give the rules.

        Raises:
            InvalidArgument: A value that cannot be.
        """
        return Rules(
            tolerance=_number("--tolerance", self.tolerance),
            rounding=self.rounding,
            alternate_currencies=self.with_currencies,
            probes=self.probes,
        )

    def require_unused(self, entries: Path | None) -> None:
        """Refuse what a comparison of ledgers would not heed.

        Raises:
            InvalidArgument: Such an option was given.
        """
        given = attrs.evolve(self, concurrency=_DEFAULT.concurrency)
        names = [field.name for field in attrs.fields(Agreeing)]
        unheeded = [name for name in names if getattr(given, name) != getattr(_DEFAULT, name)]
        if unheeded or entries is not None:
            option = f"--{unheeded[0].replace('_', '-')}" if unheeded else "--entries"
            raise InvalidArgument(
                f"{_NEGATIVE.get(option, option)} has no meaning with --against: leave one of them out"
            )

    def limit(self) -> Limit:
        """Give the limit.

        Raises:
            InvalidArgument: It is neither a number nor a percentage.
        """
        if self.stop_after is None:
            return Limit()
        number = _number("--stop-after", self.stop_after.removesuffix("%"))
        if self.stop_after.endswith("%"):
            return Limit(percent=number)
        if number != int(number):
            raise InvalidArgument("--stop-after must be a whole number, or a percentage such as 2.5%")
        return Limit(mismatches=int(number))


_DEFAULT = Agreeing()
_NEGATIVE = {"--with-currencies": "--without-currencies"}


@attrs.define
class _Job:
    """What is to be reconciled, and what has come of it."""

    client: CapillaryClient
    members: Iterable[Member]
    agreeing: Agreeing
    report: ReportFolder | UnwrittenReport
    entries: EntrySource | None

    async def run(self) -> None:
        """Reconcile all members."""
        async with (
            self.client,
            reconcile_members(
                self.client,
                self.members,
                self.report.span,
                rules=self.report.rules,
                entries=self.entries,
                concurrency=self.agreeing.concurrency,
                limit=self.agreeing.limit(),
                skip=self.report.passes,
                summary=self.report.summary,
            ) as verdicts,
        ):
            async for verdict in verdicts:
                self.report.add(verdict)


def reconcile(
    *,
    whose: Whose | None = None,
    members: Annotated[
        str | None,
        Parameter(
            help="File with a member on each line (mobile=…, email=…, id=…, externalId=… or a user id); - is the "
            "standard input.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    since: Annotated[str, Parameter(help="First moment.")],
    until: Annotated[str, Parameter(help="First moment not wanted any more.")],
    timezone: Annotated[str, Parameter(help="Zone of dates without an offset.")] = "UTC",
    report: Annotated[Path | None, Parameter(help="Folder for the results; made if it is not there.")] = None,
    entries: Annotated[
        Path | None,
        Parameter(help="Folder of an export to take entries from; only balances are asked of the server then."),
    ] = None,
    against: Annotated[
        Path | None,
        Parameter(
            help="Instead compare ledgers as they were written earlier, by `ledger` or `export`, with the server's "
            "now: a file of JSON lines or Parquet, or the folder of an export."
        ),
    ] = None,
    unmasked: Annotated[
        bool,
        Parameter(help="Identifiers in full; only you may read the report then.", negative="", show_default=False),
    ] = False,
    agreeing: Agreeing | None = None,
    quota: Quota | None = None,
    connection: Connection | None = None,
) -> int:
    """Reconcile members: opening balance + entries against closing balance, in every account.

    For example: `loyalty-async reconcile --members ids.txt --since 2025-01-01 --until 2025-02-01 --report january`

    A table goes to the standard output. The report is a page that opens from disk, `report.html`, with all mismatches
    as JSON lines and the totals as CSV beside it. Identifiers are masked; a member is told by its place in the input.
    A run that was cut off goes on if the same command is given again.

    With --against, entries are compared instead, as they were written and as they are, and all differences go to
    `differences.jsonl`.

    The exit code is 0 if everything matches, 1 if something does not or cannot be told, and 2 on any error.
    """
    whose, connection, agreeing = whose or Whose(), connection or Connection(), agreeing or Agreeing()
    quota = quota or Quota()
    settings, began = load_settings(connection.config, os.environ), time.monotonic()
    span = _span(since, until, timezone)
    try:
        listed, rules = _members(whose, members, settings), agreeing.rules()
        client = connect(connection, settings, quota.rate_limit(settings))
        if against is not None:
            agreeing.require_unused(entries)
            return Comparing(
                client=client,
                members=listed,
                span=span,
                earlier=against,
                report=report,
                unmasked=unmasked,
                concurrency=agreeing.concurrency,
            ).run()
        with _exported(entries, span, rules) as source:
            kept = _report(report, span, rules, unmasked=unmasked, entries=entries)
            return _reconcile(_Job(client, listed, agreeing, kept, source), began)
    except LoyaltyError as error:
        complain(describe(error))
        return Outcome.MISUSED


def _reconcile(job: _Job, began: float) -> int:
    report = job.report
    if report.journal.earlier:
        complain(f"going on with an earlier run: {report.journal.earlier:,} members are known")
    try:
        anyio.run(job.run)
        require_anybody(report.summary.members)
        if isinstance(report, ReportFolder):
            report.finish(made_at=datetime.now(UTC))
    finally:
        report.close()
    _show(report)
    summary = report.summary
    counts = ", ".join(f"{agreement.value} {summary.agreements[agreement]:,}" for agreement in Agreement)
    ending = " (stopped early)" if summary.stopped else ""
    seconds = time.monotonic() - began
    print(f"members {summary.members:,}: {counts}; seconds {seconds:.1f}{ending}", file=sys.stderr)
    return Outcome.FINE if summary.agreement is Agreement.MATCH and not summary.stopped else Outcome.UNPROVED


def _show(report: ReportFolder | UnwrittenReport) -> None:
    from loyalty_async.cli.reconcile_tables import reconcile_tables

    findings = islice(report.findings, _SHOWN)
    with standard_output() as write:
        reported = isinstance(report, ReportFolder)
        write(rendered(reconcile_tables(report.summary, findings, seen=report.findings.seen, reported=reported)))
    if report.journal.repeated:
        complain(f"members given more than once, and reconciled once: {report.journal.repeated:,}")
    if isinstance(report, ReportFolder):
        print(f"report: {report.folder / 'report.html'}", file=sys.stderr)


@contextlib.contextmanager
def _exported(folder: Path | None, span: Span, rules: Rules) -> Iterator[EntrySource | None]:
    """Open the export that entries are to come from, if they are."""
    if folder is None:
        yield None
        return
    with ExportedLedgers(folder, span) as ledgers:
        if rules.alternate_currencies and not ledgers.has_currencies:
            raise InvalidArgument("the export has no alternate currencies: give --without-currencies")
        yield ledgers.source


def _report(
    folder: Path | None, span: Span, rules: Rules, *, unmasked: bool, entries: Path | None
) -> ReportFolder | UnwrittenReport:
    if folder is None:
        return UnwrittenReport(span, rules, unmasked)
    source = f"the export {entries.resolve().name}" if entries else ""
    return ReportFolder(folder, span, rules, unmasked=unmasked, source=source)


def _members(whose: Whose, path: str | None, settings: Settings) -> Iterable[Member]:
    """Give the members of the file, or the one of the command line."""
    if path is None:
        return [whose.read(settings)]
    if whose.member is not None or whose.group is not None:
        raise InvalidArgument("give --members, --member or --group, and only one of them")
    setting = settings.find("source", whose.source)
    return read_members(path, source=setting.value if setting else Source.INSTORE, account_id=whose.account_id)


def _span(since: str, until: str, timezone: str) -> Span:
    zone = read_zone("--timezone", timezone)
    first, last = read_moment("--since", since, zone), read_moment("--until", until, zone)
    if first is None or last is None or first.astimezone(UTC) >= last.astimezone(UTC):
        raise InvalidArgument("--since must lie before --until")
    if first.astimezone(UTC) >= datetime.now(UTC):
        raise InvalidArgument("--since must not lie in the future: nothing can be told of it yet")
    return Span(first.astimezone(UTC), last.astimezone(UTC))


def _number(option: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise InvalidArgument(f"{option} must be a number") from None
    if not number.is_finite() or number < 0:
        raise InvalidArgument(f"{option} must be a number of at least 0")
    return number
