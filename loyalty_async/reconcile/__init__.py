"""Does opening balance + entries = closing balance, for everyone, and where does it first go wrong?

`reconcile_member` answers for one member, `reconcile_members` for any number, `match_accounts` from figures that are
there already; `compare_ledgers` and `compare_members` hold an earlier export against the server, `match_systems`
Altcraft against Capillary.
"""

from loyalty_async.reconcile.comparisons import (
    Comparisons,
    ComparisonSummary,
    Earlier,
    MemberComparison,
    compare_members,
)
from loyalty_async.reconcile.crosschecks import Crosscheck, CrosscheckVerdict, match_systems
from loyalty_async.reconcile.differences import DifferencesFolder
from loyalty_async.reconcile.divergences import Search, next_instant, settle
from loyalty_async.reconcile.explanations import explain
from loyalty_async.reconcile.exported_ledgers import ExportedLedgers
from loyalty_async.reconcile.exported_rows import member_of, read_exported
from loyalty_async.reconcile.findings import Finding
from loyalty_async.reconcile.journals import Journal
from loyalty_async.reconcile.ledgers import Change, Comparison, Counts, Difference, compare_ledgers
from loyalty_async.reconcile.masks import masked, named
from loyalty_async.reconcile.matching import Rules, match_accounts
from loyalty_async.reconcile.postings import Account, Line, Posting, Reported, post, reported_of
from loyalty_async.reconcile.rankings import Findings
from loyalty_async.reconcile.readings import reconcile_member
from loyalty_async.reconcile.reports import ReportFolder
from loyalty_async.reconcile.sources import EntrySource, Proved, exported_entries, ledger_entries
from loyalty_async.reconcile.summaries import AccountTotals, Limit, Summary
from loyalty_async.reconcile.totals import Rounding
from loyalty_async.reconcile.unwritten import UnwrittenReport
from loyalty_async.reconcile.verdicts import (
    AccountVerdict,
    Agreement,
    Divergence,
    MemberVerdict,
    Movement,
    NetCheck,
    Reason,
    Step,
)
from loyalty_async.reconcile.workers import Verdicts, reconcile_members
from loyalty_async.wire.rows import read_rows

__all__ = [
    "Account",
    "AccountTotals",
    "AccountVerdict",
    "Agreement",
    "Change",
    "Comparison",
    "ComparisonSummary",
    "Comparisons",
    "Counts",
    "Crosscheck",
    "CrosscheckVerdict",
    "Difference",
    "DifferencesFolder",
    "Divergence",
    "Earlier",
    "EntrySource",
    "ExportedLedgers",
    "Finding",
    "Findings",
    "Journal",
    "Limit",
    "Line",
    "MemberComparison",
    "MemberVerdict",
    "Movement",
    "NetCheck",
    "Posting",
    "Proved",
    "Reason",
    "ReportFolder",
    "Reported",
    "Rounding",
    "Rules",
    "Search",
    "Step",
    "Summary",
    "UnwrittenReport",
    "Verdicts",
    "compare_ledgers",
    "compare_members",
    "explain",
    "exported_entries",
    "ledger_entries",
    "masked",
    "match_accounts",
    "match_systems",
    "member_of",
    "named",
    "next_instant",
    "post",
    "read_exported",
    "read_rows",
    "reconcile_member",
    "reconcile_members",
    "reported_of",
    "settle",
]
