"""`mulakat serve` and `mulakat worker`: put the rooms together and run them."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from mulakat.cli.speech_model import footing, remedy, resolved
from mulakat.errors import ModelError
from mulakat.memory import gauge
from mulakat.memory.governor import Governor
from mulakat.observe.log import configure, logger
from mulakat.providers import model_files
from mulakat.settings import MIB, Settings, environment
from mulakat.store import lock, migrate
from mulakat.store.answers import Answers
from mulakat.store.documents import Documents
from mulakat.store.engine import make_engine
from mulakat.store.spool import Spool
from mulakat.worker import upkeep
from mulakat.worker.supervisor import Supervisor

if TYPE_CHECKING:
    from mulakat.web.app import StartWorkers
    from mulakat.web.state import Workers

BACKLOG = 2048
SHUTDOWN_SECONDS = 5
"""How long open requests may go on after SIGTERM; the worker's own grace runs beside it."""


def serve(settings: Settings, environ: Mapping[str, str]) -> int:
    """Run the server until SIGTERM or Ctrl-C; return the exit status."""
    import uvicorn

    from mulakat.web.app import create_app
    from mulakat.web.protocol import BoundedH11Protocol
    from mulakat.web.server import Server

    settings = resolved(settings)
    configure(settings.web.log_level)
    try:
        with (
            lock.hold(settings.store.data_dir, "server"),
            lock.hold(settings.store.data_dir, "worker"),
        ):
            _migrate(settings, environ)
            listener = listen(settings.web.host, settings.web.port)
            application = create_app(
                settings, _embedded(settings, environ), lambda: _model_trouble(settings)
            )
            server = Server(
                uvicorn.Config(
                    application,
                    http=BoundedH11Protocol,
                    backlog=BACKLOG,
                    ws="none",
                    lifespan="on",
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    proxy_headers=False,
                    h11_max_incomplete_event_size=16 * 1024,
                    timeout_graceful_shutdown=SHUTDOWN_SECONDS,
                ),
                application,
            )
            for signum in (signal.SIGTERM, signal.SIGINT):
                # uvicorn stops in good order and then raises the signal again; having
                # stopped in good order is an exit status of 0.
                signal.signal(signum, lambda *_: None)
            _announce(settings, listener)
            server.run(sockets=[listener])
            return 0 if server.started else 1
    except lock.InUse as error:
        raise click.ClickException(str(error)) from None


def worker(settings: Settings, environ: Mapping[str, str]) -> int:
    """Run a supervised worker without a web server; return the exit status."""
    settings = resolved(settings)
    configure(settings.web.log_level)
    try:
        with lock.hold(settings.store.data_dir, "worker"):
            _migrate(settings, environ)
            asyncio.run(_work(settings, environ))
            return 0
    except lock.InUse as error:
        raise click.ClickException(str(error)) from None


async def _work(settings: Settings, environ: Mapping[str, str]) -> None:
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    engine = make_engine(settings.store)
    spool = Spool(settings.store.data_dir / "spool", settings.intake.disk_floor)
    answers = Answers(engine, settings.queue, settings.store)
    documents = Documents(engine, settings.queue, settings.store)
    try:
        async with Supervisor(
            settings, answers, documents, spool, environ, footing=footing(settings)
        ) as supervisor:

            def pids() -> dict[str, int]:
                ours = {"supervisor": os.getpid()}
                return ours | {"worker": supervisor.pid} if supervisor.pid else ours

            async with Governor(settings.memory, pids, supervisor):
                await stop.wait()
    finally:
        await engine.dispose()


def _embedded(settings: Settings, environ: Mapping[str, str]) -> "StartWorkers":
    @asynccontextmanager
    async def start(
        answers: Answers,
        documents: Documents,
        spool: Spool,
        changed: Callable[[], None],
        heard: Callable[[str, dict[str, Any]], None],
    ) -> "AsyncIterator[Workers]":
        await upkeep.once(answers, documents, spool, starting=True)
        keeping = asyncio.create_task(upkeep.each_minute(answers, documents, spool), name="upkeep")
        try:
            async with Supervisor(
                settings,
                answers,
                documents,
                spool,
                environ,
                footing=footing(settings),
                changed=changed,
                heard=lambda message: heard(message.kind, message.data),
                keeping=keeping,
            ) as supervisor:
                yield supervisor
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    return start


def _migrate(settings: Settings, environ: Mapping[str, str]) -> None:
    """Bring the database up to date, in a child: Alembic's memory is not the server's."""

    async def current() -> bool:
        engine = make_engine(settings.store)
        try:
            return await migrate.is_current(engine)
        finally:
            await engine.dispose()

    if asyncio.run(current()):
        return
    logger("serve").info("database migrating", to=migrate.HEAD)
    subprocess.run(
        [sys.executable, "-m", "mulakat", "migrate"],
        env={**environ, **environment(settings)},
        check=True,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; an address that cannot be had ends the command with a sentence.

    The protocol is stated, since asyncio turns Nagle's algorithm off only for sockets that
    say TCP: without it each kept-alive response waited 40 ms for the client's delayed ACK.
    """
    listener: socket.socket | None = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        if listener:
            listener.close()
        raise click.ClickException(
            f"Cannot listen on {host}:{port}: {error.strerror}. Set MULAKAT_PORT to a free port."
        ) from None
    return listener


def _announce(settings: Settings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    found = gauge.limit(settings.memory.memory_limit)
    click.echo(f"Mulakat is at http://{shown}:{port}  (stop with Ctrl-C)")
    logger("serve").info(
        "serving",
        address=f"http://{shown}:{port}",
        data=str(settings.store.data_dir.resolve()),
        memory_limit_mib=found.bytes // MIB,
        memory_limit_from=found.source,
        speech=str(footing(settings)),
        pid=os.getpid(),
    )
    sys.stdout.flush()


def _model_trouble(settings: Settings) -> str | None:
    if settings.speech.speech_engine != "whisper":
        return None  # then a model here is only what is fallen back on
    try:
        model_files.check(model_files.installed_dir(settings.speech))
    except ModelError as error:
        return f"{error.params.get('reason', 'missing')}; run `{remedy(settings)}`"
    return None
