"""Sessions and counts of tries in Redis or Valkey; imported only where its URL is set.

Keys: `mulakat:session:<digest>` (the session), `mulakat:of:<account>` and `mulakat:sessions`
(digests by the time they end), `mulakat:tries:<key>` (a count). All but `mulakat:sessions` go by
themselves.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from mulakat import clock, errors
from mulakat.web.sessions import SESSION_SECONDS
from mulakat.web.throttle import WINDOW_SECONDS, MemoryThrottle, Tries

TIMEOUT_SECONDS = 1.0
"""For connecting and for an answer, each tried twice: it is near, or it counts as down."""

CONNECTIONS = 20

_PREFIX = "mulakat:"
_ALL = f"{_PREFIX}sessions"

_TAKE_BACK = "if redis.call('exists', KEYS[1]) == 1 then redis.call('decr', KEYS[1]) end"
"""In one step: a count that ended in between must not begin anew without an end."""


def connect(url: str) -> Redis:
    """Return a client; nothing is connected yet."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        # Once more: the server may have closed the connection since it was last used.
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
    )
    return Redis.from_pool(pool)


class RedisSessions:
    """Sessions with a life in the server; nothing is written when one is read."""

    def __init__(self, client: Redis, now: clock.Now = clock.now) -> None:
        self._client = client
        self._now = now

    async def put(self, digest: str, account_id: str, text: str, keep: int) -> None:
        ends = self._seconds() + SESSION_SECONDS
        async with _down_at_the_edge(), self._client.pipeline() as pipe:
            pipe.set(_session(digest), json.dumps([account_id, text]), ex=SESSION_SECONDS)
            pipe.zadd(_ALL, {digest: ends})
            pipe.zremrangebyscore(_ALL, "-inf", self._seconds())
            pipe.zremrangebyscore(_of(account_id), "-inf", self._seconds())
            pipe.zrange(_of(account_id), 0, -keep)
            pipe.zadd(_of(account_id), {digest: ends})
            pipe.expire(_of(account_id), SESSION_SECONDS)
            surplus: list[str] = (await pipe.execute())[4]
        await self._delete(surplus, account_id)

    async def get(self, digest: str) -> str | None:
        async with _down_at_the_edge():
            found = await self._client.get(_session(digest))
        if found is None:
            return None
        try:
            _, text = json.loads(found)
        except (ValueError, TypeError):
            return None
        return str(text)

    async def delete(self, digest: str, account_id: str) -> None:
        await self._delete([digest], account_id)

    async def delete_all(self, account_id: str) -> int:
        async with _down_at_the_edge():
            theirs = [str(one) for one in await self._client.zrange(_of(account_id), 0, -1)]
        return await self._delete(theirs, account_id)

    async def count(self) -> int:
        async with _down_at_the_edge():
            return int(await self._client.zcount(_ALL, self._seconds(), "+inf"))

    async def clean(self) -> int:
        async with _down_at_the_edge():
            return int(await self._client.zremrangebyscore(_ALL, "-inf", self._seconds()))

    async def check(self) -> None:
        async with _down_at_the_edge():
            await self._client.ping()

    async def close(self) -> None:
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    async def _delete(self, digests: list[str], account_id: str) -> int:
        if not digests:
            return 0
        async with _down_at_the_edge(), self._client.pipeline() as pipe:
            pipe.delete(*map(_session, digests))
            pipe.zrem(_of(account_id), *digests)
            pipe.zrem(_ALL, *digests)
            gone: int = (await pipe.execute())[0]
        return gone

    def _seconds(self) -> float:
        return self._now().timestamp()


class RedisThrottle:
    """Counts in the server, shared by all web processes; in this one while it is down."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._here = MemoryThrottle()

    async def count(self, key: str, seconds: int = WINDOW_SECONDS) -> Tries:
        name = f"{_PREFIX}tries:{key}"
        try:
            async with _down_at_the_edge(), self._client.pipeline() as pipe:
                pipe.set(name, 0, ex=seconds, nx=True)
                pipe.incr(name)
                pipe.ttl(name)
                _, count, left = await pipe.execute()
        except errors.SessionsDown:
            return await self._here.count(key, seconds)
        return Tries(count, max(1, left))

    async def close(self) -> None:
        """Let connections go."""
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    async def take_back(self, key: str) -> None:
        try:
            async with _down_at_the_edge():
                await self._client.eval(_TAKE_BACK, 1, f"{_PREFIX}tries:{key}")
        except errors.SessionsDown:
            await self._here.take_back(key)


@asynccontextmanager
async def _down_at_the_edge() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise errors.SessionsDown(5) from error


def _session(digest: str) -> str:
    return f"{_PREFIX}session:{digest}"


def _of(account_id: str) -> str:
    return f"{_PREFIX}of:{account_id}"
