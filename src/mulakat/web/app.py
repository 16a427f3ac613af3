"""The application: made from settings and a worker side, nothing global."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI

from mulakat import __version__
from mulakat.interview.bank import Bank, BankError
from mulakat.interview.chooser import BankChooser
from mulakat.memory.governor import Governor
from mulakat.memory.release import settle
from mulakat.observe.metrics import Metrics
from mulakat.settings import MAX_AUDIO_BYTES, MAX_BODY_OVERHEAD, MIB, Settings
from mulakat.store.accounts import Accounts
from mulakat.store.answers import Answers
from mulakat.store.census import Census
from mulakat.store.corrections import Corrections
from mulakat.store.documents import Documents
from mulakat.store.egress import Ledger
from mulakat.store.engine import make_engine
from mulakat.store.history import History
from mulakat.store.interviews import Interviews
from mulakat.store.rights import Rights
from mulakat.store.spool import Spool
from mulakat.store.timeline import Timeline
from mulakat.store.tokens import Tokens
from mulakat.store.voices import Voices
from mulakat.web import health, metrics, pages, problems, static_files
from mulakat.web.access import enforce
from mulakat.web.login_stores import login_stores
from mulakat.web.middleware import BodyLimit, Defects, OwnNames, RequestId, SecurityHeaders
from mulakat.web.passwords import Passwords
from mulakat.web.routes import accounts as account_routes
from mulakat.web.routes import admin, admin_page, data, evaluations, questions, reports, tokens
from mulakat.web.routes import corrections as correction_routes
from mulakat.web.routes import documents as document_routes
from mulakat.web.routes import interviews as interview_routes
from mulakat.web.routes import recordings as recording_routes
from mulakat.web.routes import voice as voice_routes
from mulakat.web.routes.pages import account, account_data, landing, login, preferences
from mulakat.web.routes.pages import answers as answer_pages
from mulakat.web.routes.pages import compare as compare_page
from mulakat.web.routes.pages import history as history_page
from mulakat.web.routes.pages import operator as operator_pages
from mulakat.web.routes.pages import practice as practice_page
from mulakat.web.routes.pages import questions as question_pages
from mulakat.web.routes.pages import room as room_page
from mulakat.web.routes.pages import setup as setup_page
from mulakat.web.state import Parts, Workers
from mulakat.web.tidying import swept, tidied
from mulakat.web.voice import MOST_FILE, Interviewer
from mulakat.web.watch import Watch

DISK_THREADS = 4
"""Threads that write recordings: enough to keep a disk busy, few enough to stay small."""

StartWorkers = Callable[
    [Answers, Documents, Spool, Callable[[], None], Callable[[str, dict[str, Any]], None]],
    AbstractAsyncContextManager[Workers],
]
"""Starts the worker side for the life of the application; the fourth argument is to be called
whenever an answer's row has changed, the last with each event of a worker: kind and data."""

ModelTrouble = Callable[[], str | None]


