"""No statement of the stores reads a whole large table, whatever is in it.

Every public method of every store is called, by a walk over all routes and by `the_rest`; every
statement is then explained on a database with many rows. A method that comes anew and that no
route reaches has to be called in `the_rest`: a test says so.
"""

import functools
import importlib
import inspect
import json
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.ext.asyncio import AsyncEngine

import mulakat.store
from clocks import HandClock
from large_database import Size, fill
from mulakat import clock, errors, settings
from mulakat.settings import Settings
from mulakat.store.answers import Answers
from mulakat.store.corrections import Corrections, NewCorrection
from mulakat.store.documents import Documents, NewDocument
from mulakat.store.egress import Ledger
from mulakat.store.engine import reading, writing
from mulakat.store.history import History
from mulakat.store.interview_values import Interview
from mulakat.store.rights import KINDS, Rights
from mulakat.store.sent import Sent
from mulakat.store.tables import metadata
from mulakat.store.timeline import Place, Timeline
from mulakat.store.values import Lease
from mulakat.web.state import Parts
from mulakat.worker import upkeep
from people import OTHER, OWNER, settle_in
from walking import ADMIN_TOKEN, GUEST, METRICS_TOKEN, OPERATOR, SCRIPT, UNSAFE, Walk
from webapp import ask, running

LARGE = {"answers", "turns", "interviews", "documents", "egress"}

SIZE = Size(accounts=200, interviews=4000)
"""20,000 answers: enough that reading them all is what PostgreSQL avoids where it can."""

PARTIAL = {
    index.name
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
} - {"answers_to_redact"}
"""Indexes of few rows: unfinished interviews, files that are kept, …; reading one whole is fine."""

EXPLAINED: dict[tuple[str, str], str] = {}
"""Method and table where all is read, and why that is right."""

PAST = "answers_by_finish (state=? AND finished_at<?)"
"""What is finished and past a moment: nearly all there is, though found by an index."""

_method: ContextVar[str] = ContextVar("method", default="")


@dataclass
class Seen:
    """What was called, and each statement with parameters it had, by the method it came from."""

    called: set[str] = field(default_factory=set)
    statements: dict[tuple[str, str], Any] = field(default_factory=dict)


def stores() -> Iterator[type]:
    """Yield every class of mulakat.store that is made from an engine, and what it is made of."""
    for module in pkgutil.iter_modules(mulakat.store.__path__, "mulakat.store."):
        if module.ispkg:
            continue
        for found in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(found) and found.__module__ == module.name:
                with suppress(ValueError, TypeError):
                    if "engine" in inspect.signature(found).parameters:
                        yield found


def methods() -> Iterator[tuple[type, str]]:
    """Yield every public method of the stores."""
    for store in stores():
        for name, value in vars(store).items():
            if inspect.isfunction(value) and not name.startswith("_"):
                yield store, name


def _noted(seen: Seen, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        seen.called.add(name)
        if not inspect.iscoroutinefunction(function):
            return function(*given, **named)

        async def run() -> Any:
            token = _method.set(name)
            try:
                return await function(*given, **named)
            finally:
                _method.reset(token)

        return run()

    return called


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    made = Seen()
    for store, name in methods():
        noted = _noted(made, f"{store.__name__}.{name}", vars(store)[name])
        monkeypatch.setattr(store, name, noted)

    def note(_c: object, _k: object, statement: str, given: Any, _x: object, many: bool) -> None:
        made.statements[_method.get(), statement] = given[0] if many else given

    event.listen(Engine, "before_cursor_execute", note)
    yield made
    if event.contains(Engine, "before_cursor_execute", note):
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
async def full(engine: AsyncEngine) -> AsyncEngine:
    """A database with many rows, some of them the owner's."""
    await settle_in(engine)
    async with writing(engine) as connection:
        await connection.run_sync(fill, SIZE)
        for table, column in (
            ("answers", "owner"), ("interviews", "account_id"), ("documents", "account_id"),
            ("egress", "account_id"),
        ):  # fmt: skip
            await connection.execute(
                text(f"UPDATE {table} SET {column} = :me WHERE {column} = 'a2'"),
                {"me": OWNER},
            )
    return engine


@pytest.fixture
async def walk(store: settings.Store, full: AsyncEngine, seen: Seen) -> AsyncIterator[Walk]:
    admin = settings.Admin(admin_token=ADMIN_TOKEN, metrics_token=METRICS_TOKEN)
    async with running(Settings(store=store, admin=admin)) as (app, here):
        made = Walk(app, here, full)
        made.script, _ = await here.tokens.create(OWNER, "script")
        yield made


async def test_every_statement_finds_its_rows_by_an_index(walk: Walk, seen: Seen) -> None:
    await routes(walk)
    await an_interview(walk)
    await the_rest(walk.here, walk.engine)
    missed = {f"{store.__name__}.{name}" for store, name in methods()} - seen.called
    assert not missed, f"call these in the_rest: {sorted(missed)}"

    statements = dict(seen.statements)
    assert len(statements) > 60
    wrong: list[str] = []
    async with reading(walk.engine) as connection:
        wrong += await connection.run_sync(scans, statements)
    async with walk.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))
    await walk.engine.dispose()  # the planner reads what ANALYZE found as it connects
    async with reading(walk.engine) as connection:
        wrong += await connection.run_sync(scans, statements)
    assert not wrong, "\n\n".join(dict.fromkeys(wrong))


