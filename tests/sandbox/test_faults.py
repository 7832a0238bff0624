from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.answers import Reply
from loyalty_async.sandbox.faults import Fault, FaultScript
from loyalty_async.sandbox.paths import LEDGER_INFO_PATH

PAGE = Reply(
    body=b'{"ledgerDetails":{"totalEntries":1},"ledgerEntries":[{"netPointsOnEvent":"1.0","amount":1.10}],"warnings":[]}',
    entries=1,
)


def hits(script: FaultScript, count: int, **query: str) -> list[int | None]:
    """Give the status of each fault that hits one of so many equal requests."""
    taken = [script.take(LEDGER_INFO_PATH, query)[0] for _ in range(count)]
    return [fault.status if fault else None for fault in taken]


def spoilt(**fields: Any) -> Any:
    return json.loads(Fault(**fields).spoil(PAGE).body, parse_float=Decimal)


def replaced(**fields: Any) -> Reply:
    reply = Fault(**fields).replacement(business_error_status=400)
    assert reply is not None
    return reply


def test_a_fault_happens_once_unless_told() -> None:
    """To the first request."""
    assert hits(FaultScript([Fault(status=500)]), 3) == [500, None, None]


def test_faults_happen_in_their_order() -> None:
    """A script: the second waits until the first is done."""
    script = FaultScript([Fault(status=429, times=2), Fault(status=500)])
    assert hits(script, 4) == [429, 429, 500, None]


def test_the_nth_request_can_be_hit() -> None:
    """By skipping those before it."""
    assert hits(FaultScript([Fault(status=500, skip=2)]), 4) == [None, None, 500, None]


def test_every_kth_request_can_be_hit() -> None:
    """From the first that is not skipped."""
    script = FaultScript([Fault(status=500, skip=1, every=3, times=None)])
    assert hits(script, 8) == [None, 500, None, None, 500, None, None, 500]


def test_chance_is_seeded() -> None:
    """The same requests are hit in each run with the same seed, and about the share that was asked for."""
    fault = Fault(status=500, probability=0.3, times=None)
    first, second, other = (hits(FaultScript([fault], seed=seed), 300) for seed in (1, 1, 2))
    assert first == second != other
    assert 60 < first.count(500) < 120


def test_only_requests_of_the_kind_are_hit() -> None:
    """By path and query."""
    script = FaultScript([Fault(status=500, where={"offset": "1"}, times=None)])
    assert hits(script, 1, offset="0") == [None]
    assert hits(script, 1, offset="1", limit="5") == [500]
    assert script.take("/v3/oauth/token/generate", {"offset": "1"}) == (None, 0.0)


def test_any_path_can_be_hit() -> None:
    """By the beginning that all paths have."""
    script = FaultScript([Fault(path="/", status=500)])
    assert script.take("/v3/oauth/token/generate", {})[0] is not None


def test_a_delay_leaves_the_request_to_the_next_fault() -> None:
    """Slow and failing at once; the delays add up."""
    slow, slower, failing = Fault(delay_s=1.5, times=None), Fault(delay_s=2), Fault(status=500, delay_s=0.5)
    script = FaultScript([slow, slower, failing])
    assert script.take(LEDGER_INFO_PATH, {}) == (failing, 4.0)
    assert script.take(LEDGER_INFO_PATH, {}) == (None, 1.5)


def test_jitter_is_seeded_and_bounded() -> None:
    """Between the delay and the delay with all of the jitter."""

    def delays(seed: int) -> list[float]:
        script = FaultScript([Fault(delay_s=1, jitter_s=0.5, times=None)], seed=seed)
        return [script.take(LEDGER_INFO_PATH, {})[1] for _ in range(20)]

    assert delays(1) == delays(1) != delays(2)
    assert all(1 <= delay <= 1.5 for delay in delays(1))
    assert len(set(delays(1))) > 10


def test_a_cleared_script_does_nothing() -> None:
    """Whatever was left of it."""
    script = FaultScript([Fault(status=500, times=None)])
    script.clear()
    assert hits(script, 1) == [None]


@pytest.mark.parametrize("status", [429, 461, 500, 502, 503, 504, 521])
def test_a_status_alone_is_a_gateways_page(status: int) -> None:
    """HTML, with the headers of the fault."""
    reply = replaced(status=status, headers={"Retry-After": "2"})
    assert (reply.status, reply.content_type, reply.headers) == (status, "text/html", {"Retry-After": "2"})
    assert reply.body.startswith(b"<html>")


@pytest.mark.parametrize("code", [11002, 521, 4001])
def test_a_code_is_an_error_envelope(code: int) -> None:
    """With the HTTP status of business errors."""
    reply = replaced(code=code)
    assert reply.status == 400
    (error,) = json.loads(reply.body)["errors"]
    assert error["code"] == code
    assert error["message"]


def test_a_code_can_have_its_own_status_and_message() -> None:
    """503 with 4001, as the documents have it."""
    reply = replaced(code=4001, status=503, message="no")
    assert reply.status == 503
    assert json.loads(reply.body)["errors"][0]["message"] == "no"


def test_a_body_is_sent_as_it_is() -> None:
    """Any text, with status 200 unless told."""
    assert replaced(body="[1]") == Reply(status=200, body=b"[1]")
    assert replaced(body="", status=204).status == 204


@pytest.mark.parametrize(
    "fields",
    [{"damage": "html"}, {"patch": {}}, {"warning": 11002}, {"query": {"a": "b"}}, {"damage": "nan", "status": 502}],
)
def test_other_faults_need_the_right_answer(fields: dict[str, Any]) -> None:
    """They spoil it."""
    assert Fault(**fields).replacement(400) is None


