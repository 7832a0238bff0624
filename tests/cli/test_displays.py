from __future__ import annotations

from decimal import Decimal

import pytest
from rich.text import Text

from loyalty_async.cli.displays import rendered, show


def test_json_is_one_line_with_exact_decimals(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    show("json", {"points": Decimal("390.000")}, lambda: Text("nothing"))
    assert capfdbinary.readouterr().out == b'{"points":"390.000"}\n'


def test_a_table_is_drawn(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    show("table", None, lambda: Text("Öre", style="bold"))
    assert capfdbinary.readouterr().out == "Öre\n".encode()


@pytest.mark.parametrize("to_output", [True, False])
def test_a_table_for_a_file_or_a_pipe_has_no_colours(to_output: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert rendered(Text("x", style="bold"), to_output=to_output) == b"x\n"