def scans(connection: Connection, statements: dict[tuple[str, str], Any]) -> list[str]:
    """Return which statements read all of a large table or of an index of it."""
    analysed = connection.dialect.name == "sqlite" or connection.scalar(
        text("SELECT count(*) FROM pg_stats WHERE tablename = 'answers'")
    )
    if not analysed:  # PostgreSQL without statistics takes a table for a small one
        return []
    plan = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    return [
        f"{method} reads all of {table}:\n{statement}\n{how}"
        for (method, statement), given in statements.items()
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH"))
        for table, how in plan(connection, statement, given)
        if (method, table) not in EXPLAINED
    ]


def _sqlite(connection: Connection, statement: str, given: Any) -> Iterator[tuple[str, str]]:
    found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
    plan = [row[3] for row in found]
    for line in plan:
        # "SCAN answers", "SCAN answers USING COVERING INDEX answers_by_state"
        words = line.split()
        whole = words[0] == "SCAN" and words[-1] not in PARTIAL
        if words[1] in LARGE and (whole or PAST in line):
            yield words[1], "\n".join(plan)


def _postgresql(connection: Connection, statement: str, given: Any) -> Iterator[tuple[str, str]]:
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", given).scalar()
    pending, steps = [found[0]["Plan"]], []
    while pending:
        node = pending.pop()
        pending += node.get("Plans", [])
        table, index = node.get("Relation Name"), node.get("Index Name")
        steps.append(f"{node['Node Type']} {table} {index} {node.get('Index Cond')}")
        if index and not table:  # a bitmap's
            table = next((t.name for t in metadata.tables.values() if index.startswith(t.name)), "")
        condition = node.get("Index Cond", "")
        whole = (
            node["Node Type"] == "Seq Scan"
            or (index and index not in PARTIAL and not condition)
            or (index == "answers_by_finish" and "finished_at <=" in condition)
        )
        if table in LARGE and whole:
            yield table, "\n".join(steps)


def test_every_foreign_key_is_found_by_an_index() -> None:
    """Else deleting the row that it names reads the whole table that has the key."""
    for table in metadata.tables.values():
        first = {next(iter(index.columns.keys()), None) for index in table.indexes}
        first |= {next(iter(one.columns.keys()), None) for one in table.constraints}  # type: ignore[attr-defined]
        for key in table.foreign_keys:
            assert key.parent.name in first, f"{table.name}.{key.parent.name}"


# --- the walk


async def routes(walk: Walk) -> None:
    """Call every route: reading as the owner first, then what changes something."""
    for method, template in sorted(walk.routes, key=lambda route: route[0] in UNSAFE):
        walk.forget_tries()
        for who in (OWNER, GUEST, SCRIPT, OPERATOR):
            status, _ = await walk.call(who, method, template)
            assert status < 500, (who, method, template)
            if method in UNSAFE and template == "/api/v1/account":
                await settle_again(walk)


async def settle_again(walk: Walk) -> None:
    """The owner may have left."""
    if await walk.here.accounts.get(OWNER) is None:
        async with writing(walk.engine) as connection:
            await connection.execute(
                text("DELETE FROM accounts WHERE id IN ('candidate', 'admin')")
            )
        await settle_in(walk.engine)
        walk.script, _ = await walk.here.tokens.create(OWNER, "script")


