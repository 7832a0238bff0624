from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from loyalty_async.sandbox import LEDGER_INFO_PATH, Detail, Fault
from tests.cli.conftest import NOON, Run, Served, assert_discreet

SPAN = ("--since", "2024-01-01", "--until", "2025-06-01")


def export(run: Run, mobile: str, path: Path) -> None:
    done = run("ledger", "--member", f"mobile={mobile}", *SPAN, "--with-currencies", "--to", str(path))
    assert done.code == 0


def test_an_unchanged_ledger_matches_its_export(run: Run, configured: Served, tmp_path: Path) -> None:
    mobile = configured.member(20).mobile
    export(run, mobile, tmp_path / "then.jsonl")
    done = run("reconcile", "--member", f"mobile={mobile}", *SPAN, "--against", str(tmp_path / "then.jsonl"))
    assert done.code == 0
    count = len((tmp_path / "then.jsonl").read_text().splitlines())
    assert done.err == f"members 1, entries {count}: matched {count}\n"
    assert "100.00%" in done.out


def test_every_difference_is_written(run: Run, configured: Served, tmp_path: Path) -> None:
    """One entry is gone, one is new, one has other points and one another date."""
    member, ledger = configured.member(20), configured.sandbox.ledger
    mobile = member.mobile
    export(run, mobile, tmp_path / "then.jsonl")
    inside = [each for each in ledger.entries(member.user_id) if "2024-02" < each.created_at.isoformat() < "2025-05"]
    gone, changed, dated = inside[2], inside[5], inside[8]
    for entry in (gone, changed, dated):
        ledger.remove_entry(member.user_id, entry.event_log_id)
    fields = {name: value for name, value in attrs.asdict(changed, recurse=False).items() if name != "details"}
    line = changed.details[0]
    ledger.add_entry(
        member.user_id, **fields, details=(Detail(line.kind, line.points + 1, line.category, line.program),)
    )
    fields = attrs.asdict(dated, recurse=False) | {"created_at": dated.created_at.replace(microsecond=123_000)}
    ledger.add_entry(member.user_id, **fields)
    new = ledger.add_entry(member.user_id, created_at=NOON.replace(month=3), points="5.00")
    options = ("--against", str(tmp_path / "then.jsonl"), "--report", str(tmp_path / "out"))
    done = run("reconcile", "--member", f"mobile={mobile}", *SPAN, *options)
    assert done.code == 1
    found = [json.loads(text) for text in (tmp_path / "out" / "differences.jsonl").read_text().splitlines()]
    by_id = {(each["left"] or each["right"])["event_log_id"]: each for each in found}
    assert {number: each["change"] for number, each in by_id.items()} == {
        gone.event_log_id: "only_left",
        changed.event_log_id: "changed",
        dated.event_log_id: "changed",
        new.event_log_id: "only_right",
    }
    assert "entry_details" in by_id[changed.event_log_id]["fields"]
    assert by_id[dated.event_log_id]["fields"] == ["created_at"]


def test_a_file_that_is_no_ledger_is_an_error(run: Run, configured: Served, tmp_path: Path) -> None:
    mobile = configured.member(5).mobile
    for content, words in ((b'{"event_log_id": 5}\n', "line 1 is no entry"), (None, "cannot be read")):
        path = tmp_path / "then.jsonl"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        done = run("reconcile", "--member", f"mobile={mobile}", *SPAN, "--against", str(path))
        assert done.code == 2
        assert words in done.err


def test_a_ledger_that_was_exported_backwards_is_an_error(run: Run, configured: Served, tmp_path: Path) -> None:
    mobile = configured.member(20).mobile
    export(run, mobile, tmp_path / "then.jsonl")
    lines = (tmp_path / "then.jsonl").read_text().splitlines()
    (tmp_path / "then.jsonl").write_text("\n".join(reversed(lines)))
    done = run("reconcile", "--member", f"mobile={mobile}", *SPAN, "--against", str(tmp_path / "then.jsonl"))
    assert done.code == 2
    assert "not sorted" in done.err


