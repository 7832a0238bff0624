from __future__ import annotations

import pytest

from loyalty_async.errors import (
    ApiError,
    ConnectionFailedError,
    DeadlineExceededError,
    LoyaltyError,
    MalformedAnswerError,
    MemberNotFoundError,
    RateLimitedError,
    UnavailableError,
)
from loyalty_async.protocol.signals import Signal, is_locked, signal_of


def refusal(kind: type[ApiError], status: int, *codes: int) -> ApiError:
    error = kind("no")
    error.status, error.codes = status, codes
    return error


CASES: list[tuple[LoyaltyError | None, Signal]] = [
    (None, Signal.WELL),
    (refusal(MemberNotFoundError, 200, 8015), Signal.WELL),
    (refusal(RateLimitedError, 429), Signal.FULL),
    (refusal(RateLimitedError, 200, 429), Signal.FULL),
    (refusal(RateLimitedError, 200, 517), Signal.FULL),
    (refusal(RateLimitedError, 400, 402), Signal.WELL),  # Altcraft's tariff: no wait helps.
    (refusal(UnavailableError, 503), Signal.BUSY),
    (refusal(UnavailableError, 503, 4001), Signal.BUSY),
    (refusal(UnavailableError, 200, 503), Signal.BUSY),
    (refusal(UnavailableError, 504), Signal.LATE),
    (refusal(UnavailableError, 502), Signal.SILENT),
    (refusal(UnavailableError, 500), Signal.SILENT),
    (refusal(UnavailableError, 521), Signal.SILENT),
    (refusal(UnavailableError, 503, 521), Signal.SILENT),
    (refusal(UnavailableError, 461), Signal.WELL),
    (DeadlineExceededError("late"), Signal.LATE),
    (ConnectionFailedError("reset"), Signal.SILENT),
    (MalformedAnswerError("cut off"), Signal.SILENT),
]


@pytest.mark.parametrize(("error", "signal"), CASES)
def test_what_an_attempt_tells(error: LoyaltyError | None, signal: Signal) -> None:
    assert signal_of(error) is signal


def test_which_signals_halt_and_which_press() -> None:
    assert [signal for signal in Signal if signal.halts] == [Signal.FULL, Signal.BUSY]
    assert [signal for signal in Signal if signal.presses] == [Signal.FULL, Signal.BUSY, Signal.LATE]


@pytest.mark.parametrize(
    ("error", "locked"),
    [
        (refusal(UnavailableError, 521), True),
        (refusal(UnavailableError, 200, 521), True),
        (refusal(UnavailableError, 521, 9003), False),
        (refusal(UnavailableError, 503), False),
        (ConnectionFailedError("reset"), False),
        (None, False),
    ],
)
def test_which_error_says_that_a_member_is_locked(error: LoyaltyError | None, locked: bool) -> None:
    assert is_locked(error) is locked
