"""The memory state, told to an address of the operator's: a JSON POST with bounded retries."""

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from mulakat.observe.log import logger

TRIES = 4
TIMEOUT_SECONDS = 5.0
PAUSES = (1.0, 4.0, 15.0)
"""Seconds between the tries."""

WAITING = 8
"""Events kept while the receiver does not answer; the oldest go first."""


class Webhook:
    """Sends from a thread of its own, so that nothing waits for the receiver.

    The thread ends with the process. No proxy is used, and redirects are not followed: the
    address is taken as it stands. It may hold a secret, so it is never logged.
    """

    def __init__(self, url: str, pause: Callable[[float], object] = time.sleep) -> None:
        self._url = url
        self._pause = pause
        self._events: queue.Queue[dict[str, Any]] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._log = logger("governor")

    def send(self, event: dict[str, Any]) -> None:
        """Queue an event; returns at once."""
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(event)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            self._deliver(self._events.get())

    def _deliver(self, event: dict[str, Any]) -> None:
        body = json.dumps(event, ensure_ascii=False).encode()
        said = ""
        for attempt in range(TRIES):
            if attempt:
                self._pause(PAUSES[attempt - 1])
            try:
                status = self._post(body)
            except (OSError, http.client.HTTPException) as error:
                said = type(error).__name__
                continue
            if status < 300:
                return
            said = f"status {status}"
            if status < 500 and status not in {408, 429}:
                break  # it would say the same again
        self._log.warning("alert not delivered", reason=said)

    def _post(self, body: bytes) -> int:
        to = urlsplit(self._url)
        kind = http.client.HTTPSConnection if to.scheme == "https" else http.client.HTTPConnection
        connection = kind(to.hostname or "", to.port, timeout=TIMEOUT_SECONDS)
        target = (to.path or "/") + (f"?{to.query}" if to.query else "")
        try:
            connection.request("POST", target, body, {"Content-Type": "application/json"})
            return connection.getresponse().status
        finally:
            connection.close()
