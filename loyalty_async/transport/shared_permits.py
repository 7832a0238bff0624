"""Permits of quotas that many processes share; see `reservations` for what they ask for."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self

import anyio
import attrs

from loyalty_async.errors import ApiError, ClientStateError, LoyaltyError, StoreUnavailableError
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.transport.couriers import Carry, Courier
from loyalty_async.transport.permits import Permits
from loyalty_async.transport.reservations import Booking, Question, SharedQuota

__all__ = ["SharedPermits"]

_GREETING, _BOOKING = "greeting", "booking"
"""What questions are called: those that ask for nothing, and those for permits, of which there is one at a time."""


@attrs.define(eq=False)
class _Hand:
    """The permits of a group that were booked and not used yet.

    Attributes:
        quotas: What each of them was booked in.
        ask_at: When to ask for more.
        permits: From when on and until when each may be used.
    """

    quotas: Sequence[SharedQuota]
    ask_at: float = -math.inf
    permits: deque[tuple[float, float]] = attrs.field(factory=deque)

    @property
    def lateness_s(self) -> float:
        return min(quota.lateness_s for quota in self.quotas)

    def drop_late(self, now: float) -> None:
        """Let go of what was not used in time: used now it would come on top of what others use."""
        while self.permits and self.permits[0][1] < now:
            self.permits.popleft()

    def opens_at(self) -> float:
        return self.permits[0][0] if self.permits else self.ask_at

    def is_open(self, now: float) -> bool:
        self.drop_late(now)
        return bool(self.permits) and self.permits[0][0] <= now


@attrs.define(eq=False, kw_only=True)
class SharedPermits(Permits):
    """Permits of which some come from a store.

    One is booked for a moment, not for a call: whoever is first at that moment uses it, and so a call that is cancelled
    takes none with it. What nobody uses in time is gone, it and no other.
    """

    _courier: Courier
    _pause_key: str
    _shared: Mapping[str, Sequence[SharedQuota]]
    _fallback: Permits | None
    _hands: dict[str, _Hand] = attrs.field(init=False)
    _told: ApiError | None = attrs.field(default=None, init=False)
    _told_until: float = attrs.field(default=-math.inf, init=False)
    _quickest_s: float = attrs.field(default=math.inf, init=False)
    _odd: str = attrs.field(default="", init=False)
    _complained: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        Permits.__attrs_post_init__(self)
        common = self._shared.get("", ())
        quotas = {group: (*common, *(self._shared.get(group, ()) if group else ())) for group in self._quotas}
        self._hands = {group: _Hand(needed) for group, needed in quotas.items() if needed}

    @classmethod
    def from_shared_limits(
        cls,
        limits: Sequence[RateLimit],
        groups: Mapping[str, Sequence[RateLimit]],
        *,
        learn: bool,
        scope: str,
        courier: Courier,
    ) -> SharedPermits:
        """Make the quotas for limits of the client and of groups, of which some are shared.

        Args:
            limits: The client's.
            groups: Those of groups, beside them.
            learn: Whether to learn another one from what the server says.
            scope: What the store has them under; processes that give the same share them.
            courier: The way to the store.
        """
        everything = {"": limits, **groups}
        ours = {group: [each for each in its if not each.store] for group, its in everything.items()}
        shared = {group: [each for each in its if each.store] for group, its in everything.items()}
        instead = {group: [each.fallback for each in its if each.fallback] for group, its in shared.items()}
        local = Permits.from_limits(ours.pop(""), ours, learn=learn)
        return cls(
            limits=local._limits,  # noqa: SLF001 - it is of this very family
            groups=local._groups,  # noqa: SLF001
            learnt=local._learnt,  # noqa: SLF001
            courier=courier,
            pause_key=f"{scope}:pause",
            shared={g: [SharedQuota.from_limit(each, scope, g) for each in its] for g, its in shared.items()},
            fallback=Permits.from_limits(instead.pop(""), instead, learn=False) if any(instead.values()) else None,
        )

    async def __aenter__(self) -> Self:
        """Begin to talk to the store."""
        await self._courier.open(self._greet)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Tell the store of a pause that it has not heard of, and leave it."""
        await self._courier.close()

    @property
    def limited(self) -> bool:
        """Whether there is any quota."""
        return True

    @property
    def store(self) -> str | None:
        """How the store is: `well`, `away`, or `fallback` if it is away and the fallback counts."""
        if not self._courier.away:
            return "well"
        return "fallback" if self._fallback else "away"

    @property
    def round_trips(self) -> int:
        """How many questions the store answered."""
        return self._courier.round_trips

    def opens_at(self, group: str) -> float:
        """Tell when a permit may be used, or when to ask for one."""
        return max(Permits.opens_at(self, group), self._source_opens_at(group))

    def is_open(self, group: str, now: float) -> bool:
        """Tell whether a permit can be taken."""
        return Permits.is_open(self, group, now) and self._source_is_open(group, now)

    def take(self, group: str, now: float) -> bool:
        """Use up a permit of every quota if all are open and there is no pause; tell whether."""
        if not self._source_is_open(group, now) or not Permits.take(self, group, now):
            return False
        if self._courier.away and self._fallback:
            return self._fallback.take(self._fallback.group(group), now)
        if group in self._hands:
            self._hands[group].permits.popleft()
        return True

    def listen(self, news: Callable[[], None]) -> None:
        """Tell whenever the store has answered, or has not."""
        self._courier.listen(news)

    def order(self, group: str, wanted: Callable[[], int]) -> None:
        """Have permits booked in the store; what it brings is for whoever is first by then."""
        self._courier.post(_BOOKING, partial(self._book, group, wanted))

    def refusal(self, group: str) -> LoyaltyError | None:
        """Make the error for a request of a group whose store is away and has no fallback."""
        if group not in self._hands:
            return None
        if not self._courier.is_open:
            return ClientStateError("a shared limit works while its client is open")
        if not self._courier.away or self._fallback:
            return None
        problem, cure = "does not answer", "start it, correct RateLimit.store"
        if self._courier.refuses:
            problem, cure = "refuses all questions", "correct the password, user or database in RateLimit.store"
        return StoreUnavailableError(
            f"not sent: the store of the shared limit {problem} ({self._courier.away}); "
            f"{cure}, or give the limit a fallback="
        )

    def halt(self, now: float, until: float, error: ApiError) -> bool:
        """Let nobody send before *until*, in any process; tell whether that is later than before."""
        if not Permits.halt(self, now, until, error):
            return False
        self._told, self._told_until = error, until
        self._courier.post(_GREETING, self._greet)
        return True

    def left(self, now: float, group: str = "") -> int | None:
        """Count the requests of a group that could be sent now: of a shared quota those that are booked."""
        if self._courier.away and self._fallback:
            return _least(Permits.left(self, now, group), self._fallback.left(now, self._fallback.group(group)))
        hand = self._hands.get(group)
        booked = None if hand is None or now < self.pause.until else sum(at <= now <= end for at, end in hand.permits)
        return _least(Permits.left(self, now, group), booked)

    def intervals_s(self, group: str) -> Sequence[float]:
        """Give the seconds from one request to the next, by each quota of a group that counts now."""
        own, hand = Permits.intervals_s(self, group), self._hands.get(group)
        if hand is None:
            return own
        if self._courier.away and self._fallback:
            return [*own, *self._fallback.intervals_s(self._fallback.group(group))]
        return [*own, *(quota.interval_s for quota in hand.quotas)]

    def complaint(self) -> str:
        """Say, once, that other processes use a quota with another count or burst."""
        if not self._odd or self._complained:
            return ""
        self._complained = True
        return (
            f"the shared limit {self._odd} is used with another count or burst elsewhere, so neither is kept; "
            "give all processes the same RateLimit, or another name="
        )

    def _source_opens_at(self, group: str) -> float:
        if group not in self._hands:
            return -math.inf
        if not self._courier.away:
            hand = self._hands[group]
            return math.inf if self._courier.carries(_BOOKING) and not hand.permits else hand.opens_at()
        return self._fallback.opens_at(self._fallback.group(group)) if self._fallback else -math.inf

    def _source_is_open(self, group: str, now: float) -> bool:
        if group not in self._hands:
            return True
        if not self._courier.away:
            return self._hands[group].is_open(now)
        return self._fallback is not None and self._fallback.is_open(self._fallback.group(group), now)

    async def _greet(self, carry: Carry) -> None:
        """Ask for nothing: tell of our pause, hear of that of others, and let all quotas begin."""
        quotas = {quota.key: quota for hand in self._hands.values() for quota in hand.quotas}
        await self._ask(carry, list(quotas.values()))

    async def _book(self, group: str, wanted: Callable[[], int], carry: Carry) -> None:
        hand = self._hands[group]
        asked_at = anyio.current_time()
        answer = await self._ask(carry, hand.quotas, wanted())
        now = anyio.current_time()
        hand.ask_at = now + answer.again_s
        # Never too early; and late counts from the quickest round trip on: what all permits are late by brings no two
        # of them closer together.
        end_at = asked_at + self._quickest_s + hand.lateness_s
        hand.permits.extend((now + wait_s, end_at + wait_s) for wait_s in answer.waits_s)

    async def _ask(self, carry: Carry, quotas: Sequence[SharedQuota], wanted: int = 0) -> Booking:
        asked_at = anyio.current_time()
        question = Question(
            pause_key=self._pause_key,
            quotas=quotas,
            wanted=wanted,
            pause_s=max(self._told_until - asked_at, 0.0),
            error=self._told,
        )
        answer = await carry(question)
        now = anyio.current_time()
        self._quickest_s = min(self._quickest_s, now - asked_at)
        self.pause.extend(now, now + answer.pause_s, answer.error)
        if answer.odd and not self._odd:
            self._odd = quotas[answer.odd - 1].key
        return answer


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
