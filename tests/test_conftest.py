"""The surroundings do what the tests rely on: time jumps, sockets are refused, bad tests fail."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests._support.limits import limited
from tests._support.network import NetworkBlockedError, guarded_network, is_loopback
from tests._support.profiles import EXAMPLES_VARIABLE, examples
from tests._support.virtual_clock import VirtualTimeLoop

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent
AN_HOUR = 3600.0
ELSEWHERE = "192.0.2.1"  # RFC 5737: a documentation address, which routes nowhere


async def test_an_hour_of_sleep_takes_no_real_time() -> None:
    began = time.perf_counter()
    await anyio.sleep(AN_HOUR)
    assert anyio.current_time() == AN_HOUR
    assert time.perf_counter() - began < 5.0


async def test_days_of_sleep_take_no_real_time() -> None:
    # asyncio waits for a day at most in one go.
    await anyio.sleep(100 * 24 * AN_HOUR)
    assert anyio.current_time() == 100 * 24 * AN_HOUR


async def test_time_stands_still_while_anything_can_run() -> None:
    deadline = time.perf_counter() + 0.01
    while time.perf_counter() < deadline:
        await anyio.lowlevel.checkpoint()
    assert anyio.current_time() == 0.0


async def test_sleepers_wake_in_the_order_of_their_instants() -> None:
    woken: list[tuple[float, float]] = []

    async def sleep_for(delay: float) -> None:
        await anyio.sleep(delay)
        woken.append((delay, anyio.current_time()))

    async with anyio.create_task_group() as tasks:
        for delay in (30.25, 10.5, 20.125, 0.1):
            tasks.start_soon(sleep_for, delay)
    assert woken == [(delay, delay) for delay in (0.1, 10.5, 20.125, 30.25)]


async def test_a_deadline_passes_without_waiting() -> None:
    with pytest.raises(TimeoutError):
        with anyio.fail_after(AN_HOUR):
            await anyio.sleep_forever()
    assert anyio.current_time() == AN_HOUR


@given(delay=st.integers(min_value=1, max_value=10**6))
@settings(max_examples=10)
async def test_a_property_test_runs_in_virtual_time(delay: int) -> None:
    began = anyio.current_time()
    await anyio.sleep(delay)
    assert anyio.current_time() - began == delay


def test_a_jumping_loop_still_sees_threads_when_no_timer_runs() -> None:
    async def wait_for_a_thread() -> str:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        threading.Timer(0.01, loop.call_soon_threadsafe, [done.set]).start()
        await done.wait()
        return "seen"

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(wait_for_a_thread()) == "seen"


@pytest.mark.real_time
async def test_a_test_in_real_time_waits() -> None:
    began = time.perf_counter()
    await anyio.sleep(0.02)
    assert time.perf_counter() - began >= 0.015


@pytest.mark.real_time
async def test_a_thread_is_waited_for_under_a_deadline_in_real_time() -> None:
    with anyio.fail_after(10):
        await anyio.to_thread.run_sync(time.sleep, 0.01)


@pytest.mark.real_time
async def test_loopback_is_open_in_real_time() -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, _greet)
        port: int = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with await anyio.connect_tcp("localhost", port) as stream:
            assert await stream.receive() == b"welcome"
        tasks.cancel_scope.cancel()


async def _greet(stream: anyio.abc.SocketStream) -> None:
    async with stream:
        await stream.send(b"welcome")


async def test_a_test_that_waits_for_ever_is_cancelled_where_it_waits() -> None:
    reached: list[str] = []

    async def wait_for_ever() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            reached.append("its end")

    with pytest.raises(TimeoutError, match=r"still waiting after 0\.01 s") as caught:
        await limited(wait_for_ever, 0.01)()
    assert reached == ["its end"]
    assert caught.value.__cause__ is not None


async def test_a_test_that_is_always_busy_in_virtual_time_is_cancelled() -> None:
    async def poll() -> None:
        while True:  # noqa: ASYNC110 (it never ends)
            await anyio.sleep(AN_HOUR)

    with pytest.raises(TimeoutError):
        await limited(poll, 0.01)()


async def test_a_limit_leaves_results_errors_and_time_alone() -> None:
    async def fail() -> None:
        await anyio.sleep(AN_HOUR)
        raise KeyError

    with pytest.raises(KeyError):
        await limited(fail, 60.0)()
    assert anyio.current_time() == AN_HOUR


@pytest.fixture
def inner_guard() -> Iterator[list[str]]:
    """A guard within the guard, so that what it refuses does not fail the test."""
    with guarded_network() as refused:
        yield refused


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_connection_to_elsewhere_is_refused(inner_guard: list[str], method: str) -> None:
    with socket.socket() as sock, pytest.raises(NetworkBlockedError, match="not loopback"):
        getattr(sock, method)((ELSEWHERE, 80))
    assert len(inner_guard) == 1


@pytest.mark.parametrize(
    "send",
    [
        lambda sock: sock.sendto(b"x", (ELSEWHERE, 53)),
        lambda sock: sock.sendto(b"x", 0, (ELSEWHERE, 53)),
        lambda sock: sock.sendmsg([b"x"], [], 0, (ELSEWHERE, 53)),
    ],
)
def test_a_datagram_to_elsewhere_is_refused(inner_guard: list[str], send: Any) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(NetworkBlockedError):
        send(sock)
    assert len(inner_guard) == 1


def test_a_name_is_not_resolved(inner_guard: list[str]) -> None:
    with pytest.raises(NetworkBlockedError):
        socket.create_connection(("api.example.com", 443))
    with pytest.raises(NetworkBlockedError):
        socket.gethostbyname("api.example.com")
    assert len(inner_guard) == 2


@pytest.mark.real_time
async def test_event_loops_are_guarded(inner_guard: list[str]) -> None:
    for host in (ELSEWHERE, "api.example.com"):
        with pytest.raises((NetworkBlockedError, ExceptionGroup)):  # anyio's attempts at an address are a task group.
            await anyio.connect_tcp(host, 443)
    assert len(inner_guard) == 2


def test_loopback_and_unix_sockets_are_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(FileNotFoundError):
        sock.connect("no-such-socket")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        (b"127.0.0.1", True),
        ("localhost", True),
        (None, True),
        ("0.0.0.0", False),  # noqa: S104 (nothing is bound)
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("localhost.example.com", False),
        (7, False),
    ],
)
def test_loopback_is_recognised(host: object, expected: bool) -> None:
    assert is_loopback(host) is expected


def outcomes_of(pytester: pytest.Pytester, source: str) -> tuple[dict[str, int], str]:
    """Run a test file in these surroundings and return pytest's counts and output."""
    # Of the minute that the stuck test below is given its limit is less than a second.
    pytester.makeconftest("from tests.conftest import *\nfrom tests._support import limits\nlimits.SHARE = 0.01")
    pytester.makepyfile(source)
    pytester.makeini(f"[pytest]\nfilterwarnings = error\nmarkers = real_time\npythonpath = {ROOT}")
    # In a process of its own, so that its time limit is not this test's.
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    return result.parseoutcomes(), result.stdout.str()


