"""Tiny servers on loopback, each in a thread: they say exactly the bytes that they are told to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

# For localhost and 127.0.0.1, signed by itself, good from 2020 to 2120; made with `openssl ca -selfsign`.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABM9SmzjUVOHCDgUC
ljv14YLQv2BQSlcO0SCAMlxce9kNus4/Wxr6u32+Xy5S818D3bz3DuVs0APn2DYs
T8npAk+jTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBRlEZBPq/iWLuh0AWKHonLaRz4YqDAKBggqhkjOPQQD
AgNIADBFAiEAgDhlfQAxkHqXjXJkdzaS9PA3CWhtqY3CxCQPeqWgXvwCIGhPGeB/
VqmTK7o6cCTZyHEeJ0BwChuxlE0n+MMyyAbo
-----END CERTIFICATE-----
"""
_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUKk32G38bgEX30gU
Erz0uS4PCgL2cjDQFbdroxyzAPahRANCAATPUps41FThwg4FApY79eGC0L9gUEpX
DtEggDJcXHvZDbrOP1sa+rt9vl8uUvNfA9289w7lbNAD59g2LE/J6QJP
-----END PRIVATE KEY-----
"""
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"answer": 42}'


class Server:
    """Says the same to every connection.

    Attributes:
        url: Where it listens.
        heard: What it was sent, one request for each item.
    """

    def __init__(self, listener: socket.socket, says: bytes, context: ssl.SSLContext | None) -> None:
        scheme = "http" if context is None else "https"
        host, port = listener.getsockname()
        self.url = f"{scheme}://{host}:{port}"
        self.heard: list[bytes] = []
        self._listener, self._says, self._context = listener, says, context

    def run(self) -> None:
        """Serve until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                connection.settimeout(10)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            head = b""
            while b"\r\n\r\n" not in head and (piece := connection.recv(65_536)):
                head += piece
            self.heard.append(head)
            connection.sendall(self._says)
            # To close with something unread would reset the connection before the answer is read.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass


@contextlib.contextmanager
def saying(says: bytes, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """Serve while the block runs."""
    with socket.create_server((host, 0)) as listener:
        server = Server(listener, says, context)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def server_context(folder: Path) -> ssl.SSLContext:
    """Make the TLS context of a server that has the certificate."""
    pem = folder / "server.pem"
    pem.write_text(_KEY + CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
