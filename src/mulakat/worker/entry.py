"""The worker process, from its settings to its exit status."""

import os
import sys
from contextlib import suppress

from mulakat.settings import Settings
from mulakat.store.answers import Answers
from mulakat.store.corrections import Corrections
from mulakat.store.documents import Documents
from mulakat.store.egress import Ledger
from mulakat.store.engine import make_engine
from mulakat.store.spool import Spool
from mulakat.worker import wire
from mulakat.worker.process import Worker


async def work(settings: Settings) -> int:
    """Run a worker process to its end and return its exit status."""
    engine = make_engine(settings.store)

    def deleted(reason: str, files: int) -> None:
        message = wire.Message("deleted", data={"reason": reason, "files": files})
        with suppress(BrokenPipeError):
            os.write(sys.stdout.fileno(), wire.encode(message))

    spool = Spool(settings.store.data_dir / "spool", settings.intake.disk_floor, deleted=deleted)
    answers = Answers(engine, settings.queue, settings.store)
    documents = Documents(engine, settings.queue, settings.store)
    try:
        corrections = Corrections(engine, settings.queue)
        worker = Worker(
            settings, answers, documents, spool, Ledger(engine), corrections=corrections
        )
        return await worker.run()
    finally:
        await engine.dispose()
