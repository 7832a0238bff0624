"""The report in a real browser, opened from disk.

Needs Chromium (the Debian package `chromium`) and playwright. In CI their absence is a failure, elsewhere a skip.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.reconcile.runs import write_report

if os.environ.get("CI") != "true":
    pytest.importorskip("playwright.sync_api")
from playwright.sync_api import sync_playwright

pytestmark = pytest.mark.real_time

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_UNFOLD = "document.querySelectorAll('button.toggle').forEach((button) => button.click())"
_CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.closest("script, svg, option") || !element.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color).slice(0, 3)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


_POINTS = """selector => [...document.querySelectorAll(`${selector} `)].flatMap((table) =>
  [...table.querySelectorAll(":scope > tbody > tr > td.number")].flatMap((cell) => {
    const text = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT).nextNode();
    const place = text ? text.data.indexOf(".") : -1;
    if (place < 0 || !cell.getClientRects().length) return [];
    const range = document.createRange();
    range.setStart(text, place);
    range.setEnd(text, place + 1);
    return [[cell.dataset.label, range.getBoundingClientRect().left]];
  }))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no Chromium to open the report in; install the package chromium")
        pytest.skip("there is no Chromium to open the report in")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_report(folder)
    return folder / "report.html"


Open = Callable[..., Any]


