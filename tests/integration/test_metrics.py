"""/metrics of a running server: who may read it, and that everything in it is really fed."""

import re
import socket
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from scraping import free_port
from serving import Server, serving

OPENS_METRICS = "metrics-token-of-the-test"
OPENS_ALL = "admin-token-of-the-test"
TYPED = {
    "question": "Tell me about a conflict at work",
    "user_answer": "Two people disagreed about a date. I met both, and we shipped in two steps.",
    "language": "en",
}


class Watched:
    """A server with tokens and a loopback port, and its figures."""

    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.port = port

    def figures(self) -> dict[str, float]:
        """Every sample by its name and labels, as the page writes them."""
        page = httpx.get(f"http://127.0.0.1:{self.port}/metrics").text
        return {
            f"{sample.name}{sorted(sample.labels.items())}": sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """One sample; 0 when there is none."""
        return self.figures().get(f"mulakat_{name}{sorted(labels.items())}", 0.0)

    def raw(self, request: bytes) -> bytes:
        """What the loopback port answers to these bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    port = free_port()
    folder = tmp_path_factory.mktemp("metrics") / "data"
    with serving(
        folder, metrics_token=OPENS_METRICS, admin_token=OPENS_ALL, metrics_port=str(port)
    ) as server:
        yield Watched(server, port)


@pytest.mark.parametrize("token", [OPENS_METRICS, OPENS_ALL])
def test_either_token_opens_the_page(watched: Watched, token: str) -> None:
    page = httpx.get(f"{watched.server.url}/metrics", headers={"authorization": f"Bearer {token}"})
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "mulakat_build_info" in page.text


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", f"Basic {OPENS_METRICS}", OPENS_METRICS]
)
def test_anything_else_is_a_401_problem(watched: Watched, authorization: str) -> None:
    headers = {"authorization": authorization} if authorization else {}
    refused = httpx.get(f"{watched.server.url}/metrics", headers=headers)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "admin_only"


def test_without_a_token_set_the_page_is_closed(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("closed") / "data") as server:
        refused = httpx.get(f"{server.url}/metrics", headers={"authorization": "Bearer x"})
        assert (refused.status_code, refused.json()["code"]) == (403, "admin_off")


def test_openmetrics_comes_to_who_asks_for_it(watched: Watched) -> None:
    page = httpx.get(
        f"http://127.0.0.1:{watched.port}/metrics",
        headers={"accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"},
    )
    assert page.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert page.text.endswith("# EOF\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", b"200"),
        (b"GET /metrics?x=1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n", b"200"),
        (b"GET /metrics HTTP/1.1\r\nHost: rebound.example:1\r\n\r\n", b"403"),
        (b"GET /metrics HTTP/1.1\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n", b"404"),
        (b"GET /admin HTTP/1.1\r\nHost: localhost:1\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\nHost: localhost:1\r\n\r\n", b"405"),
        (b"\xff\x00\r\n\r\n", b"403"),
        (b"GET /metrics HTTP/1.1\r\nHost: localh", b""),
        (b"GET /" + b"a" * 70_000 + b"\r\n\r\n", b""),
    ],
)
def test_the_loopback_port_serves_the_page_and_nothing_else(
    watched: Watched, request_bytes: bytes, status: bytes
) -> None:
    try:
        answer = watched.raw(request_bytes)
    except ConnectionError:
        answer = b""
    assert answer.partition(b"\r\n")[0].split(b" ")[1:2] == ([status] if status else [])


def test_scrapers_that_say_nothing_do_not_shut_others_out_for_long(watched: Watched) -> None:
    silent = [socket.create_connection(("127.0.0.1", watched.port)) for _ in range(20)]
    try:
        watched.server.until(lambda: _scraped(watched))
    finally:
        for connection in silent:
            connection.close()


def _scraped(watched: Watched) -> bool:
    try:
        return watched.value("memory_limit_bytes") > 0
    except httpx.TransportError:
        return False


def test_a_thousand_distinct_paths_make_one_series(watched: Watched) -> None:
    labels = {"route": "unmatched", "method": "GET", "status_class": "4xx"}
    before = watched.value("requests_total", **labels)
    series = len(watched.figures())
    with watched.server.client() as client:
        for number in range(1000):
            client.get(f"/wp-admin/{number}/x?y={number}")
    assert watched.value("requests_total", **labels) == before + 1000
    assert len(watched.figures()) <= series + 20  # the first of "unmatched" brings its buckets


def test_an_answer_moves_every_figure_of_a_job(watched: Watched) -> None:
    done = watched.value("jobs_total", outcome="done")
    received = watched.value("upload_bytes_total")
    with watched.server.client() as client:
        assert client.post("/api/v1/evaluations", json=TYPED).status_code == 200
    watched.server.until(lambda: watched.value("jobs_total", outcome="done") == done + 1)
    assert watched.value("upload_bytes_total") > received + len(TYPED["user_answer"])
    assert watched.value("job_attempts_total") >= done + 1
    assert watched.value("job_stage_seconds_sum", stage="total") > 0
    assert watched.value("job_stage_seconds_sum", stage="evaluate") > 0
    assert watched.value("job_stage_seconds_count", stage="queue") >= 1
    assert watched.value("queue_answers", state="queued") == 0


def test_memory_and_collections_of_both_processes_are_there(watched: Watched) -> None:
    watched.server.until(
        lambda: watched.value("gc_collections_total", role="worker", generation="0")
    )
    figures = watched.figures()
    for role in ("web", "worker"):
        for kind in ("rss", "pss", "uss"):
            assert watched.value("memory_process_bytes", role=role, kind=kind) > 2**20
    assert watched.value("gc_collections_total", role="web", generation="0") > 0
    assert 0 < watched.value("memory_ratio") < 1
    assert sum(value for name, value in figures.items() if "_memory_state[" in name) == 1


def test_no_label_holds_more_than_known_words(watched: Watched) -> None:
    words = re.findall(r"'([^']*)'\)", " ".join(watched.figures()))
    assert not [word for word in words if re.search(r"[0-9a-f]{8}-|\d{3}/x|token", word)]
