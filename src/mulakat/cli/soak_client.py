"""Requests as a patient client sends them: what is refused comes again when it was told to."""

import http.client
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

REFUSALS = frozenset({429, 503, 507})
"""What the server may answer when it is full; each must say when to come back."""

MOST_REFUSALS = 200
"""After so many refusals of one request the server is not busy, it is closed."""

TIMEOUT_SECONDS = 1800.0
"""Without a byte from the server: the last of twenty long answers waits for all the others."""

_BOUNDARY = "mulakat-soak-2f1b6c0d9e"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request and what the server ought to say: a name for tables, body, statuses."""

    name: str
    body: bytes
    content_type: str
    expected: frozenset[int] = frozenset({200})


@dataclass(slots=True)
class Told:
    """What came of one request: the last status, seconds of that try, and the refusals."""

    ask: Ask
    status: int = 0
    code: str = ""
    seconds: float = 0.0
    ended: float = 0.0
    refusals: list[str] = field(default_factory=list)
    unsaid: int = 0
    """Refusals without Retry-After."""

    @property
    def well(self) -> bool:
        """Whether it ended as it ought to."""
        return self.status in self.ask.expected and not self.unsaid


def spoken(name: str, audio: bytes, question: str, language: str, *statuses: int) -> Ask:
    """Return a recording as the seed's curl sends it (multipart/form-data)."""
    fields = {"question": question, "language": language}
    head = "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    )
    head += (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="audio"; filename="answer"\r\n\r\n'
    )
    body = b"".join((head.encode(), audio, f"\r\n--{_BOUNDARY}--\r\n".encode()))
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    return Ask(name, body, kind, frozenset(statuses or (200,)))


def typed(name: str, document: dict[str, str], *statuses: int) -> Ask:
    """Return a typed answer as JSON."""
    body = json.dumps(document).encode()
    return Ask(name, body, "application/json", frozenset(statuses or (200,)))


class Client:
    """Sends to one server; may be used by many threads at once.

    `wait` sleeps between a refusal and the next try.
    """

    PATH = "/interview_speech_evaluation"

    def __init__(self, url: str, wait: Callable[[float], None] = time.sleep) -> None:
        address = urlsplit(url)
        self._https = address.scheme == "https"
        self._host = address.hostname or "127.0.0.1"
        self._port = address.port
        self._path = address.path.rstrip("/")
        self._wait = wait

    def send(self, ask: Ask) -> Told:
        """Send until it is accepted or refused for good; a broken connection is status 0."""
        told = Told(ask)
        while True:
            began = time.monotonic()
            try:
                told.status, headers, document = self._once(ask)
            except (OSError, http.client.HTTPException) as error:
                told.status, told.code = 0, type(error).__name__
                return told
            told.ended = time.monotonic()
            told.seconds = told.ended - began
            told.code = str(document.get("code", ""))
            if told.status not in REFUSALS or told.status in ask.expected:
                return told
            again = headers.get("retry-after", "")
            told.unsaid += not again.isdecimal()
            told.refusals.append(told.code)
            if not again.isdecimal() or len(told.refusals) >= MOST_REFUSALS:
                return told
            self._wait(float(again))

    def get(self, path: str, token: str = "") -> dict[str, Any]:
        """Return a JSON document; raises OSError when the server does not give it."""
        connection = self._connect(timeout=30.0)
        try:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            connection.request("GET", self._path + path, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{path}: {type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{path} answered {answer.status}: {_parsed(content).get('detail', '')}")
        return _parsed(content)

    def _once(self, ask: Ask) -> tuple[int, dict[str, str], dict[str, Any]]:
        connection = self._connect(TIMEOUT_SECONDS)
        try:
            # A server that refuses early closes while we still send; its answer is there.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(
                    "POST", self._path + self.PATH, ask.body,
                    {"Content-Type": ask.content_type, "Accept-Language": "en"},
                )  # fmt: skip
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, _parsed(answer.read())
        finally:
            connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=timeout)


def _parsed(content: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        document = json.loads(content)
        if isinstance(document, dict):
            return document
    return {}
