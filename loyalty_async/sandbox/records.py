"""What the sandbox keeps: members, entries, and the organisation that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from typing import Final, Literal

import attrs

Kind = Literal["CREDIT", "DEBIT", "OPENING_BALANCE"]
GroupKind = Literal["USERGROUP2", "FLEET"]
MAIN: Final = "Main"
PROMISED: Final = "DelayedAccrualPointCategory"
TRIGGER_BASED: Final = "ExternalTriggerBasedPointCategory"
ZERO: Final = Decimal("0.000")
_ROOMY: Final = Context(prec=200)  # Digits; sums of what any test may book are exact.


@attrs.frozen
class Program:
    """A loyalty program; `scale` is the number of decimals that its points are printed with."""

    program_id: int
    name: str
    scale: int = 3


@attrs.frozen
class Store:
    """A store, which has one or several tills."""

    store_id: int
    code: str
    name: str


@attrs.frozen
class Concept:
    """What a till is a part of, such as a brand."""

    concept_id: int
    name: str | None = None


@attrs.frozen
class Till:
    """A till; `program_id` is the program of its concept, `ahead` how far its wall clock is ahead of UTC."""

    till_id: int
    code: str
    store: Store
    program_id: int
    ahead: timedelta = timedelta(0)
    concept: Concept | None = None


@attrs.frozen(kw_only=True)
class Organisation:
    """The programs, tills and alternate currencies that requests and entries may name.

    Attributes:
        org_id: The organisation's id.
        programs: The first is the default program.
        tills: Where entries are made.
        currencies: The names of its alternate currencies.
        connected: The organisations that a data scope may name.
    """

    org_id: int
    programs: tuple[Program, ...]
    tills: tuple[Till, ...]
    currencies: tuple[str, ...]
    connected: tuple[int, ...] = ()


@attrs.frozen
class Detail:
    """One line of an entry: points of one category, or of one alternate currency, credited, debited or opened with."""

    kind: Kind
    points: Decimal
    category: str
    program: Program
    currency: str | None = None

    @property
    def signed(self) -> Decimal:
        """The points with their effect on a net: an opening balance has none."""
        return {"CREDIT": self.points, "DEBIT": self.points.copy_negate(), "OPENING_BALANCE": ZERO}[self.kind]

    @property
    def effect(self) -> Decimal:
        """The points with their effect on a balance: it begins with the opening balance."""
        return self.points if self.kind == "OPENING_BALANCE" else self.signed


@attrs.frozen(kw_only=True)
class Transaction:
    """A bill; its date is the till's wall clock, without an offset."""

    transaction_id: int
    number: str
    date: datetime
    amount: Decimal
    gross_amount: Decimal
    source: str = "instore"


@attrs.frozen(kw_only=True)
class Member:
    """A customer of the loyalty programs."""

    user_id: int
    mobile: str
    email: str
    external_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None

    @property
    def owner_id(self) -> int:
        """The number under which the ledger keeps the member's entries."""
        return self.user_id


@attrs.frozen(kw_only=True)
class GroupMember:
    """Somebody in a group, with a role such as owner or driver."""

    member: Member
    role: str


@attrs.frozen(kw_only=True)
class Group:
    """Customers that share a ledger; the first of them is the primary member."""

    group_id: int
    external_id: str
    kind: GroupKind
    members: tuple[GroupMember, ...]

    @property
    def owner_id(self) -> int:
        """The number under which the ledger keeps the group's entries: minus its id, as entries print it."""
        return -self.group_id

    @property
    def primary(self) -> Member:
        """The primary member."""
        return self.members[0].member


Owner = Member | Group
"""Whoever has a ledger."""


@attrs.frozen(kw_only=True, eq=False)
class Entry:
    """One ledger entry. Entries are compared by identity: equal rows may well be two real entries.

    `event_details` may hold datetimes: aware ones are written in the server's zone, naive ones as they are. `actor` is
    who in a group made the entry.
    """

    event_log_id: int
    event_name: str
    customer_id: int
    created_at: datetime
    details: tuple[Detail, ...]
    net_points: Decimal
    transaction: Transaction | None = None
    till: Till | None = None
    event_details: Mapping[str, str | int | datetime | None] = attrs.field(factory=dict)
    source_program: Program | None = None
    source_named: bool = True
    org_id: int | None = None
    actor: GroupMember | None = None

    @property
    def happened_at(self) -> datetime:
        """The event's own date where one is reported, else that of the entry."""
        reported = self.event_details.get("eventDate")
        return reported if isinstance(reported, datetime) else self.created_at


def net_alternates(details: tuple[Detail, ...]) -> dict[str, Decimal]:
    """Sum the alternate currencies of an entry's lines, by name."""
    nets: dict[str, Decimal] = {}
    for detail in details:
        if detail.currency is not None:
            nets[detail.currency] = nets.get(detail.currency, ZERO) + detail.signed
    return nets


def total(points: Iterable[Decimal], start: Decimal = ZERO) -> Decimal:
    """Add points up, exactly; the sum has at least the decimals of the start."""
    with localcontext(_ROOMY):
        return sum(points, start=start)


_HIGH_STREET = Store(51001, "highstreet", "High Street")
_HARBOUR = Store(51002, "harbour", "Harbour Mall")
_ONLINE = Store(51003, "online", "Online")
_INDIA_AHEAD = timedelta(hours=5, minutes=30)
DEFAULT_PROGRAM: Final = Program(973, "Everyday Program", 2)
CARD_PROGRAM: Final = Program(2199, "Card Program", 3)
_EVERYDAY_CONCEPT = Concept(8101, "Everyday")
_CARD_CONCEPT = Concept(8102, "Card")
_NAMELESS_CONCEPT = Concept(8103)
DEFAULT_ORGANISATION: Final = Organisation(
    org_id=100737,
    programs=(DEFAULT_PROGRAM, CARD_PROGRAM),
    tills=(
        Till(700101, "highstreet.1", _HIGH_STREET, DEFAULT_PROGRAM.program_id, concept=_EVERYDAY_CONCEPT),
        Till(700102, "highstreet.2", _HIGH_STREET, CARD_PROGRAM.program_id, concept=_CARD_CONCEPT),
        Till(700201, "harbour.1", _HARBOUR, DEFAULT_PROGRAM.program_id, _INDIA_AHEAD, _NAMELESS_CONCEPT),
        Till(700202, "harbour.2", _HARBOUR, CARD_PROGRAM.program_id, _INDIA_AHEAD, _CARD_CONCEPT),
        Till(700301, "web", _ONLINE, DEFAULT_PROGRAM.program_id),
    ),
    currencies=("Stars", "Stamps", "Tier-points"),
    connected=(200801, 200802, 200803),
)
