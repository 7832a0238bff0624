from __future__ import annotations

import csv
import io
import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_async import CapillaryClient, RateLimit
from loyalty_async.cli import connections
from loyalty_async.sandbox import LEDGER_INFO_PATH, Fault, Member, Move
from tests.cli.conftest import NOON, Run, Served, assert_discreet

SINCE, UNTIL = "2024-01-01", "2025-06-01"
SPAN = ("--since", SINCE, "--until", UNTIL)
BOTH = "/v2/pointsLedger"


def listed(served: Served, folder: Path) -> str:
    """Write the members of the sandbox into a file."""
    path = folder / "members.txt"
    path.write_text(
        "# all of them\n\n" + "\n".join(f"mobile={member.mobile}" for member in served.sandbox.ledger.members)
    )
    return str(path)


def spoil(served: Served, member: Member, points: str = "12.50") -> None:
    """Let the server report more than the entries make, since two months ago."""
    where = {"identifierValue": member.mobile}
    move = Move(action="misstate", path=BOTH, where=where, points=points, created_at=NOON - timedelta(days=60))
    served.sandbox.moves.add(move)


def test_everything_matches(run: Run, configured: Served, tmp_path: Path) -> None:
    done = run("reconcile", "--members", listed(configured, tmp_path), *SPAN)
    assert (done.code, done.err[:34]) == (0, "members 8: match 8, mismatch 0, in")
    assert "Main (973)" in done.out


def test_a_mismatch_is_shown_masked_with_its_place_and_difference(run: Run, configured: Served, tmp_path: Path) -> None:
    member = configured.member(20)
    spoil(configured, member)
    done = run("reconcile", "--members", listed(configured, tmp_path), *SPAN, "--report", str(tmp_path / "out"))
    assert done.code == 1
    assert "match 7, mismatch 1, indeterminate 0" in done.err
    assert member.mobile not in done.out + done.err
    [line] = (tmp_path / "out" / "mismatches.jsonl").read_text().splitlines()
    found = json.loads(line)
    [account] = found["accounts"]
    place = [each.mobile for each in configured.sandbox.ledger.members].index(member.mobile) + 1
    assert (found["number"], found["agreement"], account["difference"]) == (place, "mismatch", "12.500")
    assert member.mobile not in line
    assert found["member"] == f"mobile=•••{member.mobile[-4:]}"


def test_the_report_has_a_page_and_two_tables(run: Run, configured: Served, tmp_path: Path) -> None:
    member = configured.member(20)
    spoil(configured, member)
    run("reconcile", "--members", listed(configured, tmp_path), *SPAN, "--report", str(tmp_path / "out"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "summary.csv").read_text())))
    assert sum(int(row["mismatch"]) for row in rows) == 1
    for row in rows:
        assert row["members"] == str(sum(int(row[name]) for name in ("match", "mismatch", "indeterminate")))
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert member.mobile not in page
    assert (
        (tmp_path / "out" / "movements.csv").read_text().startswith("program_id,program_name,points_category,currency,")
    )


def test_identifiers_come_in_full_if_so_asked_and_only_for_their_owner(
    run: Run, configured: Served, tmp_path: Path
) -> None:
    member = configured.member(20)
    spoil(configured, member)
    out = tmp_path / "out"
    run("reconcile", "--members", listed(configured, tmp_path), *SPAN, "--report", str(out), "--unmasked")
    assert member.mobile in (out / "mismatches.jsonl").read_text()
    assert member.mobile in (out / "report.html").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}


def test_one_member_can_be_reconciled_alone(run: Run, configured: Served) -> None:
    done = run("reconcile", "--member", f"mobile={configured.member(5).mobile}", *SPAN)
    assert (done.code, done.err[:19]) == (0, "members 1: match 1,")


def test_a_group_can_be_reconciled(run: Run, configured: Served) -> None:
    group = configured.sandbox.ledger.groups[0]
    done = run("reconcile", "--group", f"id={group.group_id}", "--entity-type", group.kind, *SPAN)
    assert done.code == 0


def test_members_come_from_the_standard_input(run: Run, configured: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = "\n".join(str(member.user_id) for member in configured.sandbox.ledger.members)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ids.encode())))
    done = run("reconcile", "--members", "-", *SPAN)
    assert (done.code, done.err[:10]) == (0, "members 8:")


@pytest.mark.usefixtures("configured")
def test_a_member_who_is_not_there_cannot_be_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "members.txt").write_text("id=12345678")
    done = run("reconcile", "--members", str(tmp_path / "members.txt"), *SPAN)
    assert done.code == 1
    assert "unreadable" in done.out
    assert "12345678" not in done.out