def test_a_warning_comes_with_the_whole_answer() -> None:
    """As the documents show it: status, code, message."""
    page = spoilt(warning=11002)
    assert [entry["netPointsOnEvent"] for entry in page["ledgerEntries"]] == ["1.0"]
    (warning,) = page["warnings"]
    assert (warning["status"], warning["code"]) == (False, 11002)


def test_a_patch_changes_takes_away_and_leaves_the_rest() -> None:
    """RFC 7396, without rounding a number."""
    page = spoilt(patch={"ledgerDetails": {"totalEntries": 99}, "warnings": None, "new": {"a": [1.5]}})
    assert page["ledgerDetails"] == {"totalEntries": 99}
    assert "warnings" not in page
    assert page["new"] == {"a": [Decimal("1.5")]}
    assert str(page["ledgerEntries"][0]["amount"]) == "1.10"


def test_html_may_come_with_status_200() -> None:
    """What a proxy does."""
    reply = Fault(damage="html").spoil(PAGE)
    assert (reply.status, reply.content_type) == (200, "text/html")
    assert reply.body.startswith(b"<html>")


def test_truncated_json_does_not_parse() -> None:
    """The beginning is right, the end is missing."""
    body = Fault(damage="truncated").spoil(PAGE).body
    assert PAGE.body.startswith(body)
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_an_empty_body_is_empty() -> None:
    """With the status of a right answer."""
    reply = Fault(damage="empty").spoil(PAGE)
    assert (reply.status, reply.body) == (200, b"")


def test_nan_stands_where_points_stand() -> None:
    """As Python and Java write it; no JSON."""
    assert b'"netPointsOnEvent":NaN' in Fault(damage="nan").spoil(PAGE).body


def test_wrong_types_are_json_all_the_same() -> None:
    """An object where a text should be."""
    assert spoilt(damage="wrong_types")["ledgerEntries"][0]["netPointsOnEvent"] == {"wrong": True}


@pytest.mark.parametrize(("body", "path"), [(b'{"ledgerDetails":{}}', "ledgerDetails"), (b'{"data":{}}', "data")])
def test_answers_without_entries_are_damaged_elsewhere(body: bytes, path: str) -> None:
    """Pages in their total, tokens in their data."""
    damaged = json.loads(Fault(damage="wrong_types").spoil(Reply(body=body)).body)
    assert "wrong" in json.dumps(damaged[path])


def test_a_damaged_answer_can_have_a_status() -> None:
    """Truncated JSON with 502."""
    assert Fault(damage="truncated", status=502).spoil(PAGE).status == 502


def test_a_fault_is_read_from_json() -> None:
    """All fields have names and types of JSON."""
    text = '{"path": "/", "status": 429, "headers": {"Retry-After": "2"}, "every": 10, "times": null, "delay_s": 0.5}'
    expected = Fault(path="/", status=429, headers={"Retry-After": "2"}, every=10, times=None, delay_s=0.5)
    assert Fault.from_json(json.loads(text)) == expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ([], "JSON object"),
        ({"colour": 1}, "no field colour"),
        ({"status": "429"}, "status is a whole number"),
        ({"skip": -1}, "skip is a whole number"),
        ({"times": True}, "times is a whole number"),
        ({"every": 0}, "every is at least 1"),
        ({"probability": 1.5}, "probability is at most 1"),
        ({"delay_s": -1}, "delay_s is a number of zero or more"),
        ({"delay_s": float("nan")}, "delay_s is a number of zero or more"),
        ({"headers": {"a": 1}}, "headers is an object of strings"),
        ({"where": []}, "where is an object of strings"),
        ({"damage": "fire"}, "damage"),
        ({"patch": []}, "patch"),
        ({"path": 5}, "path"),
        ({"body": 5}, "body"),
    ],
)
def test_what_is_no_fault_is_refused(fields: object, reason: str) -> None:
    """With the name of the field."""
    with pytest.raises(ValueError, match=reason):
        Fault.from_json(fields)


@pytest.mark.parametrize(
    ("body", "spoiled"),
    [
        (b'{"events":[{"eventLogId":5}]}', b'{"events":[{"eventLogId":NaN}]}'),
        (b'{"promisedPointsScheduleList":[{"points":1.50}]}', b'{"promisedPointsScheduleList":[{"points":NaN}]}'),
        (b'{"events":[],"promisedPointsScheduleList":[]}', b'{"events":[],"promisedPointsScheduleList":[],"data":NaN}'),
        (b'{"ledgerDetails":{"totalEntries":5}}', b'{"ledgerDetails":{"totalEntries":NaN}}'),
    ],
)
def test_each_documents_first_number_can_be_damaged(body: bytes, spoiled: bytes) -> None:
    """Events, promised points, and a balance's total."""
    assert Fault(damage="nan").spoil(Reply(body=body)).body == spoiled


def test_xml_is_only_cut_or_replaced() -> None:
    """What is done to JSON is not done to it."""
    reply = Reply(body=b"<xml><error>0</error></xml>", content_type="application/xml")
    for fault in (Fault(damage="nan"), Fault(damage="wrong_types"), Fault(warning=9004), Fault(patch={"a": 1})):
        assert fault.spoil(reply).body == reply.body
    assert Fault(damage="truncated").spoil(reply).body == reply.body[: len(reply.body) * 2 // 3]
