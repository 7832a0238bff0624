"""The surroundings of every test: an event loop, its clock, and a closed network.

An `async def` test runs on asyncio and on trio if its module says `pytestmark = pytest.mark.anyio`; without the mark
pytest refuses it. Its time is virtual: `anyio.sleep(3600)` returns at once with the clock an hour on. A test that uses
sockets, threads or subprocesses says `@pytest.mark.real_time`.
"""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from trio.testing import MockClock

from tests._support.limits import limit_of, limited
from tests._support.network import guarded_network
from tests._support.profiles import register_profiles
from tests._support.virtual_clock import VirtualTimeLoop

register_profiles()


def _in_virtual_time(request: pytest.FixtureRequest) -> bool:
    on_a_loop = "anyio_backend" in request.fixturenames
    return on_a_loop and request.node.get_closest_marker("real_time") is None


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The backend of an async test, with a virtual clock that starts at zero unless the test is marked `real_time`.

    The examples of one property test share trio's clock: they measure differences, not instants.
    """
    virtual = _in_virtual_time(request)
    if not virtual:
        return request.param, {}
    if request.param == "asyncio":
        return "asyncio", {"loop_factory": VirtualTimeLoop}
    return "trio", {"clock": MockClock(autojump_threshold=0)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a test in real time, with sockets and processes, be tried once more on a machine that is shared."""
    for item in items:
        if item.get_closest_marker("real_time"):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.hookimpl(tryfirst=True)  # Before anyio's, which runs what it finds.
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Give an async test, and each example of an async property test, its limit."""
    limit_s = limit_of(pyfuncitem)
    if "anyio_backend" not in pyfuncitem.fixturenames or not limit_s:
        return
    test = pyfuncitem.obj
    property_test = getattr(test, "hypothesis", None)
    if property_test is None and inspect.iscoroutinefunction(test):
        pyfuncitem.obj = limited(test, limit_s)
    # The inner test belongs to all items of the function: after the first it is wrapped already, by anyio too.
    elif property_test is not None and inspect.iscoroutinefunction(property_test.inner_test):
        property_test.inner_test = limited(property_test.inner_test, limit_s)


@pytest.fixture(autouse=True)
def network_guard(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that reaches beyond loopback, or, in virtual time, for any socket at all."""
    with guarded_network(loopback=not _in_virtual_time(request)) as refused:
        yield
    if refused:
        pytest.fail("\n".join(refused))


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the proxies of the machine's environment away: tests of proxies set their own."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