def test_bad_tests_fail_alone_and_say_why(pytester: pytest.Pytester) -> None:
    counts, output = outcomes_of(
        pytester,
        f"""
        import contextlib, socket
        import anyio, pytest
        def test_swallowed_refusal():
            with contextlib.suppress(Exception), socket.socket() as sock:
                sock.connect(("{ELSEWHERE}", 80))
        @pytest.mark.anyio
        async def test_socket_in_virtual_time():
            await anyio.connect_tcp("127.0.0.1", 9)
        @pytest.mark.anyio
        @pytest.mark.timeout(60)
        async def test_stuck():
            await anyio.Event().wait()  # here
        async def test_without_mark():
            pass
        @pytest.mark.anyio
        async def test_good():
            pass
        """,
    )
    assert counts == {"passed": 3, "failed": 5, "errors": 3}
    assert "not loopback" in output
    assert "mark it real_time" in output
    assert "await anyio.Event().wait()  # here" in output
    assert "still waiting after 0.6 s of real time" in output
    assert "async def functions are not natively supported" in output


@pytest.mark.parametrize(("asked", "expected"), [(None, 100), ("50", 100), ("5000", 5000)])
def test_the_environment_raises_the_number_of_examples(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, expected: int
) -> None:
    monkeypatch.delenv(EXAMPLES_VARIABLE, raising=False)
    if asked is not None:
        monkeypatch.setenv(EXAMPLES_VARIABLE, asked)
    assert examples(100) == expected


def test_in_ci_examples_are_derandomized() -> None:
    profile = settings.get_profile("ci")
    assert profile.derandomize
    assert profile.deadline is None
    assert profile.database is None


def test_property_tests_have_no_deadline() -> None:
    assert settings().deadline is None
