"""Every route of the application, called as one of those who may come by.

A route that comes anew is walked without a change here, unless its path names a kind of object
that OBJECTS cannot make yet.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import clock
from mulakat.store.accounts import Accounts
from mulakat.store.engine import writing
from mulakat.store.tables import answers, documents, interviews
from mulakat.store.tokens import Tokens
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from mulakat.web.static_files import static_version
from mulakat.web.throttle import MemoryThrottle
from people import ADMIN, OTHER, OWNER
from webapp import ask

ADMIN_TOKEN = "the-operators-token"
METRICS_TOKEN = "the-scrapers-token"

GUEST, SCRIPT, OPERATOR, SCRAPER = "guest", "owner's script", "operator's token", "scraper"
PEOPLE = (GUEST, OWNER, OTHER, ADMIN, SCRIPT, OPERATOR, SCRAPER)

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}

THEN = datetime(2026, 1, 2, tzinfo=UTC)

DONE = {
    "state": "done", "attempts": 1, "token": 1, "result": {}, "request_id": "r",
    "created_at": THEN, "started_at": THEN, "finished_at": THEN,
}  # fmt: skip


def maker(table: Table, **values: Any) -> Callable[[AsyncEngine], Awaitable[str]]:
    """Return what makes the owner one more row of a table, and returns its id."""

    async def make(engine: AsyncEngine) -> str:
        made = clock.new_id()
        async with writing(engine) as connection:
            await connection.execute(insert(table).values(id=made, **values))
        return made

    return make


async def make_token(engine: AsyncEngine) -> str:
    tokens = Tokens(engine)
    for old in await tokens.of(OWNER):
        if old.name == "walked":
            await tokens.revoke(OWNER, old.id)
    return (await tokens.create(OWNER, "walked"))[1].id


async def make_account(engine: AsyncEngine) -> str:
    """Make one more candidate, for the operator to see or delete."""
    made = await Accounts(engine).create(f"{clock.new_id()}@example.org", "", "!")
    return made.id


OBJECTS: dict[str, Callable[[AsyncEngine], Awaitable[str]]] = {
    "answer_id": maker(
        answers, owner=OWNER, question="Why?", language="en", reader="en", additional_text="",
        typed_text="Because.", body_hash="b", **DONE,
    ),
    "interview_id": maker(
        interviews, account_id=OWNER, state="completed", field="general", level="junior",
        language="en", total_questions=3, created_at=THEN, moved_at=THEN, finished_at=THEN,
    ),
    "document_id": maker(
        documents, account_id=OWNER, purpose="cv", media="text", language="en", file_bytes=1,
        file_sha256="s", used_at=THEN, **DONE,
    ),
    "token_id": make_token,
    "account_id": make_account,
}  # fmt: skip
"""How to make an object of the owner, by the name that it has in paths."""

PLACES = {
    "version": static_version(),
    "name": "room.js",
    "question_id": "general-first-half-year",
    "number": "1",
}
"""What stands in paths and is nobody's."""


def routes(found: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yield method and template of every route of the application."""
    for route in found:
        if included := getattr(route, "original_router", None):
            yield from routes(included.routes)
        else:
            yield from ((method, route.path) for method in route.methods if method != "HEAD")


@dataclass
class Walk:
    """The application with its three people, and whoever else calls."""

    app: FastAPI
    here: Parts
    engine: AsyncEngine
    script: str = ""

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Every route but OpenAPI's own, which the framework answers before any rule."""
        return sorted(set(routes(self.app.routes)) - {("GET", "/openapi.json")})

    async def headers(self, who: str) -> dict[str, str]:
        """What one sends along: a fresh session or a token."""
        bearer = {SCRIPT: self.script, OPERATOR: ADMIN_TOKEN, SCRAPER: METRICS_TOKEN}.get(who)
        if bearer:
            return {"authorization": f"Bearer {bearer}"}
        if who == GUEST:
            return {}
        cookie, _ = await self.here.sessions.open(who, 1)
        return {"cookie": f"{COOKIE}={cookie}"}

    def forget_tries(self) -> None:
        """Begin anew with counting what is limited."""
        assert isinstance(self.here.throttle, MemoryThrottle)
        self.here.throttle._windows.clear()

    async def path(self, template: str) -> str:
        """Return a path with a new object of the owner in it."""
        filled = template
        for name in re.findall(r"{(\w+)}", template):
            assert name in OBJECTS or name in PLACES, f"say in OBJECTS how to make a {name}"
            value = PLACES.get(name) or await OBJECTS[name](self.engine)
            filled = filled.replace(f"{{{name}}}", value)
        return filled

    async def call(
        self, who: str, method: str, template: str, **more: str
    ) -> tuple[int, str | None]:
        """Return the status and, of a problem, its code."""
        headers = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
        given = (
            headers | await self.headers(who) | {k.replace("_", "-"): v for k, v in more.items()}
        )
        body = b"{}" if method in UNSAFE else b""
        status, text = await ask(self.app, method, await self.path(template), given, body)
        try:
            return status, json.loads(text).get("code")
        except (ValueError, AttributeError):
            return status, None
