"""Accounts on the real server: cookies as a browser keeps them, Valkey as it comes and goes."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from people import EMAILS, OTHER, OWNER, PASSWORD
from serving import Server, serving
from valkeys import Valkey, valkey

ACCOUNT = "/api/v1/account"
ANSWER = {"question": "Tell me about a conflict at work", "user_answer": "We disagreed, I asked."}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("accounts") / "data") as running:
        for who in (OWNER, OTHER):
            with running.client() as client:
                assert register(client, who).status_code == 201
        yield running


def register(client: httpx.Client, who: str = OWNER) -> httpx.Response:
    return client.post("/api/v1/register", json={"email": EMAILS[who], "password": PASSWORD})


def login(client: httpx.Client, who: str = OWNER) -> httpx.Response:
    return client.post("/api/v1/login", json={"email": EMAILS[who], "password": PASSWORD})


def files(server: Server) -> dict[str, tuple[int, int]]:
    """What any write to the sessions' folder would change."""
    folder = server.data / "sessions"
    found = {path.name: path.stat() for path in (folder, *folder.iterdir())}
    return {name: (one.st_ino, one.st_mtime_ns) for name, one in found.items()}


def test_a_thousand_requests_with_a_session_write_none(server: Server) -> None:
    with server.client() as client:
        login(client)
        before = files(server)
        for _ in range(1000):
            assert client.get(ACCOUNT).status_code == 200
        assert files(server) == before
        client.post("/api/v1/logout")
        assert files(server) != before


def test_a_login_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        with server.client() as client:
            register(client)
            cookies = client.cookies
        server.kill()
        server.start()
        with server.client(cookies=cookies) as client:
            assert client.get(ACCOUNT).json()["email"] == EMAILS[OWNER]


def test_what_a_browser_answered_as_a_guest_becomes_its_accounts(server: Server) -> None:
    with server.client() as client:
        client.get("/")
        assert client.cookies["mulakat_guest"]
        answer = client.post("/api/v1/evaluations", json=ANSWER)
        assert answer.status_code == 200
        login(client)
        assert "mulakat_guest" not in client.cookies
        where = f"/api/v1/evaluations/{answer.json()['id']}"
        assert client.get(where).status_code == 200
        client.post("/api/v1/logout")
        assert client.get(where).status_code == 404


def test_fifty_logins_at_once_stay_within_their_share_of_memory(server: Server) -> None:
    def one(number: int) -> int:
        with server.client() as client:
            return login(client, OWNER if number % 2 else OTHER).status_code

    before = server.pss_mib()
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(one, range(50)))
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 20
    assert server.pss_mib() - before < 15


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Valkey]:
    (tmp_path / "valkey").mkdir()
    with valkey(tmp_path / "valkey") as running:
        yield running


def test_while_valkey_is_down_login_says_so_and_guests_go_on(store: Valkey, tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", session_url=store.url) as server,
        server.client() as client,
        server.client() as guest,
    ):
        register(client)
        before = store.writes()
        for _ in range(1000):
            assert client.get(ACCOUNT).status_code == 200
        assert store.writes() == before

        store.stop()
        began = time.monotonic()
        refused = login(client)
        assert refused.status_code == 503
        assert refused.json()["code"] == "sessions_unavailable"
        assert int(refused.headers["retry-after"]) > 0
        assert time.monotonic() - began < 5
        assert client.get(ACCOUNT).status_code == 503
        assert guest.get("/").status_code == 200
        assert guest.post("/api/v1/evaluations", json=ANSWER).status_code == 200
        assert guest.get("/health/live").status_code == 200
        server.until(lambda: guest.get("/health/ready").status_code == 503)
        checks = guest.get("/health/ready").json()["checks"]
        assert {name for name, one in checks.items() if one["status"] != "ok"} == {"sessions"}

        shutil.rmtree(tmp_path / "valkey", ignore_errors=True)
        (tmp_path / "valkey").mkdir()
        store.start()
        server.until(lambda: guest.get("/health/ready").status_code == 200)
        assert login(client).status_code == 200
        assert client.get(ACCOUNT).status_code == 200


class Live(Server):
    """A server of which something may be down at its start."""

    ready = "/health/live"


def test_a_server_starts_without_its_valkey(tmp_path: Path) -> None:
    server = Live(tmp_path / "data", session_url="redis://user:canary@127.0.0.1:1/0")
    try:
        with server.client() as client:
            assert client.get("/").status_code == 200
            assert login(client).json()["code"] == "sessions_unavailable"
            assert "canary" not in client.get("/health/ready").text
            assert "canary" not in server.tail()
    finally:
        server.stop()
