"""What the tests of the command line share: a sandbox to talk to, and commands run in this process."""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import attrs
import pytest
from rich.console import Console, RenderableType

from loyalty_async.cli import main
from loyalty_async.sandbox import Entry, Member, Sandbox, Settings, make_ledger, serving
from tests._support.databases import database, table

__all__ = ["database", "table"]

NOON = datetime(2025, 6, 30, 12, tzinfo=UTC)


@attrs.frozen
class Finished:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Finished]


@attrs.frozen
class Served:
    """A sandbox behind a URL."""

    sandbox: Sandbox
    url: str

    def member(self, at_least: int) -> Member:
        """Give a member with at least so many entries."""
        ledger = self.sandbox.ledger
        return next(member for member in ledger.members if len(ledger.entries(member.user_id)) >= at_least)

    def entry(self, event_name: str) -> tuple[Member, Entry]:
        """Give a member's first entry of a kind."""
        ledger = self.sandbox.ledger
        return next(
            (member, entry)
            for member in ledger.members
            for entry in ledger.entries(member.user_id)
            if entry.event_name == event_name
        )


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("ALTCRAFT_", "LOYALTY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")


def assert_discreet(finished: Finished, *secrets: str) -> None:
    """Assert that a command said what was wrong in one line, without any of these."""
    for secret in secrets:
        assert secret not in finished.out + finished.err
    assert finished.err.count("\n") == 1
    assert "Traceback" not in finished.err


def drawn(shown: RenderableType) -> list[str]:
    """Draw a table as a terminal of 80 columns without colours shows it."""
    console = Console(width=80, force_terminal=False, color_system=None)
    with console.capture() as captured:
        console.print(shown)
    return [text.rstrip() for text in captured.get().splitlines()]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command as the console script does."""

    def command(*arguments: str) -> Finished:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capfd.readouterr()
        assert isinstance(left.value.code, int)
        return Finished(left.value.code, out, err)

    return command


@pytest.fixture(scope="package", autouse=True)
def one_ssl_context() -> Iterator[None]:
    """Read the machine's certificates once, and not for every command: that takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="package")
def server() -> Iterator[Served]:
    """One server for all tests: it takes longer to stop than a test to run."""
    sandbox = Sandbox(make_ledger(8, 3, now=NOON), now=lambda: NOON)
    with serving(sandbox) as url:
        yield Served(sandbox, url)


@pytest.fixture
def served(server: Served) -> Served:
    """A sandbox over loopback, for each test as if it were new."""
    server.sandbox.settings = Settings()
    server.sandbox.reset()
    return server


@pytest.fixture
def configured(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The sandbox, with the environment set to it."""
    monkeypatch.setenv("LOYALTY_BASE_URL", served.url)
    monkeypatch.setenv("LOYALTY_KEY", "sandbox-key")
    monkeypatch.setenv("LOYALTY_SECRET", "sandbox-secret")
    monkeypatch.setenv("ALTCRAFT_BASE_URL", served.url)
    monkeypatch.setenv("ALTCRAFT_TOKEN", "sandbox-token")
    return served
