"""How long to wait before a call is sent again, and whether it is worth it.

All calls only read, so sending one again is always safe. The server's own number comes before ours if it is longer; a
server that asks for longer than the caller accepts is obeyed by failing, never by calling early. Our own wait is drawn
evenly from zero to a bound that doubles ("full jitter", Marc Brooker, "Exponential Backoff And Jitter", AWS
Architecture Blog, 2015), so that many callers that failed together do not come back together.
"""

from __future__ import annotations

import attrs

from loyalty_async.errors import ApiError, LoyaltyError, MalformedAnswerError, TransportError
from loyalty_async.models.fields import require_count, require_positive
from loyalty_async.protocol.codes import CODES, TRANSIENT_CODES

__all__ = ["RetryPolicy", "backoff_s", "next_delay_s"]


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """When to try again.

    Attributes:
        attempts: How often a call is sent at most; 1 means never again.
        first_delay_s: Bound of the first wait, in seconds.
        longest_delay_s: Bound of any wait that we choose.
        longest_wait_s: The longest wait that a server may ask for; a longer one fails the call. Whatever it asks for,
            after an hour a call is sent to see.
    """

    attempts: int = attrs.field(default=6, validator=require_count)
    first_delay_s: float = attrs.field(default=0.5, validator=require_positive)
    longest_delay_s: float = attrs.field(default=20.0, validator=require_positive)
    longest_wait_s: float = attrs.field(default=90.0, validator=require_positive)


def backoff_s(failures: int, policy: RetryPolicy, draw: float) -> float:
    """Choose a wait, in seconds, after so many failures in a row.

    Args:
        failures: How many, from 1.
        policy: What the caller accepts.
        draw: A random number from 0 to 1.
    """
    return float(min(policy.first_delay_s * 2 ** min(failures - 1, 30), policy.longest_delay_s) * draw)


def next_delay_s(error: LoyaltyError, attempt: int, policy: RetryPolicy, draw: float) -> float | None:
    """Decide how long to wait after an attempt that failed; None means that the error is the caller's now.

    Args:
        error: What the attempt ended in.
        attempt: Its number, from 1.
        policy: What the caller accepts.
        draw: A random number from 0 to 1.
    """
    if attempt >= policy.attempts or not _is_transient(error):
        return None
    asked = getattr(error, "retry_after_s", None)
    chosen = backoff_s(attempt, policy, draw)
    if asked is None:
        return chosen
    return max(float(asked) + policy.first_delay_s * draw, chosen) if asked <= policy.longest_wait_s else None


def _is_transient(error: LoyaltyError) -> bool:
    """An answer that is no document was cut off or came from a gateway; one of the wrong shape will stay wrong."""
    if isinstance(error, ApiError):
        known = [code for code in error.codes if code in CODES]
        return not TRANSIENT_CODES.isdisjoint(known or [error.status])
    if isinstance(error, MalformedAnswerError):
        return error.cut_off
    return isinstance(error, TransportError)