async def an_interview(walk: Walk) -> None:
    """Live an interview as the routes do, its answers worked on as by a worker."""
    here = walk.here
    if unfinished := await here.interviews.active(OWNER):
        await here.interviews.abandon(unfinished.id, OWNER)

    async def call(path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        headers = {"prefer": "respond-async", "content-type": "application/json"}
        headers |= {"sec-fetch-site": "same-origin"} | await walk.headers(OWNER)
        if "answers" in path:
            headers["idempotency-key"] = clock.new_id()
        sent = json.dumps(body).encode() if body is not None else b""
        status, answer = await ask(walk.app, method, path, headers, sent)
        assert status < 300, (path, answer)
        return json.loads(answer)

    body = {"interest": "software", "total_questions": 4, "language": "en"}
    me = (await call("/api/v1/interviews", body))["session_id"]
    path = f"/api/v1/interviews/{me}"
    await call(f"{path}/begin", {})
    await call(f"{path}/answers", {"user_answer": "I measured, decided and told the team."})
    claim = await here.answers.claim("w")
    assert claim
    await call(path, method="GET")
    await here.answers.heartbeat(claim, "evaluating", 50)
    await here.answers.finish(claim, {"score": 60, "scored": True, "gaps": [], "points": []})
    assert await here.interviews.advance(me)
    await call("/auto_interview/status", method="GET")
    await call(f"{path}/skip", {})
    await call(f"{path}/answers", {"user_answer": "Another."})
    claim = await here.answers.claim("w")
    assert claim
    await here.answers.fail(claim, "internal", {})
    await here.interviews.tidy()
    await call(f"{path}/complete")
    for more in ("report", "report.md"):
        await ask(walk.app, "GET", f"{path}/{more}", await walk.headers(OWNER))
    found: Interview | None = await here.interviews.get(me, OWNER)
    assert found
    assert found.state == "completed"
    await here.interviews.delete(me, OWNER)


async def the_rest(here: Parts, engine: AsyncEngine) -> None:
    """What no route does: the worker's side, the upkeep, the command line."""
    store = here.settings.store
    for days in (0, 1):
        # Leases that ran out, and what is kept longer than it may be.
        late = HandClock(datetime.now(UTC) + timedelta(days=days))
        kept = settings.Store(data_dir=store.data_dir, keep_audio=60, keep_transcripts=300)
        answers = Answers(engine, settings.Queue(), kept, late)
        documents = Documents(engine, settings.Queue(), kept, late)
        corrections = Corrections(engine, settings.Queue(), late)
        for queue in (answers, documents, corrections):
            await queue.take("w")
            await queue.heartbeat(Lease("none", 1), "decoding", 1)
            await queue.finish(Lease("none", 1), {})
            await queue.fail(Lease("none", 1), "internal", {})
            await queue.give_back(Lease("none", 1))
            await queue.postpone(Lease("none", 1))
            await queue.lost(Lease("none", 1))
        await answers.claim("w")
        await documents.claim("w")
        await corrections.claim("w")
        with suppress(errors.NotFound):
            await corrections.accept(NewCorrection(answer_id="no", words=(), body_hash="b"), 5)
        await corrections.latest("none")
        await upkeep.once(answers, documents, here.spool)
        await answers.release_kept_audio()
        await Rights(engine, kept, late).redact()
    await here.accounts.create("new@example.org", "", "!")
    await here.accounts.credentials("new@example.org")
    await here.accounts.admins()
    await here.accounts.count()
    await here.accounts.set_role("a1", "admin")
    await here.accounts.change("a1", name="B")
    await here.accounts.set_password("a1", "!")
    await here.accounts.sent_by("guest")
    await here.accounts.adopt("guest", "a1")
    with suppress(errors.NotFound):
        await here.tokens.revoke("a1", "none")
    await here.documents.accept(
        NewDocument(account_id=OTHER, purpose="cv", media="text", language="en", file_key="f" * 32,
                    file_bytes=1, file_sha256="s")
    )  # fmt: skip
    await History(engine).answer("a1", "w1")
    await History(engine).asked_in("a1", "t1")
    await History(engine).other("a1", "software-7", "w1")
    await Timeline(engine).page("a1", Place(datetime(2025, 1, 9, tzinfo=UTC), "w"), 12)
    ledger = Ledger(engine)
    sent = Sent(purpose="evaluate", provider="p", model="m", host="h", bytes_sent=1,
                bytes_received=1, outcome="ok")  # fmt: skip
    await ledger.end(await ledger.begin(sent, "a1", None), sent)
    rights = Rights(engine, store)
    for kind in KINDS:
        async for _ in rights.rows(kind, OWNER):
            pass
    await rights.delete_account("a3")