def exported(run: Run, served: Served, folder: Path, *options: str) -> Path:
    """Export all members by their user ids."""
    listed = folder.with_name("members.csv")
    listed.write_text("".join(f"id,{member.user_id}\n" for member in served.sandbox.ledger.members))
    done = run("export", "--members", str(listed), *SPAN, "--with-currencies", "--to", str(folder), *options)
    assert done.code == 0
    return listed


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_an_export_of_many_members_is_compared_with_the_server(
    run: Run, configured: Served, tmp_path: Path, form: str
) -> None:
    listed = exported(run, configured, tmp_path / "then", "--format", form)
    options = ("--members", str(listed), *SPAN, "--against", str(tmp_path / "then"))
    assert run("reconcile", *options).code == 0
    member, ledger = configured.member(20), configured.sandbox.ledger
    inside = [each for each in ledger.entries(member.user_id) if "2024-02" < each.created_at.isoformat() < "2025-05"]
    ledger.remove_entry(member.user_id, inside[3].event_log_id)
    done = run("reconcile", *options, "--report", str(tmp_path / "out"))
    assert done.code == 1
    [line] = (tmp_path / "out" / "differences.jsonl").read_text().splitlines()
    found = json.loads(line)
    place = [each.user_id for each in ledger.members].index(member.user_id) + 1
    assert (found["number"], found["change"]) == (place, "only_left")
    assert found["left"]["event_log_id"] == inside[3].event_log_id


@pytest.mark.parametrize("unmasked", [False, True])
def test_differences_name_nobody_unless_asked(run: Run, configured: Served, tmp_path: Path, *, unmasked: bool) -> None:
    exported(run, configured, tmp_path / "then")
    member, ledger = configured.member(20), configured.sandbox.ledger
    for entry in ledger.entries(member.user_id):
        ledger.remove_entry(member.user_id, entry.event_log_id)
    options = ("--report", str(tmp_path / "out"), *(["--unmasked"] if unmasked else []))
    run("reconcile", "--member", f"id={member.user_id}", *SPAN, "--against", str(tmp_path / "then"), *options)
    written = tmp_path / "out" / "differences.jsonl"
    text = written.read_text()
    assert text
    assert (f"id={member.user_id}" in text) == unmasked
    assert not unmasked or written.stat().st_mode & 0o777 == 0o600


def test_a_member_who_is_not_in_the_export_has_a_line_and_the_others_are_compared(
    run: Run, configured: Served, tmp_path: Path
) -> None:
    listed = exported(run, configured, tmp_path / "then")
    listed.write_text(f"id,999\n{listed.read_text()}")
    options = ("--members", str(listed), *SPAN, "--against", str(tmp_path / "then"), "--report", str(tmp_path / "out"))
    done = run("reconcile", *options)
    assert done.code == 1
    assert "1 member could not be compared: not in the earlier ledgers (unexported)\n" in done.err
    assert f"members {len(configured.sandbox.ledger.members) + 1}, entries " in done.err
    [line] = (tmp_path / "out" / "differences.jsonl").read_text().splitlines()
    assert json.loads(line) == {"number": 1, "member": "id=•••9", "change": None, "reason": "unexported", "codes": []}


def test_who_is_listed_twice_is_compared_once(run: Run, configured: Served, tmp_path: Path) -> None:
    listed = exported(run, configured, tmp_path / "then")
    whole = run("reconcile", "--members", str(listed), *SPAN, "--against", str(tmp_path / "then"))
    listed.write_text(listed.read_text() * 2)
    again = run("reconcile", "--members", str(listed), *SPAN, "--against", str(tmp_path / "then"))
    assert again.out == whole.out
    assert f"compared once: {len(configured.sandbox.ledger.members)}" in again.err


