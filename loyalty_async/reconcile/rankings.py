"""The findings of greatest weight, in bounded memory: each is held as the few bytes that it is written as."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import count

import attrs

from loyalty_async.reconcile.figures import decimals_of
from loyalty_async.reconcile.findings import Finding, findings_of
from loyalty_async.reconcile.records import read_finding, write_finding
from loyalty_async.reconcile.verdicts import MemberVerdict

__all__ = ["Findings"]


@attrs.define
class Findings:
    """What does not match: the worst so many.

    Attributes:
        most: How many to keep.
        seen: How many there were.
        decimals: Of the amounts of all that there were, the most.
    """

    most: int = 1_000
    seen: int = 0
    decimals: int = 0
    _kept: list[tuple[tuple[bool, Decimal], int, bytes]] = attrs.field(factory=list, repr=False)
    _order: Iterator[int] = attrs.field(factory=lambda: count(0, -1), repr=False)

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def __iter__(self) -> Iterator[Finding]:
        """Give what was kept, the heaviest first."""
        for *_, record in sorted(self._kept, key=lambda kept: kept[:2], reverse=True):
            yield read_finding(record)

    def add(self, verdict: MemberVerdict, member: str) -> list[bytes]:
        """Take in what does not match of one member, and give it as records."""
        found = [(finding, write_finding(finding)) for finding in findings_of(verdict, member)]
        for finding, record in found:
            self._keep(finding, record)
        return [record for _, record in found]

    def restore(self, records: Iterable[bytes]) -> None:
        """Take in records of an earlier run."""
        for record in records:
            self._keep(read_finding(record), record)

    def _keep(self, finding: Finding, record: bytes) -> None:
        self.seen += 1
        self.decimals = max(self.decimals, *map(decimals_of, finding.amounts), 0)
        kept = (finding.weight, next(self._order), record)
        (heapq.heappush if len(self._kept) < self.most else heapq.heappushpop)(self._kept, kept)
