"""Asking a provider elsewhere: tried again where that helps, left alone where it does not.

Every kind of provider uses it: a language model, a recogniser, a voice. Each request stands in the
ledger before its first byte leaves, so that no death of this process hides one.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

from mulakat.errors import MulakatError
from mulakat.providers.breaker import Breaker
from mulakat.providers.exchange import (
    Address,
    ExchangeFailed,
    Limits,
    Request,
    Response,
    exchange,
)
from mulakat.store.sent import Sent

TRIES = 3
"""Requests for one thing asked, at most."""

BACKOFF_SECONDS = (0.5, 8.0)
"""The first and the longest wait between two; it doubles, and half of it is drawn by lot
(Brooker 2015, Exponential Backoff And Jitter)."""

RETRY_AFTER_MOST = 20.0
"""Seconds; a provider that asks for more patience than a candidate has is not waited for."""

ERROR_BYTES = 4096
"""Of an error's text that is looked at."""

REASONS = {
    "unreachable": True,
    "timeout": True,
    "broken": True,
    "throttled": True,
    "unavailable": True,
    "invalid": True,
    "certificate": False,
    "too_large": False,
    "refused": False,
    "not_found": False,
    "rejected": False,
    "blocked": False,
    "resting": False,
    "ledger": False,
}
"""Why there is no answer, and whether asking again can help. `invalid`: a response that says
nothing usable; `refused`: the key; `not_found`: the address or the model; `rejected`: the
request; `blocked`: the provider will not talk of this; `resting`: it failed too often lately;
`ledger`: what cannot be noted is not sent."""

_NOT_ITS_ILLNESS = {"rejected", "blocked", "ledger", "resting"}
"""Failures that say nothing of whether the provider is well."""

_BY_STATUS = {401: "refused", 403: "refused", 404: "not_found", 429: "throttled"}

_PASSING = {408, 425, 500, 502, 503, 504, 529}
"""Statuses of an illness that passes."""

Read = TypeVar("Read")


class Failed(Exception):
    """No answer, for one of REASONS. `told` is the error's text: never logged, never shown."""

    def __init__(self, reason: str, *, wait: float | None = None, told: str = "") -> None:
        self.reason = reason
        self.wait = wait
        self.told = told
        super().__init__(reason)


class Lines(Protocol):
    """The ledger, for one answer. What its methods raise besides MulakatError passes through."""

    def begin(self, sent: Sent) -> str:
        """Write a line, before anything is sent; return its id."""
        ...

    def end(self, line: str, sent: Sent) -> None:
        """Write what came of it."""
        ...


class NoLines:
    """Where an operator asks for himself, on the command line."""

    def begin(self, _sent: Sent) -> str:
        return ""

    def end(self, _line: str, _sent: Sent) -> None:
        return


@dataclass(frozen=True, slots=True)
class Times:
    """The clocks, replaceable in tests. `chance` gives 0–1."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Errand:
    """What one thing is asked for, and until when, by `Times.monotonic`."""

    purpose: str
    until: float
    lines: Lines


@dataclass(frozen=True, slots=True)
class Service:
    """A provider's name, its model, its address, and what opens it."""

    provider: str
    model: str
    address: Address
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Limits = field(default_factory=Limits)


class Remote:
    """Asks one provider; kept between answers, as it remembers whether the provider is well."""

    def __init__(
        self, service: Service, times: Times | None = None, breaker: Breaker | None = None
    ) -> None:
        self.service = service
        self.times = times or Times()
        self._breaker = breaker or Breaker(self.times.monotonic)

    def ask(
        self, make: Callable[[int], Request], read: Callable[[Response], Read], errand: Errand
    ) -> Read:
        """Return what `read` makes of the response. Raises Failed.

        `make` gives the request of the first, second … try (0, 1, …); `read` raises ValueError
        for a response that says nothing usable, or Failed.
        """
        if not self._breaker.lets():
            raise Failed("resting")
        for number in range(TRIES):
            try:
                found = self._once(make(number), read, errand)
            except Failed as failure:
                if failure.reason not in _NOT_ITS_ILLNESS:
                    self._breaker.failed()
                wait = self._wait(number, failure)
                if wait is None or not self._breaker.lets():
                    raise
                if self.times.monotonic() + wait >= errand.until:
                    raise
                self.times.sleep(wait)
            else:
                self._breaker.succeeded()
                return found
        raise AssertionError("the last try returns or raises")

    def _wait(self, number: int, failure: Failed) -> float | None:
        """Return the seconds until the next try, None where there is none."""
        if not REASONS[failure.reason] or number == TRIES - 1:
            return None
        first, longest = BACKOFF_SECONDS
        wait = min(longest, first * (1 << number)) * (0.5 + 0.5 * self.times.chance())
        if failure.wait is None:
            return wait
        return None if failure.wait > RETRY_AFTER_MOST else max(wait, failure.wait)

    def _once(self, request: Request, read: Callable[[Response], Read], errand: Errand) -> Read:
        service = self.service
        sent = Sent(
            purpose=errand.purpose,
            provider=service.provider,
            model=service.model,
            host=str(service.address),
            bytes_sent=len(request.body) if request.body is not None else 0,
            bytes_received=0,
            outcome="unfinished",
        )
        try:
            line = errand.lines.begin(sent)
        except MulakatError:
            raise Failed("ledger") from None
        try:
            response = exchange(
                service.address,
                request,
                service.headers,
                service.limits,
                until=errand.until,
                monotonic=self.times.monotonic,
            )
            sent = replace(sent, bytes_sent=response.sent, bytes_received=response.received)
            found = self._read(response, read)
            sent = replace(sent, outcome="ok")
        except ExchangeFailed as error:
            sent = replace(
                sent, bytes_sent=error.sent, bytes_received=error.received, outcome=error.reason
            )
            raise Failed(error.reason) from None
        except Failed as failure:
            sent = replace(sent, outcome=failure.reason)
            raise
        finally:
            _end(errand.lines, line, sent)
        return found

    def _read(self, response: Response, read: Callable[[Response], Read]) -> Read:
        if 200 <= response.status < 300:
            try:
                return read(response)
            except (ValueError, RecursionError):  # the latter: JSON nested too deep
                raise Failed("invalid") from None
        reason = _BY_STATUS.get(response.status)
        if reason is None:
            reason = "unavailable" if response.status in _PASSING else "rejected"
        told = response.body[:ERROR_BYTES].decode("utf-8", "replace")
        raise Failed(reason, wait=self._retry_after(response), told=told)

    def _retry_after(self, response: Response) -> float | None:
        """Return the seconds that Retry-After asks for (RFC 9110 §10.2.3), None without it."""
        text = response.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self.times.now()).total_seconds())


def _end(lines: Lines, line: str, sent: Sent) -> None:
    try:
        lines.end(line, sent)
    except MulakatError:
        return  # it stays "unfinished", with what was to be sent: more than nothing, and true
