"""What is done each minute: sweep the spool, delete what is past its time."""

import asyncio

from mulakat import errors
from mulakat.observe.log import logger
from mulakat.store.answers import Answers
from mulakat.store.documents import Documents
from mulakat.store.spool import Spool

PERIOD_SECONDS = 60.0


async def once(
    answers: Answers, documents: Documents, spool: Spool, *, starting: bool = False
) -> dict[str, int]:
    """Delete expired results and documents, recordings past their time, files that nobody owns.

    Returns how many `results`, `documents`, and how many `files` of how many `bytes` nobody owned.

    `starting`: no upload can be under way, so files without a row go at once.
    """
    expired = await answers.expire()
    for key in await answers.release_kept_audio():
        await asyncio.to_thread(spool.unlink, key, "expired")
    unused = await documents.expire()
    coming = spool.unsettled()  # first: a row may be made while the others are read
    owned = coming | await answers.owned_audio() | await documents.owned_files()
    swept = await asyncio.to_thread(spool.sweep, owned, starting=starting)
    if expired or unused:
        logger("upkeep").info("expired", results=expired, documents=unused)
    return {"results": expired, "documents": unused, "files": swept.count, "bytes": swept.bytes}


async def each_minute(answers: Answers, documents: Documents, spool: Spool) -> None:
    """Do it for ever; whatever fails, the next minute tries again."""
    while True:
        await asyncio.sleep(PERIOD_SECONDS)
        try:
            await once(answers, documents, spool)
        except errors.DatabaseBusy:
            logger("upkeep").warning("database not reachable, will try again")
        except OSError as error:
            logger("upkeep").warning("sweep failed", reason=error.strerror)
        except Exception:
            logger("upkeep").exception("defect in the upkeep of each minute")
