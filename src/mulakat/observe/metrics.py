"""Every metric of Mulakat: its name, labels, buckets and meaning, in one registry of its own.

Labels are bounded by construction: routes are templates, everything else is one of a few
known words, and what is unknown becomes "other". docs/operating.md carries the table that
`mulakat metrics` prints from here, and a test fails when the two differ.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.openmetrics import exposition as openmetrics

from mulakat import __version__, errors

PREFIX = "mulakat_"

# A second series for each counter and bucket, which says when it was made: nothing asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

REQUEST_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds. Pages and progress take milliseconds (p99 below 25 ms idle), a request that waits
for its evaluation seconds to minutes."""

STAGE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Seconds. Loading the model takes 0.07–0.5, decoding less, ten minutes of speech 60–120, and
at 900 the deadline ends a job."""

FACTOR_BUCKETS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)
"""Processing time over recording time: 0.1 to 0.2 measured with the base model on two cores; at
1.0 speech arrives as fast as it can be heard."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STAGES = ("queue", "load", "decode", "transcribe", "evaluate", "total")
OUTCOMES = ("done", "failed", "given_back", "retried", "refused")
RESTARTS = ("idle", "died", "strikes", "memory", "deadline")
STATES = ("normal", "alert", "refusing")
DELETIONS = ("done", "failed", "discarded", "deleted", "expired", "swept")
UNMATCHED = "unmatched"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Described:
    """A metric as an operator reads of it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


class _Rising:
    """Feeds a counter from readings of totals that begin anew when a process is replaced."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._seen: dict[tuple[str, ...], float] = {}

    def read(self, total: float, *labels: str) -> None:
        before = self._seen.get(labels, 0.0)
        grown = total - before if total >= before else total
        self._seen[labels] = total
        (self._counter.labels(*labels) if labels else self._counter).inc(grown)

    def begin_anew(self, *labels: str) -> None:
        """Take the next readings whose labels begin so as those of a new process."""
        for known in [one for one in self._seen if one[: len(labels)] == labels]:
            del self._seen[known]


