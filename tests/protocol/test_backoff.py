from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import (
    ApiError,
    ClientStateError,
    ConnectionFailedError,
    DeadlineExceededError,
    IncompleteLedgerError,
    InvalidArgument,
    LoyaltyError,
    MalformedAnswerError,
    RateLimitedError,
    TransportError,
    UnavailableError,
)
from loyalty_async.protocol.backoff import RetryPolicy, backoff_s, next_delay_s
from loyalty_async.protocol.codes import CODES, TRANSIENT_CODES, meaning
from loyalty_async.wire.problems import cut_off

POLICY = RetryPolicy(attempts=6, first_delay_s=0.5, longest_delay_s=20.0, longest_wait_s=90.0)

# The list of design §6, written out: a code that slips out of it, or in, must be noticed.
RETRIED = {429, 461, 502, 503, 504, 517, 520, 521, 4001, 9004, 11002}


def refused(*codes: int, status: int = 200, retry_after: float | None = None) -> ApiError:
    error = meaning(codes, status)[0]("refused")
    error.codes, error.status = codes, status
    if isinstance(error, RateLimitedError | UnavailableError):
        error.retry_after_s = retry_after
    return error


def malformed(path: str = "") -> MalformedAnswerError:
    error = MalformedAnswerError("malformed")
    error.path = path
    return error


# ---- What is worth another try ---------------------------------------------------------------------------------------


def test_the_transient_codes_are_those_of_the_design() -> None:
    assert set(TRANSIENT_CODES) == RETRIED


def is_retried(error: LoyaltyError) -> bool:
    return next_delay_s(error, 1, POLICY, 1.0) is not None


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_code_is_retried_if_it_passes(status: int) -> None:
    assert {code for code in {*CODES, *RETRIED} if is_retried(refused(code, status=status))} == RETRIED


def test_a_status_without_codes_is_retried_if_it_passes() -> None:
    assert {status for status in range(300, 600) if is_retried(refused(status=status))} == RETRIED & {*range(300, 600)}


@pytest.mark.parametrize("status", [429, 503])
def test_a_known_code_overrules_the_status(status: int) -> None:
    assert not is_retried(refused(8015, status=status))
    assert not is_retried(refused(500, status=status))


@pytest.mark.parametrize("status", [429, 503])
def test_an_unknown_code_leaves_the_decision_to_the_status(status: int) -> None:
    assert is_retried(refused(987_654, status=status))
    assert not is_retried(refused(987_654, status=400))


@pytest.mark.parametrize(
    "error", [TransportError(), ConnectionFailedError(), DeadlineExceededError(), cut_off("no JSON")]
)
def test_what_got_lost_on_the_way_is_retried(error: LoyaltyError) -> None:
    assert is_retried(error)


@pytest.mark.parametrize(
    "error",
    [
        malformed(),
        malformed("ledgerEntries[3].points"),
        LoyaltyError(),
        InvalidArgument(),
        ClientStateError(),
        IncompleteLedgerError(),
        refused(500),
        refused(9003),
        refused(status=500),
    ],
)
def test_what_will_be_the_same_next_time_is_not_retried(error: LoyaltyError) -> None:
    assert not is_retried(error)


# ---- How long --------------------------------------------------------------------------------------------------------


def test_the_bound_doubles_up_to_the_longest() -> None:
    policy = RetryPolicy(attempts=100, first_delay_s=0.5, longest_delay_s=20.0)
    bounds = [next_delay_s(refused(503), attempt, policy, 1.0) for attempt in range(1, 9)]
    assert bounds == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]


def test_many_attempts_do_not_overflow() -> None:
    policy = RetryPolicy(attempts=10**6)
    assert next_delay_s(refused(503), 10**6 - 1, policy, 1.0) == 20.0


@given(attempt=st.integers(1, 5), draw=st.floats(0, 1))
def test_a_wait_is_drawn_from_zero_to_the_bound(attempt: int, draw: float) -> None:
    bound = next_delay_s(refused(503), attempt, POLICY, 1.0)
    assert bound is not None
    assert next_delay_s(refused(503), attempt, POLICY, draw) == pytest.approx(bound * draw)


@given(attempt=st.integers(1, 5), draw=st.floats(0, 1), asked=st.floats(0, 90))
def test_never_earlier_than_the_server_said_and_little_later(attempt: int, draw: float, asked: float) -> None:
    delay = next_delay_s(refused(429, retry_after=asked), attempt, POLICY, draw)
    assert delay is not None
    assert asked <= delay <= max(asked + POLICY.first_delay_s, backoff_s(attempt, POLICY, draw))


def test_a_server_that_says_come_back_at_once_gets_growing_waits() -> None:
    delays = [next_delay_s(refused(502, retry_after=0.0), attempt, POLICY, 1.0) for attempt in range(1, 6)]
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_callers_that_failed_together_do_not_come_back_together() -> None:
    draws = (0.0, 0.25, 0.5, 0.75)
    assert len({next_delay_s(refused(429, retry_after=3.0), 1, POLICY, draw) for draw in draws}) == len(draws)
    assert len({next_delay_s(refused(503), 1, POLICY, draw) for draw in draws}) == len(draws)


def test_a_server_that_asks_for_too_much_is_obeyed_by_failing() -> None:
    assert next_delay_s(refused(429, retry_after=90.0), 1, POLICY, 0.0) == 90.0
    assert next_delay_s(refused(429, retry_after=90.001), 1, POLICY, 0.0) is None
    assert next_delay_s(refused(503, retry_after=86_400.0), 1, POLICY, 0.0) is None


@pytest.mark.parametrize("attempts", [1, 2, 6])
def test_attempts_come_to_an_end(attempts: int) -> None:
    policy = RetryPolicy(attempts=attempts)
    delays = [next_delay_s(refused(503), attempt, policy, 0.5) for attempt in range(1, attempts + 1)]
    assert delays[-1] is None
    assert None not in delays[:-1]


def test_the_same_question_has_the_same_answer() -> None:
    asked = itertools.repeat((refused(503, retry_after=2.0), 3, POLICY, 0.3), 20)
    assert len({next_delay_s(*question) for question in asked}) == 1


@pytest.mark.parametrize("name", ["attempts", "first_delay_s", "longest_delay_s", "longest_wait_s"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_policy_that_cannot_work_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidArgument, match=name):
        RetryPolicy(**{name: value})  # type: ignore[arg-type]
