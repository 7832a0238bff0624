"""The suite finds what it is there to find: each defect of the list in `tests/_support/planted.py`."""

import re
from pathlib import Path

import attrs
import pytest

from tests._support import planted
from tests._support.planted import Defect, copied, defects, run, run_with

pytestmark = pytest.mark.timeout(290)

DEFECTS = defects()
TESTS = sorted({defect.test for defect in DEFECTS})


def test_the_list_is_read_whole_and_has_defects_in_all_that_proves() -> None:
    numbers = re.findall(r"^(\d+)\. ", planted.__doc__ or "", re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(DEFECTS) + 1)]
    assert len(DEFECTS) >= 10
    files = {Path(defect.file).stem for defect in DEFECTS}
    assert files >= {"windows", "parts", "proofs", "accounts", "histories", "resumes"}


def test_without_a_defect_the_tests_pass(tmp_path: Path) -> None:
    outcome = run(copied(tmp_path), TESTS)
    assert outcome.code == 0, outcome.output


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_is_found(defect: Defect, tmp_path: Path) -> None:
    """By a test that fails, not by a package that cannot be imported or a name that is not there."""
    outcome = run_with(defect, tmp_path)
    assert outcome.code == 1, outcome.output
    assert outcome.failed, outcome.output
    assert not any(kind in outcome.output for kind in ("NameError", "SyntaxError", "ImportError")), outcome.output


def test_the_tests_run_against_the_copy(tmp_path: Path) -> None:
    """Wherever the package is installed."""
    root = copied(tmp_path)
    (root / "loyalty_async" / "planning" / "__init__.py").write_text("raise ZeroDivisionError\n")
    outcome = run(root, ["tests/planning/test_jobs.py"])
    assert outcome.code != 0
    assert "ZeroDivisionError" in outcome.output
    assert not outcome.failed


@pytest.mark.parametrize("line", ["this line is not there", "return None"])
def test_a_patch_that_does_not_apply_any_more_says_so(line: str, tmp_path: Path) -> None:
    """Its line is gone, or there are several."""
    outdated = attrs.evolve(DEFECTS[0], line=line, file="planning/proofs.py")
    with pytest.raises(LookupError, match=r"planning/proofs.py has (0|[2-9]) lines that read"):
        outdated.plant(copied(tmp_path))
