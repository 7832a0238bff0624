from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec

import pytest

import loyalty_async
import loyalty_async.cli
from loyalty_async.cli import main
from loyalty_async.cli.outcomes import Outcome
from tests.cli.conftest import Run

COMMANDS = ("account-balance", "balance", "demo", "explode", "ledger", "promised", "sandbox")


def test_help_names_the_commands_and_every_exit_code(run: Run) -> None:
    finished = run("--help")
    assert finished.code == 0
    for word in (*COMMANDS, *(f"{code.value}:" for code in Outcome)):
        assert word in finished.out


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in {"demo", "sandbox"}])
def test_the_help_of_a_command_has_an_example(command: str, run: Run) -> None:
    finished = run(command, "--help")
    assert finished.code == 0
    assert f"For example: loyalty-async {command} --" in finished.out


def test_no_command_shows_the_help(run: Run) -> None:
    finished = run()
    assert (finished.code, "Commands" in finished.out) == (0, True)


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").out.strip() == f"loyalty-async {loyalty_async.__version__}"


@pytest.mark.parametrize("missing", ["cyclopts", "rich"])
def test_without_the_extra_one_line_says_what_to_install(
    missing: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec

    def find_spec(name: str) -> ModuleSpec | None:
        return None if name == missing else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    finished = run("demo")
    assert finished.code == 2
    assert finished.err == (
        f"loyalty-async: the command line needs {missing}: python -m pip install 'loyalty-async[cli]'\n"
    )


def test_the_arguments_are_the_processes_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["loyalty-async", "nonsense"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2


def test_ctrl_c_is_one_line_and_exit_code_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(loyalty_async.cli, "_parsed", lambda _: interrupted)
    finished = run("demo")
    assert (finished.code, finished.err) == (130, "loyalty-async: interrupted\n")


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("imported", "unwanted"),
    [
        ("loyalty_async", "cyclopts rich uvicorn starlette"),
        ("loyalty_async.cli", "cyclopts rich uvicorn starlette"),
        (
            ", ".join(f"loyalty_async.cli.{command.replace('-', '_')}" for command in COMMANDS),
            "uvicorn starlette rich.progress rich.table",
        ),
    ],
)
def test_what_is_heavy_is_imported_by_what_uses_it(imported: str, unwanted: str) -> None:
    # httpx imports rich by itself, where it is installed.
    script = f"import sys, httpx; before = {{*sys.modules}}; import {imported}; print(*{{*sys.modules}} - before)"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)  # noqa: S603
    assert not {*loaded.stdout.split()} & {*unwanted.split()}
