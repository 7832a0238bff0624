"""The running balance of one account as a drawing that needs nothing but the page it stands on.

Lines are SVG, stretched to the place there is (`vector-effect` keeps their width); words and numbers are HTML beside
them, so that they are as legible on a phone as on a screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from html import escape

import attrs

from loyalty_async.reconcile.figures import amount, signed_amount
from loyalty_async.reconcile.verdicts import AccountVerdict, Step

__all__ = ["chart"]

_SIDE = 1000
"""Of the square that everything is drawn in, before it is stretched."""
_ROOM = Decimal("0.08")
"""Left free above and below."""
_TICKS = 4
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_LEFT_THIRD, _RIGHT_THIRD = _SIDE / 3, 2 * _SIDE / 3


@attrs.frozen
class _Frame:
    """From instants and points to places in the square."""

    since: datetime
    until: datetime
    lowest: Decimal
    highest: Decimal

    def x(self, at: datetime) -> float:
        share = (at - self.since) / (self.until - self.since)
        return round(min(max(share, 0.0), 1.0) * _SIDE, 1)

    def y(self, points: Decimal) -> float:
        return round(float((self.highest - points) / (self.highest - self.lowest)) * _SIDE, 1)


def chart(verdict: AccountVerdict) -> str:
    """Draw the running balance, what the server reported, and where the two part.

    Args:
        verdict: An account with a trail.

    Returns:
        HTML; nothing if there is nothing to draw.
    """
    if not verdict.trail or not verdict.readings:
        return ""
    frame = _frame(verdict.trail, verdict.readings)
    ticks = _ticks(frame)
    grid = "".join(
        f'<line class="grid" x1="0" x2="{_SIDE}" y1="{frame.y(tick)}" y2="{frame.y(tick)}"/>' for tick in ticks
    )
    lines = f"{_band(verdict, frame)}{_line(verdict.trail, frame)}{_parting(verdict, frame)}{_gap(verdict, frame)}"
    svg = (
        f'<svg viewBox="0 0 {_SIDE} {_SIDE}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(_described(verdict, frame))}">{grid}{lines}{_dots(verdict.readings, frame)}'
        f"{_ring(verdict, frame)}</svg>"
    )
    labels = "".join(f'<span style="top:{frame.y(tick) / _SIDE:.2%}">{amount(tick)}</span>' for tick in ticks)
    return (
        f'<figure class="chart"><div class="plot">{svg}{_mark(verdict, frame)}'
        f'<div class="scale" aria-hidden="true">{labels}</div></div>'
        f'<div class="days" aria-hidden="true">{_days(frame)}</div>{_LEGEND}</figure>'
    )


_LEGEND = (
    '<figcaption><span class="key line">calculated</span><span class="key dot">reported</span>'
    '<span class="key ring">first divergence</span><span class="key band">difference</span></figcaption>'
)


def _frame(trail: Sequence[Step], readings: Sequence[Step]) -> _Frame:
    balances = [step.balance for step in (*trail, *readings)]
    lowest, highest = min(balances), max(balances)
    room = (highest - lowest) * _ROOM or Decimal(1)
    since = min(trail[0].at, readings[0].at)
    return _Frame(since, max(trail[-1].at, readings[-1].at), lowest - room, highest + room)


def _ticks(frame: _Frame) -> list[Decimal]:
    """Choose round numbers, about four."""
    wanted = (frame.highest - frame.lowest) / _TICKS
    power = Decimal(1).scaleb(wanted.adjusted())
    step = next(power * each for each in _STEPS if power * each >= wanted)
    first = (frame.lowest / step).to_integral_value(rounding="ROUND_CEILING") * step
    ticks = [first + step * place for place in range(_TICKS + 1)]
    return [_short(tick) for tick in ticks if tick <= frame.highest]


def _short(tick: Decimal) -> Decimal:
    whole = tick.to_integral_value()
    return whole if whole == tick else tick.normalize()


def _line(trail: Sequence[Step], frame: _Frame) -> str:
    first, *rest = trail
    path = f"M0 {frame.y(first.balance)}" + "".join(f"H{frame.x(step.at)}V{frame.y(step.balance)}" for step in rest)
    path += f"H{_SIDE}"
    return f'<path class="balance" d="{path}"/>'


def _dots(readings: Iterable[Step], frame: _Frame) -> str:
    places = [(frame.x(step.at), frame.y(step.balance)) for step in readings]
    return "".join(f'<path class="{kind}" d="M{x} {y}h0"/>' for kind in ("rim", "dot") for x, y in places)


def _gap(verdict: AccountVerdict, frame: _Frame) -> str:
    """Show the difference at the end."""
    reported = verdict.reported or Decimal(0)
    return f'<path class="gap" d="M{_SIDE} {frame.y(verdict.calculated)}V{frame.y(reported)}"/>'


def _band(verdict: AccountVerdict, frame: _Frame) -> str:
    divergence = verdict.divergence
    if divergence is None:
        return ""
    since, until = frame.x(divergence.since), frame.x(divergence.until)
    return f'<rect class="band" x="{since}" y="0" width="{max(until - since, 0.1):.1f}" height="{_SIDE}"/>'


def _parting(verdict: AccountVerdict, frame: _Frame) -> str:
    divergence = verdict.divergence
    return "" if divergence is None else f'<path class="parting" d="M{frame.x(divergence.until)} 0V{_SIDE}"/>'


def _ring(verdict: AccountVerdict, frame: _Frame) -> str:
    """Mark what is calculated where it goes wrong: behind the diverging entry."""
    divergence = verdict.divergence
    if divergence is None:
        return ""
    balance = [step.balance for step in verdict.trail if step.at < divergence.until][-1]
    place = f'd="M{frame.x(divergence.until)} {frame.y(balance)}h0"'
    return f'<path class="ring" {place}/><path class="hole" {place}/>'


def _mark(verdict: AccountVerdict, frame: _Frame) -> str:
    """Write when, at the diverging entry, on the side where there is room."""
    divergence = verdict.divergence
    if divergence is None:
        return ""
    x = frame.x(divergence.until)
    side = "before" if x > _RIGHT_THIRD else "behind" if x < _LEFT_THIRD else "about"
    words = f"{signed_amount(divergence.difference)} on {divergence.until:%d %b %Y}"
    return f'<span class="mark {side}" style="left:{x / _SIDE:.2%}" aria-hidden="true">{escape(words)}</span>'


def _days(frame: _Frame) -> str:
    middle = frame.since + (frame.until - frame.since) / 2
    days = (frame.since, middle, frame.until)
    return "".join(f"<span>{day.astimezone(UTC):%d %b %Y}</span>" for day in days)


def _described(verdict: AccountVerdict, frame: _Frame) -> str:
    words = (
        f"Running balance from {frame.since:%d %b %Y} to {frame.until:%d %b %Y}: it begins with "
        f"{amount(verdict.opening)} and ends with {amount(verdict.calculated)} calculated, "
        f"{amount(verdict.reported or Decimal(0))} reported."
    )
    divergence = verdict.divergence
    return words if divergence is None else f"{words} They part on {divergence.until:%d %b %Y at %H:%M:%S}."
