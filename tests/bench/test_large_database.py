"""Pages and upkeep with 100,000 answers in the database, through the whole application."""

import gc
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from large_database import Size, fill, words
from mulakat import settings
from mulakat.observe.log import configure
from mulakat.settings import Settings
from mulakat.store import migrate
from mulakat.store.engine import database_url, make_engine, writing
from mulakat.worker import upkeep
from postgres import started
from webapp import ask, running

SIZE = {"accounts": 500, "interviews": 20_000}
ROUNDS = 100
STATED_MS = 50.0
RESULT_WORDS = 230
"""Some 7.5 kB: beside the parts of a result that reports read, as much as its words' times."""


@pytest.fixture(params=["sqlite", "postgresql"])
async def full(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[settings.Store]:
    store = settings.Store(data_dir=tmp_path / "data")
    with started() if request.param == "postgresql" else nullcontext() as server:
        if server:
            store = settings.Store(data_dir=tmp_path / "data", database_url=server.create())
        await filled(store, sqlite=not server)
        yield store


async def filled(store: settings.Store, *, sqlite: bool) -> None:
    migrate.upgrade(database_url(store))
    engine = make_engine(store)
    began = time.monotonic()
    async with writing(engine) as connection:
        await connection.run_sync(fill, Size(**SIZE, result=result(sqlite=sqlite)))
        await connection.execute(
            text("UPDATE interviews SET state = 'asking', finished_at = NULL WHERE id = 'i1'")
        )
    if not sqlite:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("VACUUM ANALYZE"))
    await engine.dispose()
    print(f"\n{engine.dialect.name}: filled in {time.monotonic() - began:.0f} s")


def result(*, sqlite: bool) -> str:
    """Return SQL for an answer's result: scores, quotes, points, delivery, and the words."""
    criteria = [
        {"key": key, "name": key, "weight": 0.2, "score": 60, "advice": "Say what came of it.",
         "evidence": [{"quote": "We measured it again.", "start": 1.0, "end": 2.0}]}
        for key in ("relevance", "structure", "specificity", "clarity", "delivery")
    ]  # fmt: skip
    whole = {
        "scored": True, "criteria": criteria, "gaps": ["no_number"], "language": "en",
        "transcribed_text": "We measured it again and it was better.", "redacted": False,
        "points": [{"text": "Names the result", "state": "covered", "evidence": None}] * 4,
        "delivery": {
            "words": 150, "words_per_minute": 130.0, "articulation_rate": 4.1, "speech_ratio": 0.8,
            "pauses": {"count": 5, "total": 4.0, "longest": 1.4, "per_minute": 4.0,
                       "long_per_minute": 1.0, "by_length": [3, 1, 1], "longer": []},
            "fillers": {"count": 3, "per_minute": 2.0, "items": []},
            "pitch_range": 5.0, "voice_breaks": 0, "level": [],
            "norms": {"words_per_minute": [110, 160]},
        },
        "strip": {"envelope": [40, 80, 5, 60] * 60, "step": 0.25, "seconds": 60.0},
        "engine": {"evaluator": "rubric", "embedder": "e"},
    }  # fmt: skip
    fixed = json.dumps(whole)[1:-1].replace("'", "''")
    spoken = words(RESULT_WORDS, sqlite=sqlite)
    return f"""'{{"score":' || (n % 101) || ',{fixed},"words":["' || {spoken} || '"]}}'"""


async def test_pages_with_a_hundred_thousand_answers(full: settings.Store) -> None:
    configure("warning")  # a line for each request would bury the table
    async with running(Settings(store=full)) as (app, here):
        cookie, _ = await here.sessions.open("a2", 1)
        headers = {"cookie": f"mulakat_session={cookie}"}
        answers = SIZE["interviews"] * 5
        engine = here.accounts._engine

        async def get(path: str) -> None:
            status, body = await ask(app, "GET", path, headers)
            assert status == 200, (path, body)

        interview = f"i{SIZE['accounts'] + 1}"  # of a2, from the middle of the table
        print(f"{answers} answers{'p50':>22}{'p95':>9}   of /health/live")
        base = await measured("/health/live", lambda: get("/health/live"), None)
        for path in (
            "/auto_interview/status",
            "/api/v1/interviews/active",
            "/api/v1/interviews",
            f"/api/v1/interviews/{interview}",
            f"/api/v1/interviews/{interview}/report",
            f"/api/v1/interviews/{interview}/report.md",
            f"/interviews/{interview}/report",
            "/api/v1/progress",
            "/api/v1/questions/software-7/attempts",
            "/api/v1/documents",
            "/api/v1/account/egress",
            "/",
            "/history",
            "/history/progress",
            "/questions",
            "/questions/software-first-user",
        ):
            await measured(path.replace(interview, "…"), lambda path=path: get(path), base)  # type: ignore[misc]
        await the_upkeep(here, engine, base)


async def the_upkeep(here: Any, engine: AsyncEngine, base: float) -> None:
    """What is done each minute, and what each claim and each answer asks."""
    for name, call in {
        "upkeep of each minute": lambda: upkeep.once(here.answers, here.documents, here.spool),
        "  expire": here.answers.expire,
        "  release_kept_audio": here.answers.release_kept_audio,
        "  owned_audio": here.answers.owned_audio,
        "  redact": here.rights.redact,
        "  interviews.tidy": here.interviews.tidy,
        "claim, none waits": lambda: here.answers.claim("w"),
        "depth": here.answers.depth,
    }.items():
        await measured(name, call, base)


async def measured(name: str, call: Callable[[], Awaitable[object]], base: float | None) -> float:
    """Call it ROUNDS times; print the middle and the 95th percentile; return the middle in ms."""
    await call()
    seen = []
    gc.collect()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await call()
        seen.append(1000 * (time.perf_counter() - began))
    p50, p95 = statistics.median(seen), statistics.quantiles(seen, n=20)[18]
    ratio = f"{p95 / base:8.1f} ×" if base else ""
    mark = f"   above the stated {STATED_MS:.0f} ms" if p95 > STATED_MS else ""
    print(f"{name:<34}{p50:7.1f} ms{p95:7.1f} ms {ratio}{mark}")
    return p50