def test_it_stops_when_too_much_is_wrong(run: Run, configured: Served, tmp_path: Path) -> None:
    for member in configured.sandbox.ledger.members:
        spoil(configured, member)
    options = ("--stop-after", "0", "--concurrency", "1", "--probes", "0")
    done = run("reconcile", "--members", listed(configured, tmp_path), *SPAN, *options)
    assert done.code == 1
    assert done.err.startswith("members 1:") or done.err.startswith("members 2:")
    assert "(stopped early)" in done.err


def test_a_tolerance_lets_small_differences_pass(run: Run, configured: Served, tmp_path: Path) -> None:
    spoil(configured, configured.member(20), "0.050")
    members = listed(configured, tmp_path)
    assert run("reconcile", "--members", members, *SPAN).code == 1
    assert run("reconcile", "--members", members, *SPAN, "--tolerance", "0.05").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--since", "2025-02-01", "--until", "2025-01-01"), "--since must lie before --until"),
        ((*SPAN, "--tolerance", "much"), "--tolerance must be a number"),
        ((*SPAN, "--tolerance", "-1"), "--tolerance must be a number of at least 0"),
        ((*SPAN, "--stop-after", "2.5"), "--stop-after must be a whole number"),
        ((*SPAN, "--stop-after", "200%"), "percent must lie between 0 and 100"),
        ((*SPAN, "--concurrency", "0"), "concurrency must be"),
        ((*SPAN, "--group", "id=5"), "give --member or --group, not both"),
        (("--since", "yesterday", "--until", UNTIL), "--since must be an ISO date"),
    ],
)
@pytest.mark.usefixtures("configured")
def test_what_cannot_be_is_an_error(run: Run, options: tuple[str, ...], words: str) -> None:
    done = run("reconcile", "--member", "mobile=917406401004", *options)
    assert done.code == 2
    assert words in done.err
    assert_discreet(done, "917406401004")


def test_any_error_of_the_server_is_2(run: Run, configured: Served, tmp_path: Path) -> None:
    """One means a mismatch here; elsewhere 3 says that the server refused."""
    configured.sandbox.faults.add(Fault(path=BOTH, status=401, times=None))
    done = run("reconcile", "--members", listed(configured, tmp_path), *SPAN)
    assert done.code == 2
    assert "credentials" in done.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id=7001\nphone=917406401004\n", "line 2 of --members must be"),
        (b"\xff\xfe\n", "line 1 of --members must be"),
    ],
)
@pytest.mark.usefixtures("configured")
def test_a_line_that_is_no_member_is_an_error(run: Run, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "members.txt").write_bytes(content)
    done = run("reconcile", "--members", str(tmp_path / "members.txt"), *SPAN)
    assert done.code == 2
    assert words in done.err
    assert_discreet(done, "917406401004")


@pytest.mark.usefixtures("configured")
def test_a_file_that_is_not_there_is_an_error(run: Run, tmp_path: Path) -> None:
    done = run("reconcile", "--members", str(tmp_path / "none"), *SPAN)
    assert done.code == 2
    assert "cannot be read" in done.err


