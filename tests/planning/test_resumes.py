"""A walk is taken up behind the last entry that was handed out, and by nobody else's token."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.spans import Span
from loyalty_async.planning.orders import in_order
from loyalty_async.planning.resumes import History, Mark, OpenAccount, ResumePoint, fingerprint
from tests._support.ledger_server import entry
from tests._support.walks import MICROSECOND, NOON, SECOND

HOUR = timedelta(hours=1)
UNTIL = NOON + 24 * HOUR
EVERYTHING = Span(NOON - 24 * HOUR, UNTIL)

# Never change these two, as earlier releases wrote them for `a question`: tokens stay readable for one major version,
# and jobs keep them for days.
TOKEN_AT_THE_BEGINNING = (
    "eyJ2IjoxLCJxIjoiNWI1MTk2YTAyZGU5YTJkZSIsInVudGlsIjoiMjAyNS0wMy0wMlQxMjowMDowMCswMDowMCIsIm1hcmsiOm51bGx9"
)
TOKEN_OF_VERSION_1 = (
    "eyJ2IjoxLCJxIjoiNWI1MTk2YTAyZGU5YTJkZSIsInVudGlsIjoiMjAyNS0wMy0wMlQxMjowMDowMCswMDowMCIsIm1hcmsiOlsiMjAyNS0w"
    "My0wMVQxMjowMDowMC4yNTAwMDArMDA6MDAiLDQ3MTEsMiwzLDE3XX0"
)
MARK = Mark(created_at=NOON + SECOND / 4, event_log_id=4711, taken=2, same_date=3, total=17)
POINT = ResumePoint(question="a question", until=UNTIL, mark=MARK)


def written(**fields: Any) -> str:
    """Write a token by hand, with some fields as told."""
    document = {"v": 1, "q": fingerprint("a question"), "until": UNTIL.isoformat(), "mark": None, **fields}
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


# ---- Tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "point"), [(TOKEN_AT_THE_BEGINNING, attrs.evolve(POINT, mark=None)), (TOKEN_OF_VERSION_1, POINT)]
)
def test_a_token_of_version_1_stays_readable_and_is_written_the_same(token: str, point: ResumePoint) -> None:
    assert ResumePoint.read(token, "a question") == point
    assert point.token() == token


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("short", [False, True])
def test_flaws_are_written_only_if_there_are_any(pending: bool, short: bool) -> None:
    point = attrs.evolve(POINT, pending=pending, short=short)
    token = point.token()
    fields = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert {name for name in fields if name in ("pending", "short")} == {
        name for name, flaw in (("pending", pending), ("short", short)) if flaw
    }
    assert ResumePoint.read(token, "a question") == point


@pytest.mark.parametrize("flaw", ["pending", "short"])
@pytest.mark.parametrize("said", [False, None, 0, 1, "true"])
def test_only_what_is_true_is_a_flaw(flaw: str, said: object) -> None:
    assert ResumePoint.read(written(**{flaw: said}), "a question") == attrs.evolve(POINT, mark=None)


aware = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-9 * HOUR)]),
)
counts = st.integers(1, 10**9)
marks = st.builds(
    Mark, created_at=aware, event_log_id=st.integers(-(10**18), 10**18), taken=counts, same_date=counts, total=counts
)


histories = st.builds(History, said=st.integers(0, 10**9), since=aware)


accounts = st.builds(
    OpenAccount,
    span=st.builds(Span, aware, aware),
    said=st.integers(0, 10**9),
    kept=st.integers(0, 10**9),
    edge=st.integers(0, 9),
)


@given(
    until=aware,
    mark=st.none() | marks,
    question=st.text(),
    history=st.none() | histories,
    accounts=st.lists(accounts, max_size=3).map(tuple),
)
def test_what_is_written_is_read(
    until: datetime, mark: Mark | None, question: str, history: History | None, accounts: tuple[OpenAccount, ...]
) -> None:
    point = ResumePoint(question=question, until=until, mark=mark, history=history, accounts=accounts)
    assert ResumePoint.read(point.token(), question) == point


@given(mark=marks)
def test_a_token_survives_json_urls_and_command_lines(mark: Mark) -> None:
    token = attrs.evolve(POINT, mark=mark).token()
    assert not set(token) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_instants_are_read_as_utc() -> None:
    """Two instants of one zone would be compared by their wall clocks."""
    east = timezone(5 * HOUR)
    date = (NOON + SECOND).astimezone(east).isoformat()
    point = ResumePoint.read(written(until=UNTIL.astimezone(east).isoformat(), mark=[date, 1, 1, 1, 1]), "a question")
    assert point.mark is not None
    assert (point.until, point.mark.created_at) == (UNTIL, NOON + SECOND)
    assert (point.until.tzinfo, point.mark.created_at.tzinfo) == (UTC, UTC)


NO_TOKEN = "resume is not a resume token"


@pytest.mark.parametrize(
    "token",
    [
        None,
        7,
        b"e30",
        ["e30"],
        "",
        " ",
        "no token",
        "ä",
        "e30\n",
        "eyJ2",
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(b"null").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b"9" * 10_000).decode(),
    ],
)
def test_what_is_no_token_is_refused(token: object) -> None:
    with pytest.raises(InvalidArgument, match=NO_TOKEN):
        ResumePoint.read(token, "a question")


@pytest.mark.parametrize(
    "fields",
    [
        {"until": None},
        {"until": 7},
        {"until": ""},
        {"until": "yesterday"},
        {"until": "2025-03-01T12:00:00"},
        {"until": "0001-01-01T00:00:00+10:00"},
        {"until": "0001-01-01T00:00:00+00:00"},
        {"mark": ["9999-12-31T23:59:59.999999+00:00", 1, 1, 1, 1]},
        {"mark": 7},
        {"mark": []},
        {"mark": {}},
        {"mark": "2025"},
        {"mark": [NOON.isoformat(), 1, 1, 1]},
        {"mark": [NOON.isoformat(), 1, 1, 1, 1, 1]},
        {"mark": [None, 1, 1, 1, 1]},
        {"mark": ["2025-03-01T12:00:00", 1, 1, 1, 1]},
        {"mark": ["9999-12-31T23:59:59-10:00", 1, 1, 1, 1]},
        {"mark": [NOON.isoformat(), 1, True, 1, 1]},
        {"mark": [NOON.isoformat(), 1, 1, 1.0, 1]},
        {"mark": [NOON.isoformat(), "1", 1, 1, 1]},
        {"mark": [NOON.isoformat(), 1, 1, 1, None]},
        {"all": 7},
        {"all": []},
        {"all": [7]},
        {"all": [7, None]},
        {"all": [7, "2025-03-01T12:00:00"]},
        {"all": [7.0, NOON.isoformat()]},
        {"all": [True, NOON.isoformat()]},
        {"all": [7, NOON.isoformat(), 1]},
        {"open": 7},
        {"open": [7]},
        {"open": [[]]},
        {"open": [[NOON.isoformat(), UNTIL.isoformat(), 7, 5]]},
        {"open": [[NOON.isoformat(), UNTIL.isoformat(), 7, 5, -1]]},
        {"open": [[NOON.isoformat(), UNTIL.isoformat(), 7, 5, True]]},
        {"open": [[NOON.isoformat(), "2025-03-01T12:00:00", 7, 5, 0]]},
    ],
)
def test_a_token_that_does_not_say_what_it_should_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=NO_TOKEN):
        ResumePoint.read(written(**fields), "a question")


@pytest.mark.parametrize("missing", ["until", "mark"])
def test_a_token_that_lacks_something_is_refused(missing: str) -> None:
    document = {"v": 1, "q": fingerprint("a question"), "until": UNTIL.isoformat(), "mark": None}
    del document[missing]
    with pytest.raises(InvalidArgument, match=NO_TOKEN):
        ResumePoint.read(base64.urlsafe_b64encode(json.dumps(document).encode()).decode(), "a question")


def test_a_token_that_was_cut_short_is_refused() -> None:
    for length in range(len(TOKEN_OF_VERSION_1)):
        with pytest.raises(InvalidArgument, match=NO_TOKEN):
            ResumePoint.read(TOKEN_OF_VERSION_1[:length], "a question")


@given(st.text() | st.text("ABCabc012-_=+/"))
def test_no_text_makes_it_fail_otherwise(token: str) -> None:
    with pytest.raises(InvalidArgument):
        ResumePoint.read(token, "a question")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_token_of_another_version_is_refused_whatever_else_it_says(version: object) -> None:
    for fields in ({}, {"q": "another"}, {"until": None}):
        with pytest.raises(InvalidArgument, match="of another version; this release reads version 1"):
            ResumePoint.read(written(v=version, **fields), "a question")


@pytest.mark.parametrize("question", ["", "another question", "A question"])
def test_a_token_of_another_query_is_refused_and_it_is_said_what_must_be_the_same(question: str) -> None:
    with pytest.raises(InvalidArgument, match="of another query; ask with the same since, until, order, filters and"):
        ResumePoint.read(TOKEN_OF_VERSION_1, question)


def test_a_refusal_shows_nothing_of_the_token() -> None:
    for token, question in [("secret", "a question"), (TOKEN_OF_VERSION_1, "another")]:
        with pytest.raises(InvalidArgument) as caught:
            ResumePoint.read(token, question)
        assert token not in repr(caught.value)
        assert caught.value.__cause__ is None


# ---- Fingerprints ----------------------------------------------------------------------------------------------------


def test_a_fingerprint_stays_the_same() -> None:
    """In tokens it must last as long as they do."""
    assert fingerprint([None, "2025-03-01", "asc", {"tillId": "7"}, None]) == "4771815bfb0e34fd"


def test_the_order_of_names_is_no_difference() -> None:
    assert fingerprint([{"a": "1", "b": "2"}]) == fingerprint([{"b": "2", "a": "1"}])


@pytest.mark.parametrize("other", [[None, "a"], ["a"], ["a", "None"], [["a", None]], ["a", {}], {"a": None}])
def test_every_difference_shows(other: object) -> None:
    assert fingerprint(other) != fingerprint(["a", None])


# ---- Marks -----------------------------------------------------------------------------------------------------------


def rows(*dates_and_events: tuple[int, int]) -> list[LedgerEntry]:
    """Make entries of seconds after noon and events; each has a customer of its own."""
    return [entry(event, NOON + date * SECOND, customer) for customer, (date, event) in enumerate(dates_and_events, 1)]


def mark(date: int, event: int, taken: int, same_date: int, total: int) -> Mark:
    return Mark(created_at=NOON + date * SECOND, event_log_id=event, taken=taken, same_date=same_date, total=total)


@pytest.mark.parametrize(
    ("handed_out", "earlier", "expected"),
    [
        (rows((1, 7)), None, mark(1, 7, 1, 1, 1)),
        (rows((1, 7), (2, 8)), None, mark(2, 8, 1, 1, 2)),
        (rows((1, 7), (2, 7), (2, 8), (2, 9)), None, mark(2, 9, 1, 3, 4)),
        (rows((2, 7), (2, 7), (2, 7)), None, mark(2, 7, 3, 3, 3)),
        (rows((2, 6), (2, 7), (2, 7)), None, mark(2, 7, 2, 3, 3)),
        (rows((1, 7), (2, 7), (2, 7)), None, mark(2, 7, 2, 2, 3)),  # The event's id came before, at another date.
        (rows((2, 7)), mark(2, 7, 2, 5, 9), mark(2, 7, 3, 6, 10)),
        (rows((2, 8)), mark(2, 7, 2, 5, 9), mark(2, 8, 1, 6, 10)),
        (rows((2, 7), (2, 8)), mark(2, 7, 2, 5, 9), mark(2, 8, 1, 7, 11)),
        (rows((3, 7)), mark(2, 7, 2, 5, 9), mark(3, 7, 1, 1, 10)),
        (rows((2, 7), (3, 7)), mark(2, 7, 2, 5, 9), mark(3, 7, 1, 1, 11)),
        (rows((1, 7)), mark(2, 7, 2, 5, 9), mark(1, 7, 1, 1, 10)),
    ],
)
def test_a_mark_counts_what_was_handed_out_of_its_event_its_date_and_in_all(
    handed_out: Sequence[LedgerEntry], earlier: Mark | None, expected: Mark
) -> None:
    assert Mark.behind_last(handed_out, earlier) == expected


def test_a_mark_is_in_utc() -> None:
    east = entry(7, NOON.astimezone(timezone(5 * HOUR)))
    assert Mark.behind_last([east], None).created_at.tzinfo is UTC


def test_what_was_handed_out_of_other_dates_has_been_passed() -> None:
    assert mark(2, 7, 2, 5, 9).passed == 4


@pytest.mark.parametrize(("begins", "before"), [(1, 9), (2, 4), (3, 9)])
def test_before_a_span_all_was_handed_out_but_what_it_shares_with_the_mark(begins: int, before: int) -> None:
    """A span that has the mark's own date in it holds all entries of that date."""
    span = Span(NOON + begins * SECOND, NOON + begins * SECOND + SECOND)
    assert mark(2, 7, 2, 5, 9).before(span) == before


