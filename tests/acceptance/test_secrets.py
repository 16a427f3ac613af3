"""What opens an account or the server is nowhere but with whom it belongs to.

A server at its most talkative is given every kind of secret, right and wrong, in every place that
takes one; then all that it wrote, answered to others and kept on disk is searched for them.
"""

import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from people import ADMIN, EMAILS, OWNER
from scraping import free_port
from serving import Server, serving

ADMIN_TOKEN = "admin-canary-0123456789"
METRICS_TOKEN = "metrics-canary-0123456789"
PASSWORD, NEW_PASSWORD = "kanarya bir parola", "kanarya iki parola"
WRONG = ("wrong-canary-password", "mlk_wrong-canary-token", "wrong-canary-cookie")
ENGLISH = {"Accept-Language": "en"}


@dataclass
class Told:
    """What a server wrote, and what it must not have written."""

    secrets: set[str] = field(default_factory=set)
    refusals: list[str] = field(default_factory=list)
    written: dict[str, bytes] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)


class Caller:
    """Sends secrets and notes what is refused, and the cookies that come back."""

    def __init__(self, server: Server, told: Told, clients: ExitStack) -> None:
        self.told = told
        self.client = server.client(headers=ENGLISH)
        clients.callback(self.client.close)

    def send(self, status: int, method: str, path: str, **more: Any) -> httpx.Response:
        made = self.client.request(method, path, **more)
        assert made.status_code == status, made.text
        if status >= 400:
            self.told.refusals.append(f"{made.headers} {made.text}")
        self.told.secrets |= set(made.cookies.values())
        return made

    def refused(self, status: int, method: str, path: str, **more: Any) -> None:
        self.send(status, method, path, **more)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def mulakat(server: Server, *arguments: str, typed: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mulakat", *arguments],
        env=server._environment, input=typed, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def csrf(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    return found[1]


def live(server: Server, told: Told, clients: ExitStack) -> None:
    """Do everything that takes a secret, rightly and wrongly."""
    wrong_password, wrong_token, wrong_cookie = WRONG
    told.secrets |= {ADMIN_TOKEN, METRICS_TOKEN, PASSWORD, NEW_PASSWORD, *WRONG}
    who = {"email": EMAILS[OWNER]}
    caller = Caller(server, told, clients)
    register = {**who, "password": PASSWORD}
    caller.refused(422, "POST", "/api/v1/register", json={**register, "extra": PASSWORD})
    caller.refused(422, "POST", "/api/v1/register", json={**who, "password": [PASSWORD]})
    caller.refused(422, "POST", "/api/v1/register", json={**who, "password": PASSWORD * 60})
    caller.refused(400, "POST", "/api/v1/login", content=f'{{"password": "{PASSWORD}',
                   headers={"Content-Type": "application/json"})  # fmt: skip
    caller.refused(415, "POST", "/api/v1/login", data={"password": PASSWORD})
    told.secrets.add(caller.send(201, "POST", "/api/v1/register", json=register).json()["csrf"])
    caller.refused(409, "POST", "/api/v1/register", json=register)
    made = caller.send(201, "POST", "/api/v1/tokens", json={"name": "script"}).json()
    token = made["token"]
    told.secrets.add(token)
    caller.refused(422, "POST", "/api/v1/tokens", json={"name": "", "token": token})
    caller.refused(403, "POST", "/api/v1/tokens", json={"name": "x"}, headers=bearer(token))
    caller.send(200, "GET", "/api/v1/account", headers=bearer(token))
    caller.refused(401, "GET", "/api/v1/account", headers=bearer(wrong_token))
    caller.refused(401, "GET", f"/debug/memory_status?token={ADMIN_TOKEN}", headers=bearer(token))
    change = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    caller.refused(403, "POST", "/api/v1/password", json={**change, "password": wrong_password})
    told.secrets.add(caller.send(200, "POST", "/api/v1/password", json=change).json()["csrf"])
    caller.refused(401, "GET", "/api/v1/account", headers=bearer(token))

    stranger = Caller(server, told, clients)
    stranger.refused(401, "POST", "/api/v1/login", json={**who, "password": wrong_password})
    stranger.refused(401, "GET", "/api/v1/account",
                     headers={"Cookie": f"mulakat_session={wrong_cookie}"})  # fmt: skip
    stranger.refused(401, "GET", "/metrics", headers=bearer(wrong_token))
    stranger.send(200, "GET", "/metrics", headers=bearer(METRICS_TOKEN))
    stranger.send(200, "GET", "/debug/memory_status", headers=bearer(ADMIN_TOKEN))
    stranger.refused(401, "POST", "/admin/login", data={"token": wrong_token})
    stranger.send(303, "POST", "/admin/login", data={"token": ADMIN_TOKEN})
    secret = csrf(stranger.client.get("/admin"))
    told.secrets.add(secret)
    stranger.refused(403, "POST", "/admin/logout", data={"csrf": wrong_token})
    stranger.send(303, "POST", "/admin/logout", data={"csrf": secret})

    # The command line, beside the running server.
    mulakat(server, "admin", "create", EMAILS[ADMIN], typed=PASSWORD)
    admin = Caller(server, told, clients)
    form = {"email": EMAILS[ADMIN], "token": PASSWORD}
    admin.refused(401, "POST", "/admin/login", data={**form, "token": wrong_password})
    admin.send(303, "POST", "/admin/login", data=form)
    admin.send(200, "GET", "/debug/memory_status")
    generated = mulakat(server, "admin", "reset", EMAILS[ADMIN], "--generate")
    told.secrets.add(generated)
    admin.refused(401, "GET", "/debug/memory_status")
    admin.send(303, "POST", "/admin/login", data={**form, "token": generated})
    admin.send(200, "GET", "/debug/memory_status")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder, port, told = tmp_path_factory.mktemp("secrets"), free_port(), Told()
    with serving(
        folder / "data",
        log_level="debug",
        admin_token=ADMIN_TOKEN,
        metrics_token=METRICS_TOKEN,
        metrics_port=str(port),
    ) as server:
        with ExitStack() as clients:
            live(server, told, clients)
        told.written["metrics"] = httpx.get(f"http://127.0.0.1:{port}/metrics").content
        told.kept = contents(server.data)  # as a thief of the disk would find it
        server.process.send_signal(signal.SIGTERM)
        told.written["stdout"] = server._pipe.read().encode()
        server.stop()
        told.written["stderr"] = server.log.read_bytes()
        told.kept |= {f"{name}, stopped": one for name, one in contents(server.data).items()}
    return told


def contents(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def found(secrets: set[str], places: dict[str, bytes]) -> list[str]:
    return [
        f"{one} in {name}"
        for one in secrets
        for name, content in places.items()
        if one.encode() in content
    ]


def test_no_secret_is_in_logs_or_metrics(told: Told) -> None:
    assert len(told.secrets) >= 16
    assert b"login refused" in told.written["stderr"]
    assert found(told.secrets, told.written) == []


def test_no_refusal_repeats_a_secret(told: Told) -> None:
    assert len(told.refusals) >= 18
    refusals = {"refusals": "\n".join(told.refusals).encode()}
    assert found(told.secrets, refusals) == []


def test_nothing_on_the_disk_opens_anything(told: Told) -> None:
    assert any(name.startswith("sessions/") for name in told.kept)
    # But for the secrets of forms, which a session keeps: without its cookie they open nothing.
    forms = {one for one in told.secrets if len(one) == 32}
    assert found(told.secrets - forms, told.kept) == []


def test_a_password_is_an_argon2id_hash(told: Told) -> None:
    assert any(b"$argon2id$v=19$m=19456,t=2,p=1$" in one for one in told.kept.values())
