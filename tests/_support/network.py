"""A guard that lets no test out of this machine, and none of virtual time into a socket."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class NetworkBlockedError(RuntimeError):
    """A test reached for a socket that it may not have; not an `OSError`, which clients retry or translate."""


def is_loopback(host: object) -> bool:
    """Tell whether *host* is this machine, by its literal address or by the one name that needs no resolver."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None or host == "localhost":  # getaddrinfo's "no host" is loopback, or an address to bind.
        return True
    if not isinstance(host, str):
        return False
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:  # A name: even to resolve it would be to ask another machine.
        return False


def _refusal(family: int, address: object, *, loopback: bool) -> str | None:
    """Say what is wrong with *address*, or None if it may be used."""
    if not loopback:
        return "a test in virtual time used a socket: time jumps past what a socket waits for; mark it real_time"
    if family == getattr(socket, "AF_UNIX", None):
        return None
    if isinstance(address, tuple) and address and is_loopback(address[0]):
        return None
    return f"a test reached for {address!r}, which is not loopback"


@contextmanager
def guarded_network(*, loopback: bool = True) -> Iterator[list[str]]:
    """Refuse every outgoing socket but those to loopback and of AF_UNIX, and the resolving of any name but localhost.

    It sees the sockets of this process's Python code (asyncio, trio, httpx, …), not those of extension modules or of
    subprocesses.

    Args:
        loopback: Whether even loopback and AF_UNIX may be used.

    Yields:
        What was refused so far: code under test may swallow the error, its test must fail all the same.
    """
    refused: list[str] = []

    def check(family: int, address: object) -> None:
        problem = _refusal(family, address, loopback=loopback)
        if problem is not None:
            refused.append(problem)
            raise NetworkBlockedError(problem)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto", "sendmsg"):
            patch.setattr(socket.socket, name, _checked_method(name, check))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, name, _checked_lookup(name, check))
        yield refused


def _checked_method(name: str, check: Callable[[int, object], None]) -> Any:
    original = getattr(socket.socket, name)

    def method(self: socket.socket, *args: Any) -> Any:
        # The address is the last argument of all, and of `sendmsg` the fourth, which a connected socket leaves out.
        if name != "sendmsg" or len(args) == 4:
            check(self.family, args[-1])
        return original(self, *args)

    return method


def _checked_lookup(name: str, check: Callable[[int, object], None]) -> Any:
    original = getattr(socket, name)

    def lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(socket.AF_INET, (host, 0))
        return original(host, *args, **kwargs)

    return lookup
