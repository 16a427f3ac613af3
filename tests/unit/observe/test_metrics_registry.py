"""The registry: bounded labels, totals that outlive a worker, both formats."""

import math
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from mulakat.observe.metrics import Metrics
from mulakat.web import problems
from mulakat.web.metrics import Measured

PROMISED = {
    "requests_total", "request_seconds", "requests_in_flight", "upload_bytes_total",
    "queue_answers", "queue_oldest_seconds", "job_stage_seconds", "job_real_time_factor",
    "jobs_total", "job_failures_total", "job_attempts_total", "memory_process_bytes",
    "memory_working_set_bytes", "memory_limit_bytes", "memory_ratio", "memory_state",
    "memory_reserved_bytes", "memory_pressure_some_ratio", "model_loads_total",
    "model_unloads_total", "model_loaded", "worker_restarts_total", "spool_files", "spool_bytes",
    "spool_oldest_seconds", "spool_deleted_total", "sessions", "gc_collections_total",
    "pool_checked_out", "admissions_refused_total", "build_info",
}  # fmt: skip


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"mulakat_{name}", labels)


@pytest.fixture
async def client(metrics: Metrics) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)

    @app.api_route("/things/{name}", methods=["GET", "BREW"])
    async def thing(name: str) -> str:
        if name == "broken":
            raise RuntimeError("a defect")
        return name

    app.add_middleware(Measured, metrics=metrics)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def test_every_metric_that_operators_were_promised_is_described(metrics: Metrics) -> None:
    assert {one.name.removeprefix("mulakat_") for one in metrics.described} == PROMISED
    assert all(one.help.endswith(".") for one in metrics.described)


async def test_a_thousand_paths_make_one_series_each_for_known_and_unknown(
    metrics: Metrics, client: httpx.AsyncClient
) -> None:
    for number in range(1000):
        await client.get(f"/things/{number}?q={number}")
        await client.get(f"/nowhere/{number}")
    known = {"route": "/things/{name}", "method": "GET", "status_class": "2xx"}
    unknown = {"route": "unmatched", "method": "GET", "status_class": "4xx"}
    assert value(metrics, "requests_total", **known) == 1000
    assert value(metrics, "requests_total", **unknown) == 1000
    page = metrics.render()[0].decode()
    assert sum(line.startswith("mulakat_requests_total{") for line in page.splitlines()) == 2


async def test_methods_nobody_uses_are_one_series(
    metrics: Metrics, client: httpx.AsyncClient
) -> None:
    for method in ("BREW", "X" * 30):
        await client.request(method, "/things/1")
    page = metrics.render()[0].decode()
    assert 'method="other"' in page
    assert "BREW" not in page
    assert "XXX" not in page


async def test_a_defect_counts_as_a_500_and_nothing_stays_in_flight(
    metrics: Metrics, client: httpx.AsyncClient
) -> None:
    await client.get("/things/broken")
    labels = {"route": "/things/{name}", "method": "GET", "status_class": "5xx"}
    assert value(metrics, "requests_total", **labels) == 1
    assert value(metrics, "requests_in_flight") == 0


def test_a_workers_totals_go_on_counting_after_it_was_replaced(metrics: Metrics) -> None:
    metrics.heard("state", {"model": "base", "loads": 2, "unloads": 1, "gc": [40, 4, 1]})
    assert value(metrics, "model_loaded") == 1
    metrics.heard("state", {"model": "base", "loads": 3, "unloads": 2, "gc": [50, 5, 1]})
    metrics.heard("replaced", {"reason": "idle", "exit": "75"})
    assert value(metrics, "model_loaded") == 0
    metrics.heard("state", {"model": None, "loads": 4, "unloads": 0, "gc": [60, 5, 1]})
    assert value(metrics, "model_loads_total") == 7
    assert value(metrics, "gc_collections_total", role="worker", generation="0") == 110
    assert value(metrics, "worker_restarts_total", reason="idle") == 1


def test_an_ended_job_gives_its_stages_outcome_and_factor(metrics: Metrics) -> None:
    metrics.heard("started", {})
    metrics.heard(
        "ended",
        {
            "outcome": "done",
            "code": None,
            "attempt": 1,
            "stages": {"queue": 0.2, "decode": 0.1, "transcribe": 3.0, "total": 3.4},
            "audio_seconds": 30.0,
            "real_time_factor": 0.113,
        },
    )
    assert value(metrics, "job_attempts_total") == 1
    assert value(metrics, "jobs_total", outcome="done") == 1
    assert value(metrics, "job_stage_seconds_sum", stage="transcribe") == 3.0
    assert value(metrics, "job_stage_seconds_count", stage="load") == 0
    assert value(metrics, "job_real_time_factor_bucket", le="0.15") == 1
    assert value(metrics, "job_real_time_factor_bucket", le="0.1") == 0


def test_words_that_are_not_ours_become_no_series(metrics: Metrics) -> None:
    for number in range(100):
        metrics.heard("ended", {"outcome": f"x{number}", "stages": {f"y{number}": 1.0}})
        metrics.heard("ended", {"outcome": "failed", "code": f"z{number}"})
        metrics.heard("replaced", {"reason": f"r{number}"})
        metrics.heard(f"k{number}", {})
        metrics.refused(f"c{number}")
    assert value(metrics, "jobs_total", outcome="other") == 100
    assert value(metrics, "job_failures_total", code="internal") == 100
    assert value(metrics, "worker_restarts_total", reason="other") == 100
    assert len(metrics.render()[0].splitlines()) < 300


def test_a_process_that_is_gone_loses_its_memory_series(metrics: Metrics) -> None:
    each = {"rss": 3, "pss": 2, "uss": 1}

    def show(*roles: str) -> None:
        metrics.memory(
            state="alert", limit=100, working_set=85, reserved=0, pressure=None,
            processes=dict.fromkeys(roles, each),
        )  # fmt: skip

    show("web", "worker")
    assert value(metrics, "memory_process_bytes", role="worker", kind="pss") == 2
    show("web")
    assert value(metrics, "memory_process_bytes", role="worker", kind="pss") is None
    assert value(metrics, "memory_ratio") == 0.85
    assert value(metrics, "memory_state", state="alert") == 1
    assert value(metrics, "memory_state", state="normal") == 0
    assert math.isnan(value(metrics, "memory_pressure_some_ratio") or 0)


def test_both_formats_are_read_by_their_parsers(metrics: Metrics) -> None:
    plain, plain_type = metrics.render("text/plain")
    opened, opened_type = metrics.render("application/openmetrics-text;version=1.0.0,text/plain")
    assert plain_type.startswith("text/plain; version=0.0.4")
    assert opened_type.startswith("application/openmetrics-text; version=1.0.0")
    names = {family.name for family in read_openmetrics(opened.decode())}
    assert names == {family.name for family in read_plain(plain.decode())}
    assert len(names) == len(PROMISED)
