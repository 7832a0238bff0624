"""What the tests of the command line share: a sandbox to talk to, and commands run in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import attrs
import pytest

from loyalty_async.cli import main
from loyalty_async.sandbox import Member, Sandbox, make_ledger, serving

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


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LOYALTY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")


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


@pytest.fixture
def served() -> Iterator[Served]:
    """A sandbox of its own for each test, over loopback."""
    sandbox = Sandbox(make_ledger(8, 3, now=NOON))
    with serving(sandbox) as url:
        yield Served(sandbox, url)


@pytest.fixture
def configured(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The sandbox, with the environment set to it."""
    monkeypatch.setenv("LOYALTY_BASE_URL", served.url)
    monkeypatch.setenv("LOYALTY_KEY", "sandbox-key")
    monkeypatch.setenv("LOYALTY_SECRET", "sandbox-secret")
    return served
