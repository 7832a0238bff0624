from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import anyio
import httpx
import pytest

from loyalty_async.sandbox import serve
from loyalty_async.sandbox.faults import Fault
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.paths import LEDGER_INFO_PATH
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.serve import open_sandbox, run_sandbox, serving
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON

pytestmark = pytest.mark.real_time

MEMBER = {"identifierName": "id", "identifierValue": "7001", "source": "ALL", "limit": "100"}
SCRIPT = """
import sys
from loyalty_async.sandbox import Sandbox, run_sandbox
run_sandbox(Sandbox(), "127.0.0.1", 0, lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


@pytest.fixture
def sandbox() -> Sandbox:
    ledger = Ledger()
    member = ledger.add_member(user_id=7001)
    for _ in range(150):
        ledger.add_entry(member.user_id, created_at=NOON)
    return Sandbox(ledger, Settings(require_auth=False))


def is_open(url: str) -> bool:
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def server_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "loyalty-sandbox"]


@pytest.mark.anyio
async def test_pages_come_over_a_socket(sandbox: Sandbox) -> None:
    """On either backend, many at once."""
    counts: list[int] = []

    async def read(client: httpx.AsyncClient, page: str) -> None:
        response = await client.get(LEDGER_INFO_PATH, params={**MEMBER, "offset": page})
        counts.append(len(response.json()["ledgerEntries"]))

    async with (
        open_sandbox(sandbox) as url,
        httpx.AsyncClient(base_url=url) as client,
        anyio.create_task_group() as group,
    ):
        for number in range(40):
            group.start_soon(read, client, str(number % 2))
    assert sorted(counts) == [50] * 20 + [100] * 20


@pytest.mark.anyio
async def test_nothing_is_left_after_the_block(sandbox: Sandbox) -> None:
    """Neither the socket nor the thread, with a connection still open on the client's side."""
    async with httpx.AsyncClient() as client:
        async with open_sandbox(sandbox) as url:
            assert is_open(url)
            await client.get(f"{url}/_sandbox/health")
        assert not is_open(url)
    assert not server_threads()


@pytest.mark.anyio
async def test_a_cancelled_block_stops_the_server(sandbox: Sandbox) -> None:
    """As well as one that ends."""
    async with anyio.create_task_group() as group, open_sandbox(sandbox) as url:
        group.cancel_scope.cancel()
        await anyio.sleep(1)
    assert not is_open(url)
    assert not server_threads()


@pytest.mark.anyio
async def test_an_error_in_the_block_comes_out_bare(sandbox: Sandbox) -> None:
    """And the server stops."""
    with pytest.raises(ZeroDivisionError):
        async with open_sandbox(sandbox):
            raise ZeroDivisionError
    assert not server_threads()


@pytest.mark.anyio
async def test_two_sandboxes_live_side_by_side() -> None:
    """Each on a port of its own."""
    async with open_sandbox(Sandbox()) as first, open_sandbox(Sandbox()) as second:
        assert first != second


def test_a_synchronous_program_can_be_served(sandbox: Sandbox) -> None:
    """Without an event loop of its own."""
    with serving(sandbox) as url, urllib.request.urlopen(f"{url}/_sandbox/health") as response:  # noqa: S310 - loopback
        assert response.status == 200
    assert not is_open(url)


def test_the_ledger_may_change_while_it_is_served(sandbox: Sandbox) -> None:
    """From another thread than the server's."""
    with serving(sandbox) as url:
        before = httpx.get(url + LEDGER_INFO_PATH, params=MEMBER).json()
        sandbox.ledger.add_entry(7001, created_at=NOON)
        after = httpx.get(url + LEDGER_INFO_PATH, params=MEMBER).json()
    assert (before["ledgerDetails"]["totalEntries"], after["ledgerDetails"]["totalEntries"]) == (150, 151)


def test_a_delayed_answer_does_not_hold_up_the_end(sandbox: Sandbox) -> None:
    """It is cut off after a second's grace: an error, or no answer at all."""
    sandbox.faults.add(Fault(delay_s=3600))
    outcomes: list[str] = []

    def wait_in_vain(url: str) -> None:
        try:
            outcomes.append(f"status {httpx.get(url + LEDGER_INFO_PATH, params=MEMBER, timeout=30).status_code}")
        except httpx.TransportError:
            outcomes.append("no answer")

    with serving(sandbox) as url:
        waiter = threading.Thread(target=wait_in_vain, args=(url,))
        waiter.start()
        while not sandbox.faults._counters[0].fired:
            time.sleep(0.01)
    waiter.join(timeout=10)
    assert outcomes in (["status 500"], ["no answer"])


def test_a_taken_port_is_an_os_error(sandbox: Sandbox) -> None:
    """At once, not in the thread."""
    with (
        serving(sandbox) as url,
        pytest.raises(OSError, match=r"."),
        serving(sandbox, port=int(url.rpartition(":")[2])),
    ):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "::"])  # noqa: S104 - it is refused
def test_a_host_that_is_not_loopback_is_refused(sandbox: Sandbox, host: str) -> None:
    """Before anything is opened or looked up."""
    with pytest.raises(ValueError, match="loopback"):
        run_sandbox(sandbox, host, 0, print)


def test_any_host_is_served_if_told(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """With allow_remote; here the loopback host plays a remote one."""
    monkeypatch.setattr(serve, "_is_loopback", lambda _host: False)
    with pytest.raises(ValueError, match="loopback"), serving(sandbox):
        pass
    with serving(sandbox, allow_remote=True) as url:
        assert is_open(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_loopback_is_served(sandbox: Sandbox, host: str) -> None:
    """By name or number."""
    with serving(sandbox, host=host) as url:
        assert is_open(url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_sandbox_stops_at_a_signal(number: signal.Signals) -> None:
    """Run as a program it says nothing by itself, and ends well."""
    command = [sys.executable, "-W", "error", "-c", SCRIPT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:  # noqa: S603
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        assert is_open(url)
        program.send_signal(number)
        rest, errors = program.communicate(timeout=20)
    assert (program.returncode, rest, errors) == (0, "stopped\n", "")


def test_signals_are_as_before_after_a_run(sandbox: Sandbox) -> None:
    """The program's own handlers come back."""
    before = signal.getsignal(signal.SIGINT)
    run_sandbox(sandbox, "127.0.0.1", 0, lambda _url: signal.raise_signal(signal.SIGINT))
    assert signal.getsignal(signal.SIGINT) is before
