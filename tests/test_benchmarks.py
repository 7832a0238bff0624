"""Each benchmark runs, small; what it measures is not judged here. What judges, draws and serves is."""

import gzip
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import attrs
import pytest

from benchmarks import costs, plots, targets
from benchmarks.contenders.registry import READERS
from benchmarks.documents import filled, write
from benchmarks.ledgers import COUNTED_PATH, LEDGER_PATH, SAMPLE, Served, answers
from benchmarks.measuring import measure
from benchmarks.results import Result, Results
from benchmarks.scenarios import SCENARIOS, Setting
from benchmarks.tasks import Contender

ROOT = Path(__file__).parents[1]
WINDOW = "&startDate=2000-01-01T02:30:00&endDate=2000-01-01T07:30:00"
"""Entries are two and a half hours apart: it holds the second, the third and the fourth."""


@pytest.mark.real_time
@pytest.mark.timeout(240)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_runs(scenario: str, tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    command = [sys.executable, "-W", "error", "-m", "benchmarks", scenario, "--quick", "--json", str(kept)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    results = Results.load(kept)
    assert results.scenarios() == [scenario]
    assert all(one.contender in done.stdout for one in results.found)


@pytest.mark.real_time
@pytest.mark.timeout(240)
def test_a_contender_that_does_not_bring_everything_fails_the_run() -> None:
    setting = Setting(name="short", contenders=READERS[:1], served=Served(entries=5), units=6)
    with pytest.raises(RuntimeError, match="brought 5 of 6"):
        list(measure("reading", [setting], 1, lambda _: None))


@pytest.mark.real_time
@pytest.mark.timeout(240)
def test_an_import_that_brings_something_optional_fails_the_run() -> None:
    greedy = Contender("greedy", "imports:imported", options={"code": "import sqlite3"}, settings="")
    setting = Setting(name="fresh", contenders=[greedy], served=Served(entries=1), units=1)
    with pytest.raises(RuntimeError, match="with `import sqlite3` comes sqlite3"):
        list(measure("imports", [setting], 1, lambda _: None))


# ---- The server ------------------------------------------------------------------------------------------------------


def ask(served: Served, query: str, headers: str = "") -> tuple[str, bytes]:
    head = f"GET {LEDGER_PATH}?identifierValue={query} HTTP/1.1\r\nHost: here{headers}"
    told, _, body = answers(served)(head.encode()).partition(b"\r\n\r\n")
    return told.decode(), body


def ids(body: bytes) -> list[int]:
    return [row["eventLogId"] for row in json.loads(body)["ledgerEntries"]]


def test_the_server_pages_newest_first() -> None:
    _, body = ask(Served(entries=5), "7&limit=2&offset=1")
    assert ids(body) == [2, 1]
    assert json.loads(body)["ledgerDetails"] == {"pageNumber": 1, "pageSize": 2, "totalEntries": 5, "pageCount": 3}


def test_the_last_page_is_short_and_behind_it_is_nothing() -> None:
    served = Served(entries=5)
    assert ids(ask(served, "7&limit=2&offset=2")[1]) == [0]
    assert json.loads(ask(served, "7&limit=2&offset=3")[1])["errors"][0]["code"] == 11003


def test_both_dates_are_included() -> None:
    _, body = ask(Served(entries=9), f"7&limit=10{WINDOW}")
    assert ids(body) == [3, 2, 1]


def test_the_sample_has_one_page() -> None:
    _, body = ask(Served(entries=150), f"{SAMPLE}&limit=100")
    assert json.loads(body)["ledgerDetails"]["totalEntries"] == 100


def test_only_who_takes_compression_gets_it() -> None:
    served = Served(entries=5, gzipped=True)
    plain, body = ask(served, "7&limit=5")
    told, packed = ask(served, "7&limit=5", "\r\nAccept-Encoding: gzip, br")
    assert "Content-Encoding" not in plain
    assert "Content-Encoding: gzip" in told
    assert gzip.decompress(packed) == body


def test_the_server_counts_what_it_answers() -> None:
    answer = answers(Served(entries=5))
    told = answer(f"GET {LEDGER_PATH}?identifierValue=7 HTTP/1.1".encode())
    counted = answer(f"GET {COUNTED_PATH} HTTP/1.1".encode()).partition(b"\r\n\r\n")[2]
    assert json.loads(counted) == {"requests": 1, "bytes": len(told)}


@pytest.mark.real_time
@pytest.mark.timeout(240)
def test_a_server_ends_with_the_process_that_started_it() -> None:
    code = (
        "import os; from functools import partial; from benchmarks.answering import serving; "
        "from benchmarks.ledgers import Served, answers\n"
        "with serving(partial(answers, Served(entries=1)), latency_s=0) as url: print(url, flush=True); os._exit(0)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    address = urlsplit(done.stdout.strip())
    while listens(address.hostname, address.port):  # Or the test runs out of its time.
        time.sleep(0.05)


def listens(host: str | None, port: int | None) -> bool:
    try:
        socket.create_connection((host, port), timeout=60).close()
    except ConnectionError:
        return False
    return True


# ---- What comes out --------------------------------------------------------------------------------------------------


def result(contender: str, *, scenario: str = "reading", setting: str = "pages of 100", **figures: Any) -> Result:
    made = Result(
        scenario=scenario,
        setting=setting,
        size=1,
        contender=contender,
        rounds=1,
        units=100.0,
        rate=10.0,
        cpu_us=10.0,
        peak_mb=50.0,
        requests=1.0,
        bytes=800.0,
    )
    return attrs.evolve(made, **figures)


def results(*found: Result) -> Results:
    return Results("a command", {"requests": 1.0, "megabytes": 1.0}, list(found))


def judged(name: str, *found: Result) -> targets.Target:
    (target,) = (target for target in targets.targets(results(*found)) if name in target.name)
    return target


def test_a_result_is_of_medians() -> None:
    rounds = [{"units": 10, "seconds": s, "cpu_s": s / 2, "peak_mb": s, "requests": 1, "bytes": 50} for s in (1, 2, 9)]
    found = Result.of(rounds, scenario="reading", setting="pages of 100", size=0, contender="ours")
    assert (found.rate, found.cpu_us, found.peak_mb, found.bytes) == (5.0, 100_000.0, 2.0, 5.0)


@pytest.mark.parametrize(("cpu_us", "met"), [(12.0, True), (12.1, False)])
def test_a_target_is_met_up_to_its_bound(cpu_us: float, met: bool) -> None:
    target = judged("typed iteration: ours / httpx", result("httpx, json()"), result("ours", cpu_us=cpu_us))
    assert target.ratio == pytest.approx(cpu_us / 10)
    assert target.met is met


@pytest.mark.parametrize(("rate", "met"), [(100.0, True), (99.0, False)])
def test_a_speed_is_met_from_its_bound(rate: float, met: bool) -> None:
    found = [
        result(name, scenario="exports", rate=rate if "ours" in name else 10.0)
        for name in ("dlt to jsonl", "ours to jsonl")
    ]
    target = judged("to JSON lines: ours / dlt, flat", *found, result("dlt to jsonl, flat", scenario="exports"))
    assert target.met is met


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert judged("typed iteration: ours / httpx", result("ours")).met is None


def test_growth_compares_the_last_setting_with_the_first() -> None:
    found = [
        result("ours", scenario="entries", setting=name, peak_mb=mb) for name, mb in (("few", 50.0), ("many", 60.0))
    ]
    assert judged("memory, typed iteration", *found).ratio == pytest.approx(1.2)


def test_imports_are_compared_without_the_interpreter() -> None:
    took = {"import nothing": 10.0, "import httpx": 30.0, "import loyalty_async": 50.0}
    found = [result(name, scenario="imports", cpu_us=cpu_us) for name, cpu_us in took.items()]
    assert judged("import", *found).ratio == pytest.approx(2.0)


def test_costs_are_solved_from_two_page_sizes() -> None:
    found = [
        result("ours", setting=f"pages of {size}", cpu_us=10 + 500 / size, requests=100 / size) for size in (100, 10)
    ]
    assert "| ours | 500 | 10.0 |" in costs.cost_tables(results(*found))["reading"]


def test_what_a_member_a_request_and_an_entry_cost_is_solved_from_three_exports() -> None:
    """Of 2,000, 500 and 10 μs; a job of them is then priced."""
    shapes = {("exports", "long"): (1, 60, 5_000), ("windows", "one"): (9, 9, 90), ("windows", "some"): (9, 117, 1_080)}
    found = [
        result(
            "ours to jsonl",
            scenario=scenario,
            setting=setting,
            size=members if members > 1 else 0,
            cpu_us=(2_000 * members + 500 * requests) / entries + 10,
            requests=requests,
            units=entries,
        )
        for (scenario, setting), (members, requests, entries) in shapes.items()
    ]
    tables = costs.cost_tables(results(*found))
    assert "| ours to jsonl | 2,000.0 | 500.0 | 10.0 |" in tables["members"]
    million = next(line for line in tables["limits"].splitlines() if line.startswith("| a million members, one night"))
    assert million.split(" | ")[1:5] == ["1,000,000", "16.7", "0.7", "0.7"]  # 2,510 s of CPU.
    assert "2,000.0" not in costs.cost_tables(results(*found[:2]))["members"]


@pytest.mark.parametrize("given", [["--quick"], ["structuring"]])
def test_documents_are_written_from_figures_of_everything(given: list[str]) -> None:
    command = [sys.executable, "-m", "benchmarks", "--write", *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2
    assert "--write is for figures of all scenarios" in done.stderr


def test_figures_survive_a_file(tmp_path: Path) -> None:
    kept = results(result("ours"))
    kept.save(tmp_path / "kept")
    assert Results.load(tmp_path / "kept") == kept


def test_a_later_run_takes_the_place_of_an_earlier_one() -> None:
    earlier = results(result("ours", scenario="exports"), result("ours"))
    joined = earlier.joined(results(result("ours", cpu_us=1.0)))
    assert [(one.scenario, one.cpu_us) for one in joined.found] == [("exports", 10.0), ("reading", 1.0)]


def test_a_plot_is_an_svg_that_names_its_lines(tmp_path: Path) -> None:
    found = [result("ours", scenario="entries", size=size, rate=size) for size in (10, 100)]
    (path,) = plots.write(results(*found), tmp_path, lambda _: "entries")
    picture = ET.parse(path).getroot()  # noqa: S314 - written here
    assert "ours" in [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]


def test_texts_go_between_their_marks() -> None:
    document = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb"
    once = filled(document, {"x": "new"})
    assert once == "a\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\nb"
    assert filled(once, {"x": "new"}) == once


def test_a_mark_that_is_missing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no marks for y"):
        filled("<!-- x: begin --><!-- x: end -->", {"y": "new"})


def test_the_documents_are_brought_up_to_date(tmp_path: Path) -> None:
    for name in ("benchmarks/README.md", "docs/costs.md"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    write(attrs.evolve(results(result("ours", cpu_us=123.4)), note="on a Sunday"), tmp_path)
    readme, page = ((tmp_path / name).read_text(encoding="utf-8") for name in ("benchmarks/README.md", "docs/costs.md"))
    assert "123.4" in readme
    assert page.count("By `a command`, on a Sunday:") == len(costs.cost_tables(results()))


@pytest.mark.real_time
@pytest.mark.timeout(240)
def test_kept_figures_are_shown_again(tmp_path: Path) -> None:
    results(result("ours", cpu_us=123.4)).save(tmp_path / "kept")
    command = [sys.executable, "-W", "error", "-m", "benchmarks", "--from", str(tmp_path / "kept")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert "123.4" in done.stdout