@pytest.mark.parametrize(
    ("descending", "expected"),
    [
        (False, Span(NOON + SECOND, UNTIL)),
        (True, Span(EVERYTHING.since, NOON + SECOND + MICROSECOND)),
    ],
)
def test_the_rest_of_a_span_has_the_marks_own_date(descending: bool, expected: Span) -> None:
    assert mark(1, 7, 1, 1, 1).rest_of(EVERYTHING, descending=descending) == expected


@pytest.mark.parametrize("descending", [False, True])
def test_the_rest_of_a_span_is_no_more_than_the_span(descending: bool) -> None:
    """A mark at either of its ends leaves what there is."""
    span = Span(NOON, NOON + MICROSECOND)
    assert mark(0, 7, 1, 1, 1).rest_of(span, descending=descending) == span


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_of_the_rows_of_one_event_those_are_left_that_were_not_taken(taken: int) -> None:
    date = rows((1, 6), (1, 7), (1, 7), (1, 7), (1, 8), (2, 5))
    assert mark(1, 7, taken, 1 + taken, 9).behind(date, descending=False) == date[1 + taken :]
    back = rows((1, 8), (1, 7), (1, 7), (1, 7), (1, 6), (0, 9))
    assert mark(1, 7, taken, 1 + taken, 9).behind(back, descending=True) == back[1 + taken :]


