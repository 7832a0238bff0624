from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from loyalty_async.cli.demo_servers import FAULTS, serving_elsewhere
from loyalty_async.errors import LoyaltyError

pytestmark = pytest.mark.real_time

OPTIONS = ("--members", "120", "--entries", "2", "--end", "2025-06-30")
SPAN = (datetime(2022, 1, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))


def is_up(url: str) -> bool:
    try:
        with urlopen(f"{url}/_sandbox/health", timeout=5):  # noqa: S310
            return True
    except URLError:
        return False


def test_it_lists_members_page_by_page_and_tells_the_truth_about_each() -> None:
    with serving_elsewhere(*OPTIONS) as control:
        user_ids = list(control.members())
        assert len(set(user_ids)) == len(user_ids) == 120
        rows = control.truth(user_ids[0], *SPAN)
        middle = datetime.fromisoformat(rows[-1]["createdAt"])
        assert control.truth(user_ids[0], SPAN[0], middle) == rows[:-1]
        assert control.truth(user_ids[0], middle, middle + timedelta(microseconds=1)) == rows[-1:]


def test_every_fault_of_the_script_is_one_that_the_sandbox_knows() -> None:
    with serving_elsewhere("--members", "1") as control:
        control.let_fail(FAULTS)


def test_the_server_ends_with_the_block() -> None:
    with serving_elsewhere("--members", "1") as control:
        assert is_up(control.url)
    assert not is_up(control.url)


def test_the_server_ends_with_a_block_that_fails() -> None:
    urls: list[str] = []

    def fail() -> None:
        with serving_elsewhere("--members", "1") as control:
            urls.append(control.url)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not is_up(urls[0])


def test_the_server_ends_when_the_process_that_started_it_is_killed() -> None:
    script = """
from loyalty_async.cli.demo_servers import serving_elsewhere
with serving_elsewhere("--members", "1") as control:
    print(control.url, flush=True)
    input()
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert is_up(url)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while is_up(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_up(url)


def test_a_server_that_does_not_start_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(LoyaltyError, match="the sandbox did not start"), serving_elsewhere():
        pytest.fail("there is no server")
