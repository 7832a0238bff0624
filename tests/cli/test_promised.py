from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty_async.sandbox import Member
from loyalty_async.sandbox.schedules import scheduled_points, trigger_based_points
from tests.cli.conftest import NOON, Finished, Run, Served, assert_discreet

pytestmark = pytest.mark.real_time

EVERYTHING = "--all-programs"


def scheduled(served: Served, owner: Any) -> list[tuple[str, int, str, str]]:
    ledger, calendar = served.sandbox.ledger, served.sandbox.printer.calendar
    points = scheduled_points(ledger, owner, ledger.organisation.programs, calendar, NOON)
    return [(day.isoformat(), program, kind, f"{value:f}") for (day, program, kind), value in points.items()]


def triggered(served: Served, owner: Any) -> list[tuple[int, str, str]]:
    ledger = served.sandbox.ledger
    points = trigger_based_points(ledger, owner, ledger.organisation.programs, NOON)
    return [(program, kind, f"{value:f}") for (program, kind), value in points.items()]


def read(finished: Finished) -> dict[str, Any]:
    assert (finished.code, finished.err) == (0, "")
    document: dict[str, Any] = json.loads(finished.out)
    return document


def busy_member(served: Served) -> Member:
    """Give a member who is promised points on several days, by several programs, and by events."""
    return next(
        member
        for member in served.sandbox.ledger.members
        if all(len({*column}) > 1 for column in [*zip(*scheduled(served, member), strict=True)][:2])
        and triggered(served, member)
    )


def test_the_json_is_the_truth(configured: Served, run: Run) -> None:
    member = busy_member(configured)
    document = read(run("promised", "--member", f"id={member.user_id}", EVERYTHING, "--format", "json"))
    rows = [
        (row["redeemable_from"], row["program_id"], row["points_type"], row["points"]) for row in document["scheduled"]
    ]
    waiting = [(row["program_id"], row["points_type"], row["points"]) for row in document["trigger_based"]]
    assert rows == scheduled(configured, member)
    assert waiting == triggered(configured, member)


def test_the_table_has_every_promise(configured: Served, run: Run) -> None:
    member = busy_member(configured)
    finished = run("promised", "--member", f"mobile={member.mobile}", EVERYTHING)
    assert (finished.code, finished.err) == (0, "")
    lines = finished.out.splitlines()
    assert max(map(len, lines)) <= 80
    shown = [(line.split()[0], line.split()[-1]) for line in lines[1:]]
    expected = [(day, points) for day, _, _, points in scheduled(configured, member)]
    assert shown == [*expected, *(("an", points) for _, _, points in triggered(configured, member))]


def test_days_and_the_earliest_only_reach_the_server(configured: Served, run: Run) -> None:
    member = busy_member(configured)
    arguments = ("promised", "--member", f"email={member.email}", EVERYTHING, "--format", "json")
    days = sorted({row[0] for row in scheduled(configured, member)})
    later = read(run(*arguments, "--since", days[1], "--until", days[-1]))
    assert {row["redeemable_from"] for row in later["scheduled"]} == {*days[1:]}
    earliest = read(run(*arguments, "--earliest"))
    assert {row["redeemable_from"] for row in earliest["scheduled"]} == {days[0]}


def test_a_program_reaches_the_server(configured: Served, run: Run) -> None:
    member = busy_member(configured)
    arguments = ("promised", "--member", f"externalId={member.external_id}", "--program-id", "2199")
    rows = read(run(*arguments, "--format", "json"))["scheduled"]
    assert [row["points"] for row in rows] == [row[3] for row in scheduled(configured, member) if row[1] == 2199]


@pytest.mark.parametrize("name", ["id", "externalId", "primaryUserId"])
def test_a_fleets_schedule_is_the_truth(name: str, configured: Served, run: Run) -> None:
    fleet = next(group for group in configured.sandbox.ledger.groups if group.kind == "FLEET")
    values = {"id": fleet.group_id, "externalId": fleet.external_id, "primaryUserId": fleet.primary.user_id}
    named = ("--group", f"{name}={values[name]}", "--entity-type", "FLEET")
    document = read(run("promised", *named, EVERYTHING, "--format", "json"))
    assert document["entity_id"] == fleet.owner_id
    assert len(document["scheduled"]) == len(scheduled(configured, fleet))


def test_nothing_promised_is_a_sentence(configured: Served, run: Run) -> None:
    finished = run("promised", "--member", f"id={configured.sandbox.ledger.add_member().user_id}")
    assert (finished.code, finished.out) == (0, "No points are promised.\n")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("member", ["mobile=917406401004", "id=917406401004"])
def test_an_unknown_member_is_one_line_without_the_identifier(member: str, run: Run) -> None:
    finished = run("promised", "--member", member)
    assert finished.code == 3
    assert "no member has this identifier (8015)" in finished.err
    assert_discreet(finished, "917406401004", "sandbox-secret")


def test_a_wrong_secret_is_one_line_without_it(configured: Served, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_SECRET", "hunter2")
    finished = run("promised", "--member", f"id={configured.member(1).user_id}")
    assert finished.code == 3
    assert_discreet(finished, "hunter2", "sandbox-key")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--program-id 1 --all-programs", "give --program-id or --all-programs, not both"),
        ("--since 2025-01-31T10:00", "--since must be an ISO date without a time"),
        ("--since 2025-02-01 --until 2025-01-01", "since must not lie after until"),
        ("--entity-type FLEET", "--entity-type goes with --group"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    options: str, said: str, configured: Served, run: Run
) -> None:
    finished = run("promised", "--member", "id=917406401004", *options.split())
    assert finished.code == 2
    assert said in finished.err
    assert_discreet(finished, "917406401004")
    assert not configured.sandbox.stats.requests


@pytest.mark.usefixtures("configured")
def test_a_group_that_the_endpoint_does_not_take_is_refused(run: Run) -> None:
    finished = run("promised", "--group", "id=917406401004")
    assert finished.code == 2
    assert_discreet(finished, "917406401004")