@pytest.fixture
def view(browser: Any, report: Path) -> Iterator[Open]:
    """Open the report; whatever it says or asks for besides itself is a failure."""
    contexts, complaints = [], []

    def opened(**options: Any) -> Any:
        context = browser.new_context(**{"viewport": WIDE, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(report.as_uri())
        return page

    requests: list[str] = []
    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert set(requests) == {report.as_uri()}


def rows(page: Any) -> list[str]:
    """Give the members of the rows that can be seen."""
    return list(page.locator("tr.row:visible button.toggle").all_inner_texts())


def test_it_shows_what_came_out(view: Open) -> None:
    page = view()
    assert page.title() == "Reconciliation, January to June 2025"
    tiles = dict(
        zip(page.locator(".tile dt").all_inner_texts(), page.locator(".tile dd").all_inner_texts(), strict=True)
    )
    assert (tiles["Members"], tiles["Match"], tiles["Mismatch"], tiles["Indeterminate"]) == ("24", "16", "6", "2")
    assert page.locator("table.totals tbody tr").count() == 4
    assert page.locator("#status").inner_text() == f"{len(rows(page))} of {len(rows(page))} shown"


def test_it_sorts_by_every_column(view: Open) -> None:
    page = view()
    heads = page.locator("#findings > thead th")
    for place, kind in enumerate((int, str, float, float, float, str, float)):
        for direction in ("descending", "ascending") if kind is float and place < 5 else ("ascending", "descending"):
            heads.nth(place).get_by_role("button").click()
            assert [head.get_attribute("aria-sort") for head in heads.all()].index(direction) == place
            cells = page.evaluate(
                "place => [...document.querySelectorAll('tr.row')].map(row => row.cells[place])"
                ".map(cell => cell.dataset.value ?? cell.textContent.trim().toLowerCase())",
                place,
            )
            values = list(map(kind, cells))
            assert values == sorted(values, reverse=direction == "descending")


def test_panels_stay_below_their_rows(view: Open) -> None:
    page = view()
    page.locator("button.toggle").nth(2).click()
    page.get_by_role("button", name="Difference").click()
    assert page.evaluate(
        "[...document.querySelectorAll('tr.row')].every(row => row.nextElementSibling.id === row.dataset.panel)"
    )
    assert page.locator("tr.panel:visible").count() == 1


def test_it_searches(view: Open) -> None:
    page = view()
    everything = rows(page)
    page.get_by_label("Search").fill("rounding")
    assert 0 < len(rows(page)) < len(everything)
    assert page.locator("#status").inner_text() == f"{len(rows(page))} of {len(everything)} shown"
    page.get_by_label("Search").fill("no such thing")
    assert rows(page) == []
    assert page.get_by_text("Nothing fits this search.").is_visible()
    page.keyboard.press("Escape")
    assert rows(page) == everything


def test_it_shows_only_mismatches(view: Open) -> None:
    page = view()
    page.get_by_label("Show").select_option("indeterminate")
    assert set(page.locator("tr.row:visible .verdict").all_inner_texts()) == {
        "Indeterminate: rounding",
        "Indeterminate: unreadable",
    }


def test_a_row_unfolds_to_a_chart_with_the_divergence_marked(view: Open) -> None:
    page = view()
    page.locator("button.toggle").first.click()
    panel = page.locator("tr.panel:visible")
    drawing = panel.get_by_role("img")
    assert "They part on" in drawing.get_attribute("aria-label")
    box = drawing.bounding_box()
    assert box["width"] > 600
    assert box["height"] > 150
    marker = panel.locator("svg .parting").bounding_box()
    assert box["x"] <= marker["x"] <= box["x"] + box["width"]
    assert panel.locator(".mark").is_visible()
    assert panel.locator("tr.diverging").count() >= 1
    page.locator("button.toggle").first.click()
    assert page.locator("tr.panel:visible").count() == 0


def test_it_works_by_keyboard_alone(view: Open) -> None:
    page = view()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("mismatch")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('toggle')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.locator("tr.panel:visible").count() == 1
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.keyboard.press("Space")
    assert page.locator("tr.panel:visible").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_word_can_be_read(view: Open, scheme: str, size: dict[str, int]) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3), unfolded rows included."""
    page = view(color_scheme=scheme, viewport=size)
    page.evaluate(_UNFOLD)
    page.mouse.move(0, 0)
    page.wait_for_timeout(200)
    assert page.evaluate(_CONTRAST) == []


def test_the_dark_is_dark(view: Open) -> None:
    light, dark = (view(color_scheme=scheme) for scheme in ("light", "dark"))
    colours = [page.evaluate("getComputedStyle(document.body).backgroundColor") for page in (light, dark)]
    bright = [sum(map(int, re.findall(r"\d+", colour))) for colour in colours]
    assert bright[0] > 700
    assert bright[1] < 100


@pytest.mark.parametrize("width", [320, 375, 768, 1009, 1024, 1180])
def test_nothing_runs_out_of_a_narrow_screen(view: Open, width: int) -> None:
    page = view(viewport={"width": width, "height": 800})
    page.evaluate(_UNFOLD)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_fingers_can_hit_what_is_to_be_tapped(view: Open) -> None:
    """44 pixels high (WCAG 2.2, 2.5.5)."""
    page = view(viewport=PHONE)
    heights = (
        "[...document.querySelectorAll('button.toggle, #search, #kinds')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(page.evaluate(heights)) >= 44


def test_it_prints_on_white_without_controls(view: Open) -> None:
    page = view(color_scheme="dark", viewport={"width": 718, "height": 1000})  # A4 less its margins.
    page.locator("button.toggle").first.click()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("#findings > thead").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.get_by_label("Search").is_visible()
    assert page.locator("tr.panel:visible svg").count() == 1
    assert page.evaluate(_CONTRAST) == []


@pytest.mark.parametrize("media", ["screen", "print"])
@pytest.mark.parametrize("table", ["totals", "findings"])
def test_decimal_points_stand_below_one_another(view: Open, media: str, table: str) -> None:
    """To the pixel, in each column of figures, whatever the font."""
    page = view()
    page.emulate_media(media=media)
    columns: dict[str, list[float]] = {}
    for name, place in page.evaluate(_POINTS, f"table.{table}, #{table}"):
        columns.setdefault(name, []).append(place)
    assert {"Calculated", "Reported", "Difference"} <= columns.keys()
    assert all(max(places) - min(places) < 1.5 for places in columns.values())


def test_on_a_phone_the_figures_of_a_row_stand_below_one_another(view: Open) -> None:
    page = view(viewport=PHONE)
    places = [place for _, place in page.evaluate(_POINTS, "#findings")]
    assert max(places) - min(places) < 1.5


def test_no_figure_is_cut_off_in_print(view: Open) -> None:
    page = view(viewport={"width": 1030, "height": 720})  # A4 across, less its margins.
    page.emulate_media(media="print")
    inside = "[...document.querySelectorAll('.scroll')].every(box => box.scrollWidth <= box.clientWidth + 1)"
    assert page.evaluate(inside)
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"


def test_it_says_what_was_checked_and_when_and_how_many_match(view: Open) -> None:
    head = view().locator("header").inner_text()
    assert "January to June 2025" in head
    assert "16 of 24 members match (66.6%); 6 do not and 2 cannot be told." in head
    assert "From 1 January 2025 00:00:00 up to, not including, 1 July 2025 00:00:00 UTC." in head
    assert "Checked on 2 July 2025 at 09:30 UTC." in head


def test_it_can_be_read_without_its_script(view: Open) -> None:
    page = view(java_script_enabled=False)
    assert page.locator("tr.panel:visible").count() == page.locator("tr.panel").count()
    assert not page.get_by_label("Search").is_visible()


def test_what_the_server_sent_stays_text(view: Open) -> None:
    page = view()
    assert page.locator("img").count() == 0
    assert "<img src=x" in page.locator("main").text_content()


def test_nobody_can_be_identified(view: Open) -> None:
    page = view()
    assert "91740640" not in page.content()
    assert "mobile=•••0003" in page.locator("main").text_content()
