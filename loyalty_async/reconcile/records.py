"""What a run that was cut off goes on with, as documents: the sums over all members, and what did not match.

No amount loses a digit. A finding holds its member as the report shows it.
"""

from __future__ import annotations

import zlib
from collections import Counter
from decimal import Decimal
from typing import Any, Final

import attrs

from loyalty_async.errors import InvalidArgument, MalformedAnswerError
from loyalty_async.reconcile.findings import Finding
from loyalty_async.reconcile.postings import Account
from loyalty_async.reconcile.summaries import AccountTotals, Summary
from loyalty_async.reconcile.verdicts import Agreement, Movement
from loyalty_async.wire.documents import decode_json, encode_json
from loyalty_async.wire.rows import read_model

__all__ = ["read_finding", "read_summary", "write_finding", "write_summary"]

_LEVEL: Final = 1
"""Of zlib: a running balance shrinks to a fifth at any level."""
_COUNTS: Final = ("members", "entries", "nets_compared", "nets_differing")
_AMOUNTS: Final = ("opening", "calculated", "reported", "difference")


def write_finding(finding: Finding) -> bytes:
    """Write a finding, as small as it gets: a report holds a thousand of them."""
    return zlib.compress(encode_json(finding), _LEVEL)


def read_finding(record: bytes) -> Finding:
    """Read back what `write_finding` wrote."""
    finding: Finding = read_model(decode_json(zlib.decompress(record)), Finding)
    return finding


def write_summary(summary: Summary) -> bytes:
    """Write a summary as JSON."""
    document = {name: getattr(summary, name) for name in _COUNTS}
    document |= {"agreements": summary.agreements, "reasons": summary.reasons}
    return encode_json({**document, "accounts": list(map(_totals_document, summary.accounts))})


def read_summary(record: bytes) -> Summary:
    """Read back what `write_summary` wrote.

    Raises:
        InvalidArgument: It is no such record.
    """
    try:
        document: Any = decode_json(record)
        return Summary(
            **{name: document[name] for name in _COUNTS},
            agreements=_agreements(document["agreements"]),
            reasons=Counter(document["reasons"]),
            accounts={totals.account: totals for totals in map(_totals, document["accounts"])},
        )
    except (LookupError, MalformedAnswerError, TypeError, ValueError) as problem:
        raise InvalidArgument(f"this is no record of a summary: {type(problem).__name__}") from None


def _totals_document(totals: AccountTotals) -> dict[str, Any]:
    names = [field.name for field in attrs.fields(AccountTotals) if field.name != "movements"]
    return {**{name: getattr(totals, name) for name in names}, "movements": list(totals.movements.values())}


def _totals(document: Any) -> AccountTotals:
    movements: tuple[Movement, ...] = read_model(document["movements"], tuple[Movement, ...])
    return AccountTotals(
        account=read_model(document["account"], Account),
        members=document["members"],
        agreements=_agreements(document["agreements"]),
        movements={(movement.kind, movement.event_name): movement for movement in movements},
        **{name: Decimal(document[name]) for name in _AMOUNTS},
    )


def _agreements(counts: dict[str, int]) -> Counter[Agreement]:
    return Counter({Agreement(name): count for name, count in counts.items()})