def test_an_event_that_is_gone_marks_its_place_still() -> None:
    assert (
        mark(1, 7, 1, 2, 2).behind(rows((1, 6), (1, 8), (2, 1)), descending=False) == rows((1, 6), (1, 8), (2, 1))[1:]
    )
    assert mark(1, 7, 1, 2, 2).behind(rows((1, 8), (1, 6), (0, 9)), descending=True) == rows((1, 8), (1, 6), (0, 9))[1:]


crowded = st.lists(
    st.builds(
        lambda date, event, customer: entry(event, NOON + date * SECOND, customer),
        st.integers(0, 2),
        st.integers(1, 3),
        st.integers(1, 9),
    ),
    max_size=20,
    unique_by=lambda row: (row.created_at, row.event_log_id, row.customer_id),
)


@given(crowded, st.booleans(), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_any_ledger_may_be_taken_up_anywhere_again_and_again(
    ledger: list[LedgerEntry], descending: bool, steps: list[int]
) -> None:
    """With many rows of one date and event; what is read anew is what the rest of the span holds."""
    ordered = in_order(ledger, descending=descending)
    place: Mark | None = None
    given_out: list[LedgerEntry] = []
    for step in steps:
        span = place.rest_of(EVERYTHING, descending=descending) if place else EVERYTHING
        read = [row for row in ordered if row.created_at in span]
        left = place.behind(read, descending=descending) if place else read
        given_out += left[:step]
        place = Mark.behind_last(left[:step], place) if left else place
        assert given_out == ordered[: len(given_out)]
        assert given_out + left[step:] == ordered
        if place is not None:
            assert place.total == len(given_out)
            assert place.passed == sum(row.created_at != place.created_at for row in given_out)
