"""A walk that is taken up reads what is left, and goes on with the accounts that were open."""

from datetime import timedelta

import pytest

from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.rests import Rest, open_at
from loyalty_async.planning.resumes import History, Mark, OpenAccount, ResumePoint
from loyalty_async.planning.windows import BEGINNING
from tests._support.readings import terms
from tests._support.walks import MICROSECOND, NOON, SECOND

DAY = timedelta(days=1)
UNTIL = NOON + 200 * DAY
OUTER, INNER = Span(NOON, NOON + 80 * DAY), Span(NOON + 10 * DAY, NOON + 30 * DAY)
PLACE = NOON + 20 * DAY
MARK = Mark(created_at=PLACE, event_log_id=7, taken=1, same_date=2, total=19)
OPEN = (OpenAccount(span=OUTER, said=90, kept=17, edge=1), OpenAccount(span=INNER, said=30, kept=8, edge=2))


def rest(*, since: bool, descending: bool = False, history: History | None = None) -> Rest:
    span = MARK.rest_of(Span(NOON - 50 * DAY if since else BEGINNING, UNTIL), descending=descending)
    point = ResumePoint(question="", until=UNTIL, mark=MARK, history=history, accounts=OPEN)
    return Rest(span, point, terms(descending=descending), since)


def test_what_is_left_of_each_open_account_comes_before_what_lies_behind() -> None:
    jobs = list(rest(since=True).jobs())
    behind = NOON + 80 * DAY
    assert [job.span for job in jobs] == [
        Span(PLACE, INNER.until),
        Span(INNER.until, OUTER.until),
        Span(behind, behind + 88 * DAY),
        Span(behind + 88 * DAY, UNTIL),
    ]
    assert [job.account and job.account.span for job in jobs] == [INNER, OUTER, None, None]


def test_a_walk_backwards_reads_them_backwards() -> None:
    jobs = list(rest(since=True, descending=True).jobs())
    assert [job.span for job in jobs] == [
        Span(INNER.since, PLACE + MICROSECOND),
        Span(OUTER.since, INNER.since),
        Span(NOON - 50 * DAY, NOON),
    ]
    assert [job.account and job.account.span for job in jobs] == [INNER, OUTER, None]


@pytest.mark.parametrize("descending", [False, True])
def test_an_account_that_was_open_is_closed_by_the_rest_of_its_pieces(descending: bool) -> None:
    """What was handed out counts, and the margin by which the walk had come in."""
    taken_up = rest(since=True, descending=descending)
    inner, outer, *_ = taken_up.jobs()
    assert inner.account is not None
    assert outer.account is not None
    assert inner.account.enter(inner.span, 3, 10, 5) == [inner.account]
    assert inner.account.brought == 8 + 10 + (2 + 5 if not descending else 3 + 2)
    assert outer.account.enter(outer.span, 3, 20, 5) == [outer.account]
    assert outer.account.brought == 17 + 10 + 20 + (1 + 5 if not descending else 3 + 1)


def test_they_are_pieces_of_everything_where_that_is_read() -> None:
    history = History(said=100, since=NOON - DAY)
    jobs = list(rest(since=False, history=history).jobs())
    (everything,) = {job.account.root for job in jobs if job.account}
    assert (everything.said, everything.earlier, everything.pieces, everything.sure) == (100, 17, 3, False)
    closed = [account for job in jobs if job.account for account in job.account.enter(job.span, 0, 1, 0)]
    assert [account.span for account in closed] == [INNER, OUTER, Span(NOON - DAY, UNTIL)]
    *_, last = rest(since=False, history=history, descending=True).jobs()
    assert (last.span, last.dated) == (Span(BEGINNING, NOON), False)
    assert last.account is not None
    assert last.account.pieces == 2


def test_what_was_settled_is_not_open_any_more_and_nor_is_everything() -> None:
    taken_up = rest(since=False, history=History(said=100, since=NOON - DAY))
    assert open_at(taken_up.account, MARK, descending=False) == OPEN
    assert open_at(None, MARK, descending=False) == ()
    assert taken_up.account is not None
    taken_up.account.settled = True
    assert open_at(taken_up.account, MARK, descending=False) == OPEN[:1]


def test_of_an_account_that_was_begun_what_came_since_was_kept() -> None:
    account = Account(OUTER, OUTER, 90, 2, passed=4)
    account.enter(Span(OUTER.since, PLACE + SECOND), 1, 15, 0)
    (opened,) = open_at(account, MARK, descending=False)
    assert opened == OpenAccount(span=OUTER, said=90, kept=17 - 4, edge=1)
