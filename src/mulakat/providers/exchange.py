"""One HTTP request to a provider elsewhere, with everything about it bounded.

On the standard library: a general client bounds neither a response nor the time that one takes in
all, and adds 4 MiB to the worker (docs/decisions/0005-providers-without-sdks.md). Redirects are
not followed: a key and a candidate's words go to the host that the operator named, or nowhere.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

PIECE = 64 * 1024
"""Bytes written or read at once."""

Broke = Literal["unreachable", "certificate", "timeout", "broken", "too_large"]
"""Why there is no response: nobody answers there, TLS shows somebody else, too slow, the
connection ended before the response did or it was no HTTP, more bytes than we take."""


class ExchangeFailed(Exception):
    """There is no whole response; bytes that went either way are counted."""

    def __init__(self, reason: Broke, sent: int, received: int) -> None:
        self.reason: Broke = reason
        self.sent = sent
        self.received = received
        super().__init__(reason)


class Body(Protocol):
    """A request's body that is made while it is sent, for recordings: its length, its pieces."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect and to wait for the next byte; bytes of a response, its head included."""

    connect: float = 10.0
    read: float = 60.0
    most_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Address:
    """Where a provider listens. `path` stands before each request's own."""

    secure: bool
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> "Address":
        """Return the address that a setting's http:// or https:// URL names."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        return cls(secure, parts.hostname or "", port, parts.path.rstrip("/"))

    def __str__(self) -> str:
        """Return host and port, for the ledger and for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.secure else 80
        return host if self.port == usual else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: `path` after the address's, the body of a POST or None for a GET.

    `take` gets the body of a good response (2xx) as it comes; the Response's is then empty.
    """

    path: str
    body: bytes | Body | None = None
    content_type: str = "application/json"
    take: Callable[[bytes], object] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response; `sent` and `received` are bytes, heads included, before encryption."""

    status: int
    headers: Message = field(repr=False)
    body: bytes = field(repr=False)
    sent: int
    received: int


def exchange(
    address: Address,
    request: Request,
    headers: Mapping[str, str],
    limits: Limits,
    *,
    until: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> Response:
    """Send a request on a connection of its own and return the response. Raises ExchangeFailed.

    `until` is the moment of the clock `monotonic` at which it must be over. The name's resolution
    alone is bounded by the system's resolver.
    """
    wire = _Wire(limits, until, monotonic)
    try:
        wire.connect(address)
        # Made for its way of writing and reading heads; the socket is ours.
        talk = http.client.HTTPConnection(address.host, address.port)
        talk.sock = wire
        method = "GET" if request.body is None else "POST"
        body: Any = request.body
        more = dict(headers) | {"Connection": "close"}
        if request.body is not None:
            more |= {"Content-Type": request.content_type, "Content-Length": str(len(request.body))}
        # Who refuses a body may say so without having read it.
        with suppress(BrokenPipeError, ConnectionResetError):
            talk.request(method, address.path + request.path, body, more)
        response = talk.getresponse()
        take = request.take if 200 <= response.status < 300 else None
        whole = _whole(response, take)
        return Response(response.status, response.headers, whole, wire.sent, wire.received)
    except _TooMuch:
        raise ExchangeFailed("too_large", wire.sent, wire.received) from None
    except ssl.SSLCertVerificationError:
        raise ExchangeFailed("certificate", wire.sent, wire.received) from None
    except TimeoutError:
        raise ExchangeFailed("timeout", wire.sent, wire.received) from None
    except (OSError, UnicodeError, http.client.HTTPException):  # Unicode: a name that is none
        reason: Broke = "broken" if wire.connected else "unreachable"
        raise ExchangeFailed(reason, wire.sent, wire.received) from None
    finally:
        wire.end()


def _whole(
    response: http.client.HTTPResponse, take: Callable[[bytes], object] | None = None
) -> bytes:
    """Read a body in pieces: a length that a server claims is never allocated."""
    data = bytearray()
    while piece := response.read(PIECE):
        (take or data.extend)(piece)
    if response.length:  # fewer bytes than Content-Length said
        raise http.client.IncompleteRead(b"")
    return bytes(data)


class _TooMuch(Exception):
    """More bytes came than the limit."""


class _Wire:
    """A connection as http.client uses one: each read and write within its time, all counted."""

    def __init__(self, limits: Limits, until: float, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._until = until
        self._monotonic = monotonic
        self._socket: socket.socket | None = None
        self.connected = False
        self.sent = 0
        self.received = 0

    def connect(self, address: Address) -> None:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        for i, (family, kind, protocol, _, where) in enumerate(found):
            self._socket = socket.socket(family, kind, protocol)
            try:
                self._armed(self._limits.connect).connect(where)
                break
            except OSError:
                self._socket.close()
                if i == len(found) - 1:
                    raise
        plain = self._armed(self._limits.connect)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.secure:
            self._socket = _trust().wrap_socket(plain, server_hostname=address.host)
        self.connected = True

    def _armed(self, most: float) -> socket.socket:
        """Return the socket with its time for the next step set."""
        left = self._until - self._monotonic()
        if left <= 0:
            raise TimeoutError
        assert self._socket is not None  # noqa: S101  # set by `connect`, before all else
        self._socket.settimeout(min(most, left))
        return self._socket

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            count = self._armed(self._limits.read).send(left[:PIECE])
            self.sent += count
            left = left[count:]

    def receive_into(self, buffer: memoryview) -> int:
        count = self._armed(self._limits.read).recv_into(buffer)
        self.received += count
        if self.received > self._limits.most_bytes:
            raise _TooMuch
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self), PIECE)

    def close(self) -> None:
        """Do nothing: http.client closes when it has read the head; `end` does it."""

    def end(self) -> None:
        if self._socket is not None:
            self._socket.close()


class _Reading(io.RawIOBase):
    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive_into(memoryview(buffer))


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificates; SSL_CERT_FILE, which OpenSSL reads, names others."""
    return ssl.create_default_context()
