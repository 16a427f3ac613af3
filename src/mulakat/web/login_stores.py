"""Where logins and counts of tries lie: files and this process, or Redis where its URL is set."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from mulakat import errors, settings
from mulakat.observe.log import logger
from mulakat.web.session_stores import FileSessions
from mulakat.web.sessions import Sessions
from mulakat.web.throttle import MemoryThrottle, Throttle

CLEAN_SECONDS = 600.0
"""Between looks for sessions that ended by themselves: 500 files take 15 ms in a thread."""


@asynccontextmanager
async def login_stores(
    section: settings.Sessions, store: settings.Store
) -> AsyncIterator[tuple[Sessions, Throttle]]:
    """Give both for the length of a block, and keep the sessions clean meanwhile.

    Nothing is asked of Redis here: the server starts without it.
    """
    if section.session_url:
        from mulakat.web.redis_stores import RedisSessions, RedisThrottle, connect

        client = connect(section.session_url)
        sessions, throttle = Sessions(RedisSessions(client)), RedisThrottle(client)
        pair: tuple[Sessions, Throttle] = (sessions, throttle)
    else:
        folder = store.data_dir / "sessions"
        pair = Sessions(FileSessions(folder, section.session_threshold)), MemoryThrottle()
    keeping = asyncio.create_task(_keep_clean(pair[0]), name="sessions")
    try:
        yield pair
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await pair[0].close()


async def _keep_clean(sessions: Sessions) -> None:
    """Clean for ever; whatever fails, the next time tries again."""
    while True:
        try:
            await sessions.clean()
        except errors.SessionsDown:
            logger("sessions").warning("the store of sessions does not answer, will try again")
        except Exception:
            logger("sessions").exception("defect while cleaning sessions")
        await asyncio.sleep(CLEAN_SECONDS)
