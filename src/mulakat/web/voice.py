"""The interviewer's voice: what was said once is kept, the rest a process of its own says.

This process never loads a synthesiser. One text is said at a time; the others wait, not for long:
a page falls back on the browser's own voice.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress

from mulakat import errors
from mulakat.observe.log import logger
from mulakat.settings import MIB, Voice
from mulakat.store.voices import Voices

WAIT_SECONDS = 10.0
"""How long a text waits for its turn; each takes a quarter of a second."""

SECONDS = 20.0
"""That saying one text may take, by the clock."""

REST_SECONDS = 30
"""After a failure nothing is tried for so long: it would most likely fail again."""

MOST_OUTPUT = 9 * MIB
"""What `mulakat.providers.voice` makes at most, and a line before it."""

Reserve = Callable[[], AbstractAsyncContextManager[None]]


class Interviewer:
    """Says texts, where the operator chose a voice of the server. For one event loop.

    `reserve` promises the memory of one process for a block; `monotonic` is a clock in seconds.
    """

    def __init__(
        self,
        voice: Voice,
        voices: Voices,
        reserve: Reserve,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = voice.voice_engine
        self._voices = voices
        self._reserve = reserve
        self._monotonic = monotonic
        self._turn = asyncio.Lock()
        self._rests_until = float("-inf")
        self._log = logger("voice")

    @property
    def speaks(self) -> bool:
        """Whether there is a voice of the server; else it is the browser's own."""
        return self._engine != "browser"

    async def say(self, text: str, language: str, voice: str | None) -> int:
        """Return a descriptor of the WAV file, the caller's to close.

        Raises VoiceUnavailable, and DiskFull below the floor.
        """
        order = {"engine": self._engine, "text": text, "language": language, "voice": voice}
        key = hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()
        found = await asyncio.to_thread(self._voices.open, key)
        if found is not None:
            return found
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await stack.enter_async_context(self._turn)
                    await stack.enter_async_context(self._reserve())
            except (TimeoutError, errors.MemoryLow):
                raise errors.VoiceUnavailable from None
            # Two ask for the same question when a page is opened twice: one says it.
            found = await asyncio.to_thread(self._voices.open, key)
            if found is None:
                sound = await self._said(order)
                await asyncio.to_thread(self._voices.keep, key, sound)
                found = await asyncio.to_thread(self._voices.open, key)
        if found is None:
            raise errors.VoiceUnavailable
        return found

    async def forget(self) -> None:
        """Remove all that was said: something of a person's is deleted, the rest is said anew."""
        if self.speaks:
            await asyncio.to_thread(self._voices.sweep, everything=True)

    async def _said(self, order: dict[str, str | None]) -> bytes:
        left = self._rests_until - self._monotonic()
        if left > 0:
            raise errors.VoiceUnavailable(max(1, round(left)))
        try:
            async with asyncio.timeout(SECONDS):
                head, sound = await _spoken(order)
        except (TimeoutError, OSError, ValueError) as error:
            head, sound = {"error": type(error).__name__}, b""
        if head.get("error") or not sound:
            self._rests_until = self._monotonic() + REST_SECONDS
            self._log.warning("question not said", engine=self._engine, reason=head.get("error"))
            raise errors.VoiceUnavailable(REST_SECONDS)
        return sound


async def _spoken(order: dict[str, str | None]) -> tuple[dict[str, object], bytes]:
    """Return what the process says of it, and the sound. Raises ValueError and OSError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mulakat", "speak", "--parent", str(os.getpid()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback may quote the question
        limit=MIB,
    )  # fmt: skip
    try:
        assert process.stdin is not None  # noqa: S101  # opened as pipes above
        assert process.stdout is not None  # noqa: S101
        with suppress(ConnectionError):
            process.stdin.write(json.dumps(order).encode())
            await process.stdin.drain()
            process.stdin.close()
        line = await process.stdout.readline()
        sound = bytearray()
        while piece := await process.stdout.read(MIB):
            sound += piece
            if len(sound) > MOST_OUTPUT:
                raise ValueError("too much sound")
        if await process.wait() != 0:
            raise ValueError(f"ended with {process.returncode}")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    head = json.loads(line)
    if not isinstance(head, dict):
        raise ValueError("no line of ours")  # noqa: TRY004  # wrong content, not a wrong call
    return head, bytes(sound)