def create_app(
    settings: Settings, start_workers: StartWorkers, model_trouble: ModelTrouble
) -> FastAPI:
    """Return the application.

    `model_trouble` says what is wrong with the installed speech model, or None; it is
    handed in, as this process never imports what loads one. `state.leave()` is for the
    moment a signal tells us to stop: who waits is answered, the worker's grace begins.
    """

    figures = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            engine = make_engine(settings.store)
            stack.push_async_callback(engine.dispose)
            answers = Answers(engine, settings.queue, settings.store)
            documents = Documents(engine, settings.queue, settings.store)
            spool = Spool(
                settings.store.data_dir / "spool",
                settings.intake.disk_floor,
                deleted=figures.deleted,
            )
            rights = Rights(engine, settings.store)
            bank = _bank(settings.interviews.questions_dir)
            interviews = await stack.enter_async_context(
                tidied(Interviews(engine, BankChooser(bank)), rights)
            )
            disk = ThreadPoolExecutor(DISK_THREADS, thread_name_prefix="disk")
            stack.callback(disk.shutdown)
            watch = await stack.enter_async_context(Watch(answers))
            workers = await stack.enter_async_context(
                start_workers(answers, documents, spool, watch.nudge, figures.heard)
            )

            def pids() -> dict[str, int]:
                ours = {"web": os.getpid()}
                return ours | {"worker": workers.pid} if workers.pid else ours

            governor = await stack.enter_async_context(Governor(settings.memory, pids, workers))
            passwords = Passwords(partial(governor.reserve, "password"))
            stack.callback(passwords.close)
            sessions, throttle = await stack.enter_async_context(
                login_stores(settings.sessions, settings.store)
            )
            voices = Voices(spool, settings.voice.voice_cache, MOST_FILE)
            await stack.enter_async_context(swept(voices))
            ledger = Ledger(engine)
            interviewer = Interviewer(
                settings.voice, voices, ledger, partial(governor.reserve, "voice")
            )
            stack.push_async_callback(interviewer.close)
            sampler = metrics.Sampler(
                figures,
                answers=answers,
                spool=spool,
                engine=engine,
                sessions=sessions,
                memory=lambda: governor.latest,
            )

            app.state.parts = Parts(
                settings=settings,
                answers=answers,
                corrections=Corrections(engine, settings.queue),
                spool=spool,
                disk=disk,
                watch=watch,
                workers=workers,
                checks=health.readiness(
                    engine=engine,
                    spool=spool,
                    sessions=sessions,
                    workers=workers,
                    loops=(watch, governor),
                    model_trouble=model_trouble,
                ),
                governor=governor,
                metrics=figures,
                sampler=sampler,
                accounts=Accounts(engine),
                tokens=Tokens(engine),
                passwords=passwords,
                sessions=sessions,
                throttle=throttle,
                interviews=interviews,
                interviewer=interviewer,
                documents=documents,
                history=History(engine),
                timeline=Timeline(engine),
                census=Census(engine),
                rights=rights,
                ledger=ledger,
                exporting={},
                bank=bank,
            )

            def leave() -> None:
                watch.leave()
                governor.leave()
                workers.stop()

            app.state.leave = partial(asyncio.get_running_loop().call_soon_threadsafe, leave)
            async with metrics.loopback_port(settings.admin.metrics_port, sampler):
                settle()
                yield

    app = FastAPI(
        title="Mulakat",
        version=__version__,
        summary="Spoken job-interview practice in Turkish and English",
        lifespan=lifespan,
        dependencies=[Depends(enforce)],
        docs_url=None,  # its pages load scripts from elsewhere; /openapi.json has it all
        redoc_url=None,
    )
    app.state.leave = lambda: None
    problems.install(app, pages.problem_page)
    for router in (
        health.router,
        metrics.router,
        evaluations.router,
        correction_routes.router,
        recording_routes.router,
        interview_routes.router,
        voice_routes.router,
        document_routes.router,
        reports.router,
        data.router,
        questions.router,
        account_routes.router,
        tokens.router,
        admin.router,
        admin_page.router,
        static_files.router,
        landing.router,
        practice_page.router,
        setup_page.router,
        room_page.router,
        answer_pages.router,
        login.router,
        account.router,
        account_data.router,
        history_page.router,
        compare_page.router,
        question_pages.router,
        operator_pages.router,
        preferences.router,
    ):
        app.include_router(router)
    # Outermost last: the id covers everything, the headers cover refusals too.
    if settings.web.loopback:
        app.add_middleware(OwnNames, names=settings.web.public_names)
    app.add_middleware(
        BodyLimit,
        limit=MAX_AUDIO_BYTES + MAX_BODY_OVERHEAD,
        limit_mib=MAX_AUDIO_BYTES // MIB,
        timeout=settings.intake.body_timeout,
        as_page=pages.problem_page,
    )
    app.add_middleware(Defects, as_page=pages.problem_page)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(metrics.Measured, metrics=figures)
    app.add_middleware(RequestId)
    return app


def _bank(folder: Path | None) -> Bank:
    """Return the question bank; a fault in an own one shows now, not in somebody's interview."""
    bank = Bank(folder)
    if folder and not bank.languages:
        raise BankError([f"{folder}: no questions; see docs/questions.md"])
    for language in bank.languages if folder else ():
        bank.questions(language)
    return bank