def test_a_folder_that_cannot_be_made_is_an_error(run: Run, configured: Served, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    done = run("reconcile", "--members", listed(configured, tmp_path), *SPAN, "--report", str(tmp_path / "out"))
    assert done.code == 2
    assert "the report cannot be written" in done.err


def test_members_and_a_member_do_not_go_together(run: Run, configured: Served, tmp_path: Path) -> None:
    done = run("reconcile", "--members", listed(configured, tmp_path), "--member", "id=7", *SPAN)
    assert done.code == 2
    assert "only one of them" in done.err


def test_entries_may_come_from_an_export_and_balances_from_the_server(
    run: Run, configured: Served, tmp_path: Path
) -> None:
    members = configured.sandbox.ledger.members
    path = tmp_path / "members.csv"
    path.write_text("".join(f"id,{member.user_id}\n" for member in members))
    done = run("export", "--members", str(path), *SPAN, "--with-currencies", "--to", str(tmp_path / "then"))
    assert done.code == 0
    where = {"identifierValue": str(configured.member(20).user_id)}
    moved = Move(action="misstate", path=BOTH, where=where, points="12.50", created_at=NOON - timedelta(days=60))
    configured.sandbox.moves.add(moved)
    # Whoever asks for entries now is told that there is no such member.
    configured.sandbox.faults.add(Fault(path=LEDGER_INFO_PATH, code=8015, times=None))
    options = ("--members", str(path), *SPAN, "--entries", str(tmp_path / "then"), "--report", str(tmp_path / "out"))
    done = run("reconcile", *options)
    assert done.code == 1
    assert "members 8: match 7, mismatch 1, indeterminate 0" in done.err
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Entries are from the export then, balances from the server." in page


def test_an_export_without_currencies_is_told(run: Run, configured: Served, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_text("".join(f"id,{member.user_id}\n" for member in configured.sandbox.ledger.members))
    assert run("export", "--members", str(path), *SPAN, "--to", str(tmp_path / "then")).code == 0
    options = ("--members", str(path), *SPAN, "--entries", str(tmp_path / "then"))
    done = run("reconcile", *options)
    assert (done.code, "give --without-currencies" in done.err) == (2, True)
    assert run("reconcile", *options, "--without-currencies").code == 0


@pytest.mark.parametrize("head", ["", "identifier_value,identifier_name\n"])
def test_a_list_may_be_that_of_an_export(run: Run, configured: Served, tmp_path: Path, head: str) -> None:
    rows = [("id", str(member.user_id)) for member in configured.sandbox.ledger.members]
    path = tmp_path / "members.csv"
    path.write_text(head + "".join(f"{','.join(reversed(row) if head else row)}\n" for row in rows))
    assert run("reconcile", "--members", str(path), *SPAN).code == 0
    path.write_text("".join(json.dumps({"identifier_name": row[0], "identifier_value": row[1]}) + "\n" for row in rows))
    assert run("reconcile", "--members", str(path), *SPAN).code == 0
    path.write_text(path.read_text() + '{"identifier_name": "id"}\n')
    done = run("reconcile", "--members", str(path), *SPAN)
    assert (done.code, "line 9 of the members has no identifier_value" in done.err) == (2, True)


def test_a_server_that_is_not_there_is_an_error_and_not_a_verdict(run: Run, configured: Served, tmp_path: Path) -> None:
    options = ("--base-url", "http://127.0.0.1:9", "--report", str(tmp_path / "out"))
    done = run("reconcile", "--member", f"mobile={configured.member(5).mobile}", *SPAN, *options)
    assert (done.code, done.out) == (2, "")
    again = run("reconcile", "--member", f"mobile={configured.member(5).mobile}", *SPAN, *options[2:])
    assert (again.code, "members 1: match 1" in again.err) == (0, True)


def test_the_quota_is_kept(run: Run, configured: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[object] = []

    def made(*args: Any, rate_limit: Any, **options: Any) -> CapillaryClient:
        limits.append(rate_limit)
        return CapillaryClient(*args, rate_limit=rate_limit, **options)

    monkeypatch.setattr(connections, "CapillaryClient", made)
    assert run("reconcile", "--members", listed(configured, tmp_path), *SPAN, "--quota", "60000").code == 0
    assert run("reconcile", "--members", listed(configured, tmp_path), *SPAN).code == 0
    assert limits == [RateLimit(60_000, per=60.0), None]
    assert run("reconcile", "--members", listed(configured, tmp_path), *SPAN, "--quota", "0").code == 2


@pytest.mark.parametrize("against", [False, True])
def test_a_list_without_members_is_no_match(run: Run, configured: Served, tmp_path: Path, *, against: bool) -> None:
    """Nobody was looked at: a list that went wrong upstream must not look like a month that is right."""
    member = configured.member(5)
    run("ledger", "--member", f"mobile={member.mobile}", *SPAN, "--to", str(tmp_path / "then.jsonl"))
    (tmp_path / "empty.txt").write_text("# nobody\n")
    options = ["--against", str(tmp_path / "then.jsonl")] if against else []
    report = ("--report", str(tmp_path / "out"))
    done = run("reconcile", "--members", str(tmp_path / "empty.txt"), *SPAN, *report, *options)
    assert_discreet(done)
    assert (done.code, "the list of members is empty" in done.err) == (2, True)
    assert not (tmp_path / "out" / "report.html").exists()


def test_a_time_that_is_to_come_is_refused_before_anything_is_sent(
    run: Run, configured: Served, tmp_path: Path
) -> None:
    done = run("reconcile", "--members", listed(configured, tmp_path), "--since", "2525-01-01", "--until", "2525-02-01")
    assert_discreet(done)
    assert (done.code, "in the future" in done.err, configured.sandbox.stats.requests) == (2, True, {})