def test_a_file_that_names_nobody_is_compared_with_one_member_only(
    run: Run, configured: Served, tmp_path: Path
) -> None:
    """Or all of it would be missing from every other ledger."""
    first, second = (configured.sandbox.ledger.members[number].mobile for number in (0, 1))
    export(run, first, tmp_path / "then.jsonl")
    (tmp_path / "members.txt").write_text(f"mobile={first}\nmobile={second}\n")
    configured.sandbox.stats.requests.clear()
    options = ("--members", str(tmp_path / "members.txt"), *SPAN, "--against", str(tmp_path / "then.jsonl"))
    done = run("reconcile", *options)
    assert_discreet(done, first, second)
    assert (done.code, "does not say whose" in done.err, configured.sandbox.stats.requests) == (2, True, {})


def test_a_file_of_an_export_knows_whom_it_has(run: Run, configured: Served, tmp_path: Path) -> None:
    listed = exported(run, configured, tmp_path / "then")
    [file] = (tmp_path / "then").glob("*.jsonl*")
    options = (*SPAN, "--against", str(file))
    assert run("reconcile", "--member", f"id={configured.member(20).user_id}", *options).code == 0
    done = run("reconcile", "--member", f"mobile={configured.member(20).mobile}", *options)
    assert (done.code, "(unexported)" in done.err) == (1, True)
    assert "100.00%" in run("reconcile", "--members", str(listed), *options).out


@pytest.mark.parametrize(
    "option",
    [("--tolerance", "1"), ("--stop-after", "1"), ("--probes", "0"), ("--without-currencies",), ("--entries", "then")],
)
def test_what_a_comparison_would_not_heed_is_refused(
    run: Run, configured: Served, tmp_path: Path, option: tuple[str, ...]
) -> None:
    mobile = configured.member(20).mobile
    export(run, mobile, tmp_path / "then.jsonl")
    done = run("reconcile", "--member", f"mobile={mobile}", *SPAN, "--against", str(tmp_path / "then.jsonl"), *option)
    assert_discreet(done, mobile)
    assert (done.code, done.err.startswith(f"loyalty-async: {option[0]} has no meaning with --against")) == (2, True)


def test_a_member_whom_the_server_refuses_has_a_line(run: Run, configured: Served, tmp_path: Path) -> None:
    listed = exported(run, configured, tmp_path / "then")
    refused = configured.member(20).user_id
    fault = Fault(path=LEDGER_INFO_PATH, where={"identifierValue": str(refused)}, code=8015, times=None)
    configured.sandbox.faults.add(fault)
    options = ("--members", str(listed), *SPAN, "--against", str(tmp_path / "then"), "--report", str(tmp_path / "out"))
    done = run("reconcile", *options)
    assert (done.code, "1 member could not be compared: the server refused" in done.err) == (1, True)
    [line] = (tmp_path / "out" / "differences.jsonl").read_text().splitlines()
    assert (json.loads(line)["reason"], json.loads(line)["codes"]) == ("unreadable", [8015])


def test_a_comparison_that_was_cut_off_goes_on(run: Run, configured: Served, tmp_path: Path) -> None:
    listed = exported(run, configured, tmp_path / "then")
    ledger, lines = configured.sandbox.ledger, listed.read_text().splitlines()
    for member in ledger.members[:3]:
        inside = [each for each in ledger.entries(member.user_id) if "2024" <= each.created_at.isoformat() < "2025-05"]
        ledger.remove_entry(member.user_id, inside[0].event_log_id)
    options = (*SPAN, "--against", str(tmp_path / "then"), "--report")
    whole = run("reconcile", "--members", str(listed), *options, str(tmp_path / "whole"))
    listed.write_text("\n".join([*lines[:2], "nonsense"]))
    assert run("reconcile", "--members", str(listed), *options, str(tmp_path / "cut")).code == 2
    listed.write_text("\n".join(reversed(lines)))
    configured.sandbox.stats.requests.clear()
    again = run("reconcile", "--members", str(listed), *options, str(tmp_path / "cut"))
    assert (again.code, again.out) == (whole.code, whole.out)
    assert "going on with an earlier run: 2 members are known" in again.err
    found = [json.loads(line) for line in (tmp_path / "cut" / "differences.jsonl").read_text().splitlines()]
    assert len(found) == len((tmp_path / "whole" / "differences.jsonl").read_text().splitlines()) == 3
    assert not list((tmp_path / "cut").glob(".unfinished*"))
