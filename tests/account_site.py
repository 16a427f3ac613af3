"""Accounts served to browsers in the test's own process: real database, real files, a clock moved
by hand.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient, Response

from clocks import HandClock
from mulakat.interview.bank import Bank
from mulakat.settings import Settings, Store, Web
from mulakat.store.accounts import Accounts
from mulakat.store.engine import make_engine
from mulakat.store.tables import metadata
from mulakat.store.tokens import Tokens
from mulakat.web import pages, problems, static_files
from mulakat.web.access import enforce
from mulakat.web.passwords import Passwords
from mulakat.web.routes import accounts as routes
from mulakat.web.routes.pages import landing, practice, preferences
from mulakat.web.session_stores import FileSessions
from mulakat.web.sessions import Sessions
from mulakat.web.throttle import MemoryThrottle
from people import EMAILS, OWNER, PASSWORD
from webapp import IdleWorkers

ACCOUNT = "/api/v1/account"
LATER = "bambaşka uzun bir parola"


@dataclass
class Here:
    """What the routes use of web.state.Parts."""

    settings: Settings
    accounts: Accounts
    passwords: Passwords
    sessions: Sessions
    throttle: MemoryThrottle
    tokens: Tokens
    clock: HandClock
    bank: Bank = field(default_factory=Bank)
    workers: IdleWorkers = field(default_factory=IdleWorkers)


@asynccontextmanager
async def plenty() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def settled(tmp_path: Path) -> AsyncIterator[Here]:
    """Give the parts, over an empty database, for the length of a block."""
    clock = HandClock()
    settings = Settings(store=Store(data_dir=tmp_path), web=Web(trusted_proxies="127.0.0.1"))
    engine = make_engine(settings.store)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    passwords = Passwords(plenty)
    yield Here(
        settings=settings,
        accounts=Accounts(engine, clock),
        passwords=passwords,
        sessions=Sessions(FileSessions(tmp_path / "sessions", 500), clock),
        throttle=MemoryThrottle(lambda: clock().timestamp()),
        tokens=Tokens(engine, clock),
        clock=clock,
    )
    passwords.close()
    await engine.dispose()


def serve(here: Here) -> FastAPI:
    """Return the accounts' routes and the pages, over these parts."""
    made = FastAPI(dependencies=[Depends(enforce)])
    made.state.parts = here
    problems.install(made, pages.problem_page)
    made.include_router(routes.router)
    made.include_router(static_files.router)
    made.include_router(landing.router)
    made.include_router(practice.router)
    made.include_router(preferences.router)
    return made


def browser(app: FastAPI, address: str = "203.0.113.5") -> AsyncClient:
    """A browser at an address, behind the proxy that the server trusts."""
    return AsyncClient(
        transport=ASGITransport(app),
        base_url="http://test",
        headers={"X-Forwarded-For": address, "Accept-Language": "en"},
    )


def login(client: AsyncClient, who: str = OWNER, password: str = PASSWORD) -> Any:
    return client.post("/api/v1/login", json={"email": EMAILS[who], "password": password})


def register(client: AsyncClient, who: str = OWNER, **more: str) -> Any:
    body = {"email": EMAILS[who], "password": PASSWORD, **more}
    return client.post("/api/v1/register", json=body)


def code(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]
