"""What is done each minute: sweep the spool, delete what is past its time."""

import asyncio

from mulakat import errors
from mulakat.observe.log import logger
from mulakat.store.answers import Answers
from mulakat.store.spool import Spool

PERIOD_SECONDS = 60.0


async def once(answers: Answers, spool: Spool, *, starting: bool = False) -> dict[str, int]:
    """Delete expired results, recordings past their time and files that nobody owns.

    Returns how many `results`, and how many `files` of how many `bytes` nobody owned.

    `starting`: no upload can be under way, so files without a row go at once.
    """
    expired = await answers.expire()
    for key in await answers.release_kept_audio():
        await asyncio.to_thread(spool.unlink, key, "expired")
    coming = spool.unsettled()  # first: a row may be made while the others are read
    owned = coming | await answers.owned_audio()
    swept = await asyncio.to_thread(spool.sweep, owned, starting=starting)
    if expired:
        logger("upkeep").info("results expired", results=expired)
    return {"results": expired, "files": swept.count, "bytes": swept.bytes}


async def each_minute(answers: Answers, spool: Spool) -> None:
    """Do it for ever; whatever fails, the next minute tries again."""
    while True:
        await asyncio.sleep(PERIOD_SECONDS)
        try:
            await once(answers, spool)
        except errors.DatabaseBusy:
            logger("upkeep").warning("database not reachable, will try again")
        except OSError as error:
            logger("upkeep").warning("sweep failed", reason=error.strerror)
        except Exception:
            logger("upkeep").exception("defect in the upkeep of each minute")
