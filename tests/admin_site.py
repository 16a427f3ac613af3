"""The operator's interfaces, over a real governor, database and spool; the worker is a stand-in."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient, Response

import few_questions
from mulakat.interview.bank import Bank
from mulakat.interview.chooser import BankChooser
from mulakat.memory.governor import Governor
from mulakat.memory.ladder import RUNGS, Footing
from mulakat.settings import MIB, Admin, Settings, Store
from mulakat.store.accounts import Accounts
from mulakat.store.answers import Answers
from mulakat.store.documents import Documents
from mulakat.store.engine import make_engine
from mulakat.store.interviews import Interviews
from mulakat.store.spool import Spool
from mulakat.store.tables import metadata
from mulakat.store.tokens import Tokens
from mulakat.web import problems
from mulakat.web.access import enforce
from mulakat.web.passwords import Passwords
from mulakat.web.routes import admin, admin_page
from mulakat.web.session_stores import FileSessions
from mulakat.web.sessions import Sessions
from mulakat.web.throttle import MemoryThrottle
from mulakat.worker import upkeep

TOKEN = "canary-of-the-operator"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
READS = ("/debug/memory_status", "/api/v1/admin/memory", "/api/v1/admin/events")
ACTIONS = (
    "/debug/clear_auto_interview_sessions", "/api/v1/admin/interviews/clear",
    "/api/v1/admin/trim", "/api/v1/admin/sweep", "/api/v1/admin/release",
)  # fmt: skip
SAME = {"Origin": "http://test"}


@dataclass
class Worker:
    """A worker side that lets its model go at once when it is not busy."""

    answers: Answers
    documents: Documents
    spool: Spool
    model: str | None = "base"
    busy: bool = False
    footing: Footing = field(default_factory=lambda: Footing(RUNGS[1], "test", 512 * MIB))
    restarts: int = 3
    asked: int = 0

    def release(self) -> None:
        self.asked += 1
        if not self.busy:
            self.model = None

    def retire(self) -> None: ...

    async def sweep(self) -> dict[str, int]:
        return await upkeep.once(self.answers, self.documents, self.spool)


@dataclass
class Here:
    """What the routes use of web.state.Parts."""

    settings: Settings
    answers: Answers
    spool: Spool
    workers: Worker
    governor: Governor
    accounts: Accounts
    tokens: Tokens
    passwords: Passwords
    sessions: Sessions
    throttle: MemoryThrottle
    interviews: Interviews


@asynccontextmanager
async def plenty() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def settled(tmp_path: Path) -> AsyncIterator[Here]:
    """Give the parts, over an empty database, for the length of a block."""
    settings = Settings(
        store=Store(data_dir=tmp_path),
        admin=Admin(admin_token=TOKEN),
    )
    engine = make_engine(settings.store)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    answers = Answers(engine, settings.queue, settings.store)
    spool = Spool(tmp_path / "spool", 0)
    worker = Worker(answers, Documents(engine, settings.queue, settings.store), spool)
    governor = Governor(settings.memory, lambda: {"web": os.getpid()}, worker)
    passwords = Passwords(plenty)
    yield Here(
        settings=settings,
        answers=answers,
        spool=spool,
        workers=worker,
        governor=governor,
        accounts=Accounts(engine),
        tokens=Tokens(engine),
        passwords=passwords,
        sessions=Sessions(FileSessions(tmp_path / "sessions", 500)),
        throttle=MemoryThrottle(),
        interviews=Interviews(engine, BankChooser(Bank(few_questions.write(tmp_path / "bank")))),
    )
    passwords.close()
    await engine.dispose()


@asynccontextmanager
async def browser(here: Here) -> AsyncIterator[AsyncClient]:
    """Give a browser of the operator's routes over these parts."""
    app = FastAPI(dependencies=[Depends(enforce)])
    problems.install(app)
    app.include_router(admin.router)
    app.include_router(admin_page.router)
    app.state.parts = here
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client


async def csrf(web: AsyncClient) -> str:
    """Return the secret that the page's forms carry now; none before a login."""
    found = re.search(r'name="csrf" value="([^"]+)"', (await web.get("/admin")).text)
    return found[1] if found else ""


async def log_in(web: AsyncClient, **fields: str) -> Response:
    """Log in with the token, or other fields."""
    form = {"token": TOKEN, "csrf": await csrf(web)} | fields
    response = await web.post("/admin/login", data=form, headers=SAME)
    assert response.status_code == 303
    return response


async def log_out(web: AsyncClient) -> None:
    """Log out by the page's form."""
    response = await web.post("/admin/logout", data={"csrf": await csrf(web)}, headers=SAME)
    assert response.status_code == 303
