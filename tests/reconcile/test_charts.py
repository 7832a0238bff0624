from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import attrs
import pytest

from loyalty_async.reconcile import AccountVerdict, Step
from loyalty_async.reconcile.charts import chart
from tests.reconcile.books import DAY, START
from tests.reconcile.runs import verdicts


def drawable() -> list[AccountVerdict]:
    return [account for verdict in verdicts() for account in verdict.unmatched]


def svg(verdict: AccountVerdict) -> ET.Element:
    found = re.search(r"<svg.*</svg>", chart(verdict))
    assert found is not None
    return ET.fromstring(found[0])  # noqa: S314 - our own


@pytest.mark.parametrize("verdict", drawable())
def test_it_is_well_formed_and_within_its_frame(verdict: AccountVerdict) -> None:
    drawing = svg(verdict)
    for path in drawing.iter("path"):
        for number in re.findall(r"-?\d+(?:\.\d+)?", path.attrib["d"]):
            assert 0 <= float(number) <= 1000
    assert drawing.attrib["role"] == "img"
    assert drawing.attrib["aria-label"].startswith("Running balance from ")


def test_the_divergence_is_marked_at_its_place() -> None:
    for verdict in drawable():
        marked = [each for each in svg(verdict).iter("path") if each.attrib["class"] == "parting"]
        assert len(marked) == (verdict.divergence is not None)


def test_what_is_calculated_at_the_divergence_has_a_ring_on_the_line() -> None:
    parted = [verdict for verdict in drawable() if verdict.divergence]
    assert len(parted) > 3
    for verdict in parted:
        drawing = {each.attrib["class"]: each.attrib["d"] for each in svg(verdict).iter("path")}
        x, y = re.findall(r"[\d.]+", drawing["ring"])[:2]
        assert drawing["parting"].startswith(f"M{x} ")
        assert re.search(rf"[ V]{re.escape(y)}(?![\d.])", drawing["balance"])


def test_a_flat_line_can_be_drawn() -> None:
    verdict = drawable()[0]
    flat = attrs.evolve(
        verdict,
        trail=(Step(at=START, balance=Decimal(5)),),
        readings=(Step(at=START, balance=Decimal(5)), Step(at=START + DAY, balance=Decimal(5))),
    )
    assert svg(flat).attrib["aria-label"]


def test_what_was_not_read_is_not_drawn() -> None:
    assert chart(attrs.evolve(drawable()[0], readings=())) == ""
    assert chart(attrs.evolve(drawable()[0], trail=())) == ""


@pytest.mark.parametrize("scale", ["1e-3", "1", "1e9", "1e25"])
def test_the_scale_has_some_round_numbers(scale: str) -> None:
    verdict, factor = drawable()[0], Decimal(scale)
    trail = tuple(Step(at=START + number * DAY, balance=number * 7 * factor) for number in range(9))
    labels = re.search(r'<div class="scale".*?</div>', chart(attrs.evolve(verdict, trail=trail, readings=trail)))
    assert labels is not None
    assert 2 <= labels[0].count("<span") <= 6
