from __future__ import annotations

import csv
import json
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer
from loyalty_async.reconcile import Account, Agreement, Findings, ReportFolder, Rules, Summary
from loyalty_async.reconcile.pages import Page, render
from tests.reconcile.runs import MADE_AT, MEMBERS, NASTY, SPAN, verdicts, write_report

_VOID = {"meta", "link", "input", "img", "br"}


def rendered(summary: Summary, findings: Findings) -> str:
    return "".join(render(Page(summary=summary, findings=findings, span=SPAN, rules=Rules(), made_at=MADE_AT)))


class Outline(HTMLParser):
    """Checks that every tag is closed in its turn, and that ids are unique and what refers to them is there."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wanted: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID | {"line", "path", "rect"}:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in {"aria-controls", "aria-labelledby", "for"} and value:
                self.wanted |= set(value.split())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report") / "new" / "folder"
    write_report(made)
    return made


def test_there_is_a_line_for_each_member_who_does_not_match(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "mismatches.jsonl").read_text().splitlines()]
    wrong = [verdict for verdict in verdicts() if verdict.agreement is not Agreement.MATCH]
    assert [line["number"] for line in lines] == [verdict.number for verdict in wrong]
    for line, verdict in zip(lines, wrong, strict=True):
        assert (line["agreement"], line["reason"]) == (verdict.agreement, verdict.reason)
        assert [each["difference"] for each in line["accounts"]] == [
            format(account.difference, "f") for account in verdict.unmatched
        ]
    assert lines[-1]["codes"] == [8015]


def test_the_summary_has_a_row_for_each_account(folder: Path) -> None:
    rows = list(csv.DictReader((folder / "summary.csv").read_text().splitlines()))
    assert len(rows) == 4
    assert {row["members"] for row in rows} == {str(MEMBERS - 1)}
    for row in csv.DictReader((folder / "movements.csv").read_text().splitlines()):
        assert int(row["lines"]) > 0


def test_a_spreadsheet_computes_nothing_that_the_server_sent(tmp_path: Path) -> None:
    report, verdict = ReportFolder(tmp_path, SPAN, Rules()), next(verdicts())
    evil = Account(program_id=1, points_category="Main", program_name="=cmd()")
    report.summary.add(attrs.evolve(verdict, accounts=(attrs.evolve(verdict.accounts[0], account=evil),)))
    report.finish(made_at=MADE_AT)
    assert "1,'=cmd(),Main" in (tmp_path / "summary.csv").read_text()


def test_the_page_is_well_formed(folder: Path) -> None:
    outline = Outline()
    outline.feed((folder / "report.html").read_text())
    outline.close()
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.wanted <= set(outline.ids)


def test_the_page_asks_the_network_for_nothing(folder: Path) -> None:
    """Its policy allows no request, and there is no address in it."""
    page = (folder / "report.html").read_text()
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page)


def test_what_the_server_sent_is_escaped(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert NASTY not in page
    assert "&lt;img src=x" in page


def test_a_page_without_differences_says_so() -> None:
    summary = Summary()
    for verdict in verdicts():
        if verdict.agreement is Agreement.MATCH:
            summary.add(verdict)
    page = rendered(summary, Findings())
    assert "All 16 members match</strong>: every balance is what its entries make of it." in page
    assert "There are none." in page
    assert "No member was reconciled." in rendered(Summary(), Findings())


def test_a_page_that_shows_only_the_largest_says_so() -> None:
    summary, findings = Summary(stopped=True), Findings(2)
    for verdict in verdicts():
        summary.add(verdict)
        findings.add(verdict, "x")
    page = rendered(summary, findings)
    assert f"These are the 2 largest of {findings.seen}" in page
    assert "The run stopped early" in page


def test_files_of_an_earlier_run_go(folder: Path) -> None:
    ReportFolder(folder.parent, SPAN, Rules()).close()
    (folder.parent / "report.html").write_text("old")
    report = ReportFolder(folder.parent, SPAN, Rules())
    report.close()
    assert not (folder.parent / "report.html").exists()
    assert (folder.parent / "mismatches.jsonl").read_bytes() == b""


def test_unmasked_files_are_their_owners_alone(tmp_path: Path) -> None:
    write_report(tmp_path, unmasked=True)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert "917406400003" in (tmp_path / "mismatches.jsonl").read_text()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgument, match="the report cannot be written"):
        ReportFolder(tmp_path / "file", SPAN, Rules())


def test_a_report_does_not_show_whose_it_is(tmp_path: Path) -> None:
    report = ReportFolder(tmp_path, SPAN, Rules())
    verdict = attrs.evolve(list(verdicts())[2], member=Customer.by_mobile("917406401004", source="INSTORE"))
    report.summary.add(verdict)
    report.add(verdict)
    report.close()
    assert "917406401004" not in repr(report) + (tmp_path / "mismatches.jsonl").read_text()


def test_a_period_that_was_not_over_says_so() -> None:
    page = Page(summary=Summary(), findings=Findings(), span=SPAN, rules=Rules(), made_at=SPAN.until)
    ahead = "That end lay ahead"
    assert ahead not in "".join(render(page))
    assert ahead in "".join(render(attrs.evolve(page, made_at=SPAN.since)))