class Metrics:
    """The metrics of one server, web and worker side; `render` gives the page.

    Safe to feed from several threads.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.described: list[Described] = []

        self._requests = self._counter(
            "requests", "Requests answered.", "route", "method", "status_class"
        )
        self._request_seconds = self._histogram(
            "request_seconds",
            "Seconds from a request's head to the end of its response; streams of events last "
            "as long as somebody reads.",
            REQUEST_BUCKETS,
            "route",
        )
        self.in_flight = self._gauge("requests_in_flight", "Requests being answered now.")
        self._upload = self._counter("upload_bytes", "Bytes of request bodies received.")
        self._refused = self._counter(
            "admissions_refused", "Requests told to come back later, by the error's code.", "reason"
        )

        self._queue = self._gauge("queue_answers", "Answers that wait or are processed.", "state")
        self._queue_oldest = self._gauge(
            "queue_oldest_seconds", "Age of the oldest answer that waits; 0 when none does."
        )
        self._stage = self._histogram(
            "job_stage_seconds",
            "Seconds that an answer spent in a stage; total is without the queue.",
            STAGE_BUCKETS,
            "stage",
        )
        self._factor = self._histogram(
            "job_real_time_factor",
            "Processing seconds for each second of a recording.",
            FACTOR_BUCKETS,
        )
        self._jobs = self._counter(
            "jobs", "Attempts that ended, by outcome; refused: by the fencing token.", "outcome"
        )
        self._failures = self._counter("job_failures", "Answers failed, by error.", "code")
        self._attempts = self._counter("job_attempts", "Attempts at answers begun.")

        self._memory = self._gauge(
            "memory_process_bytes",
            "Memory of each process; only PSS may be summed.",
            "role",
            "kind",
        )
        self._working_set = self._gauge(
            "memory_working_set_bytes", "Memory that counts against the limit."
        )
        self._limit = self._gauge("memory_limit_bytes", "Memory this installation may use.")
        self._ratio = self._gauge("memory_ratio", "Working set over limit.")
        self._state = self._gauge("memory_state", "1 for the governor's present state.", "state")
        self._reserved = self._gauge(
            "memory_reserved_bytes", "Memory promised to work that was admitted."
        )
        self._pressure = self._gauge(
            "memory_pressure_some_ratio",
            "Share of the last 10 s in which something waited for memory (PSI); NaN where the "
            "kernel does not tell.",
        )
        self._loads = _Rising(self._counter("model_loads", "Times the speech model was loaded."))
        self._unloads = _Rising(
            self._counter("model_unloads", "Times the speech model was let go.")
        )
        self._loaded = self._gauge("model_loaded", "1 while the speech model is in memory.")
        self._restarts = self._counter(
            "worker_restarts", "Workers replaced; idle is the usual way to give memory back.",
            "reason",
        )  # fmt: skip
        self._collections = _Rising(
            self._counter(
                "gc_collections", "Collections of Python's garbage collector.", "role", "generation"
            )
        )

        self._files = self._gauge("spool_files", "Recordings and temporary files on disk.")
        self._bytes = self._gauge("spool_bytes", "Their size.")
        self._oldest = self._gauge("spool_oldest_seconds", "Age of the oldest; 0 when none is.")
        self._deleted = self._counter("spool_deleted", "Files deleted, by cause.", "reason")
        self.sessions = self._gauge("sessions", "Sessions kept for signed-in people.")
        self._pool = self._gauge("pool_checked_out", "Database connections in use.")
        self._gauge("build_info", "1, with the version that runs.", "version").labels(
            __version__
        ).set(1)
        self._begin()

    def _begin(self) -> None:
        """Let the series of known words stand at zero: a rate needs the value before the first."""
        known: Iterable[tuple[Counter | Histogram | Gauge, Iterable[str]]] = (
            (self._jobs, OUTCOMES),
            (self._failures, FAILURES),
            (self._restarts, RESTARTS),
            (self._deleted, DELETIONS),
            (self._stage, STAGES),
            (self._state, STATES),
            (self._queue, ("queued", "running")),
            (self._refused, REFUSALS),
        )
        for metric, words in known:
            for word in words:
                metric.labels(word)
        self._pressure.set(math.nan)

    # --- the web side

    def answered(self, route: str, method: str, status: int, seconds: float, received: int) -> None:
        """Count a request that ended; `status` 0 when the client left before an answer.

        `route` is a template, `method` of `method_of`.
        """
        status_class = f"{status // 100}xx" if 100 <= status < 600 else "none"
        self._requests.labels(route, method, status_class).inc()
        self._request_seconds.labels(route).observe(seconds)
        self._upload.inc(received)

    def refused(self, code: str | None) -> None:
        """Count a request whose error's code says to come back later; others pass."""
        if code in REFUSALS:
            self._refused.labels(code).inc()

    def deleted(self, reason: str, files: int = 1) -> None:
        """Count files that left the spool."""
        self._deleted.labels(_one_of(reason, DELETIONS)).inc(files)

    # --- readings

    def queue(self, queued: int, running: int, oldest_seconds: float) -> None:
        """Show the queue."""
        self._queue.labels("queued").set(queued)
        self._queue.labels("running").set(running)
        self._queue_oldest.set(oldest_seconds)

    def spool(self, files: int, size: int, oldest_seconds: float) -> None:
        """Show the spool."""
        self._files.set(files)
        self._bytes.set(size)
        self._oldest.set(oldest_seconds)

    def pool(self, checked_out: int) -> None:
        """Show the database connections in use."""
        self._pool.set(checked_out)

    def collections(self, role: str, by_generation: Iterable[int]) -> None:
        """Show how often a process has collected garbage since its start."""
        for generation, total in enumerate(by_generation):
            self._collections.read(total, role, str(generation))

    def memory(
        self,
        *,
        state: str,
        limit: int,
        working_set: int,
        reserved: int,
        pressure: float | None,
        processes: Mapping[str, Mapping[str, int]],
    ) -> None:
        """Show a sample of the governor: bytes, and `pressure` from 0 to 1.

        `processes` gives rss, pss and uss by role; roles that are gone lose their series.
        """
        for name in STATES:
            self._state.labels(name).set(name == state)
        self._limit.set(limit)
        self._working_set.set(working_set)
        self._ratio.set(working_set / limit if limit else 0.0)
        self._reserved.set(reserved)
        self._pressure.set(math.nan if pressure is None else pressure)
        for role in ROLES:
            for kind in ("rss", "pss", "uss"):
                if role in processes:
                    self._memory.labels(role, kind).set(processes[role][kind])
                else:
                    self._memory.remove(role, kind)

    # --- the worker side

    def heard(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take what a worker or its supervisor said (worker/wire.py); unknown kinds pass."""
        if kind == "started":
            self._attempts.inc()
        elif kind == "ended":
            self._ended(data)
        elif kind == "state":
            self._loads.read(data.get("loads", 0))
            self._unloads.read(data.get("unloads", 0))
            self._loaded.set(data.get("model") is not None)
            self.collections("worker", data.get("gc", ()))
        elif kind == "replaced":
            self._restarts.labels(_one_of(str(data.get("reason")), RESTARTS)).inc()
            self._loaded.set(0)
            self._loads.begin_anew()
            self._unloads.begin_anew()
            self._collections.begin_anew("worker")
        elif kind == "deleted":
            self.deleted(str(data.get("reason")), int(data.get("files", 1)))

    def _ended(self, data: Mapping[str, Any]) -> None:
        outcome = _one_of(str(data.get("outcome")), OUTCOMES)
        self._jobs.labels(outcome).inc()
        if outcome == "failed":
            self._failures.labels(errors.from_code(str(data.get("code"))).code).inc()
        for stage, seconds in (data.get("stages") or {}).items():
            if stage in STAGES and seconds is not None:
                self._stage.labels(stage).observe(seconds)
        factor = data.get("real_time_factor")
        if factor is not None:
            self._factor.observe(factor)

    # --- the page

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return the page and its content type: OpenMetrics to who asks for it, else plain."""
        if "application/openmetrics-text" in accept:
            page: bytes = openmetrics.generate_latest(self.registry)  # type: ignore[no-untyped-call]
            return page, OPENMETRICS
        return generate_latest(self.registry), PLAIN

    def table(self) -> str:
        """Return the table of docs/operating.md."""
        lines = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{one.name}` | {one.kind} | {', '.join(one.labels) or '–'} | {one.help} |"
            for one in self.described
        ]
        return "\n".join(lines) + "\n"

    # --- making them

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        self.described.append(Described(f"{PREFIX}{name}_total", "counter", labels, help_))
        return Counter(PREFIX + name, help_, labels, registry=self.registry)

    def _gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        self.described.append(Described(PREFIX + name, "gauge", labels, help_))
        return Gauge(PREFIX + name, help_, labels, registry=self.registry)

    def _histogram(
        self, name: str, help_: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        shown = f"{help_} Buckets: {', '.join(f'{one:g}' for one in buckets)}."
        self.described.append(Described(PREFIX + name, "histogram", labels, shown))
        return Histogram(PREFIX + name, help_, labels, registry=self.registry, buckets=buckets)


ROLES = ("web", "worker")

FAILURES = tuple(sorted(kind.code for kind in errors.AnswerFailed.__subclasses__()))
"""Failures of ours; those of a recording appear with the first."""

REFUSALS = tuple(sorted(kind.code for kind in errors.Unavailable.__subclasses__()))


def method_of(method: str) -> str:
    """Return the method, or "other" for one that is none of HTTP's usual ones."""
    return method if method in METHODS else OTHER


def _one_of(word: str, known: Iterable[str]) -> str:
    return word if word in known else OTHER
