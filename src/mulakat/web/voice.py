"""The interviewer's voice: what was said once is kept, the rest a process of its own says.

This process never loads a synthesiser, and the sound never passes through its memory. Where saying
fails, a page falls back on the browser's own voice.
"""

import asyncio
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from mulakat import errors
from mulakat.observe.log import logger
from mulakat.settings import MIB, Voice
from mulakat.store.egress import Ledger
from mulakat.store.sent import Sent
from mulakat.store.voices import Voices

AT_ONCE = 3
"""Texts that are said at once; espeak-ng takes a quarter of a second for each, a provider two."""

WAIT_SECONDS = 10.0
"""How long a text waits for its turn and for memory."""

START_SECONDS = 20.0
"""That saying one text may take by the clock, besides what a provider may."""

REST_SECONDS = 30
"""After a failure nothing is tried for so long: it would most likely fail again."""

LONGEST_REST = 300
"""A provider that asks for more is asked again all the same."""

MOST_FILE = 8 * MIB + 64 * 1024
"""Bytes of one file: mulakat.providers.voice.wave.MOST_FILE (a test compares them)."""

_OF_ONE_TEXT = {"blocked", "rejected", "too_large", "ledger"}
"""Failures that tell nothing of the next text."""

_MOST_UNKNOWN = 200
"""Names of unknown voices that are remembered."""

_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,63}")
"""Names that are passed on. A wish may be any text, and none but a name has to leave."""

Reserve = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Text:
    """A text to say, for whom, and by whom if they may choose.

    `own`: it is theirs alone, made from what they sent; then it goes when something of theirs
    is deleted.
    """

    text: str
    language: str
    voice: str | None
    account_id: str
    own: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A sound: a descriptor to read it from, the caller's to close, and its name, for ETag."""

    file: int
    name: str


class _UnknownVoice(Exception):
    """The engine has none of this name."""


class Interviewer:
    """Says texts, where the operator chose a voice of the server. For one event loop.

    `reserve` promises the memory of one process for a block; `monotonic` is a clock in seconds.
    """

    def __init__(
        self,
        voice: Voice,
        voices: Voices,
        ledger: Ledger,
        reserve: Reserve,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = voice
        self._voices = voices
        self._ledger = ledger
        self._reserve = reserve
        self._monotonic = monotonic
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._making: dict[str, asyncio.Task[None]] = {}
        self._unknown: set[tuple[str, str]] = set()
        self._rests_until = float("-inf")
        self._log = logger("voice")

    @property
    def speaks(self) -> bool:
        """Whether there is a voice of the server; else it is the browser's own."""
        return self._settings.voice_engine != "browser"

    def knows(self, text: Text) -> bool:
        """Whether the voice that is wished for is used, as far as is known before it was tried."""
        return text.voice is None or self._voice(text) is not None

    def name(self, text: Text) -> str:
        """Return the name under which its sound is kept: a digest of all that it depends on."""
        chosen = self._settings
        parts = (
            chosen.voice_engine, chosen.provider_model, chosen.usual, chosen.url,
            text.text, text.language, self._voice(text),
        )  # fmt: skip
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        return f"{digest}_{text.account_id}" if text.own else digest

    async def say(self, text: Text) -> Said:
        """Return the sound: WAV or Ogg. One that several ask for at once is made once.

        Raises VoiceUnavailable, and DiskFull below the floor.
        """
        name = self.name(text)
        found = await asyncio.to_thread(self._voices.open, name)
        if found is None:
            making = self._making.get(name) or self._begin(name, text)
            try:
                # Who goes away does not end it: another may wait, or ask next.
                await asyncio.shield(making)
            except _UnknownVoice:
                return await self.say(text)  # the usual one this time, which is never unknown
            found = await asyncio.to_thread(self._voices.open, name)
        if found is None:
            raise errors.VoiceUnavailable
        return Said(found, name)

    async def forget(self, account_id: str) -> None:
        """Remove what was said to one account only."""
        await asyncio.to_thread(self._voices.forget, account_id)

    async def close(self) -> None:
        """End what is being said."""
        for task in list(self._making.values()):
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)

    def _voice(self, text: Text) -> str | None:
        wished = text.voice
        if wished is None or (text.language, wished) in self._unknown:
            return None
        return wished if _VOICE.fullmatch(wished) else None

    def _begin(self, name: str, text: Text) -> asyncio.Task[None]:
        task = asyncio.create_task(self._make(name, text), name="voice")
        self._making[name] = task

        def ended(task: asyncio.Task[None]) -> None:
            del self._making[name]
            if not task.cancelled():
                task.exception()  # looked at, also where nobody waits any more

        task.add_done_callback(ended)
        return task

    async def _make(self, name: str, text: Text) -> None:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await stack.enter_async_context(self._turns)
                    await stack.enter_async_context(self._reserve())
            except (TimeoutError, errors.MemoryLow):
                raise errors.VoiceUnavailable from None
            left = self._rests_until - self._monotonic()
            if left > 0:
                raise errors.VoiceUnavailable(max(1, round(left)))
            part = await asyncio.to_thread(self._voices.begin, name)
            try:
                failure, wait = await self._spoken(text, part.file)
                if failure:
                    self._failed(text, failure, wait)
            except BaseException:
                self._voices.drop(part)  # not in a thread: it may be cancelled
                raise
            await asyncio.to_thread(self._voices.keep, part)

    def _failed(self, text: Text, failure: str, wait: float | None) -> None:
        voice = self._voice(text)
        if failure == "unknown_voice" and voice is not None:
            if len(self._unknown) >= _MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown.add((text.language, voice))
            raise _UnknownVoice
        rest = 0 if failure in _OF_ONE_TEXT else min(LONGEST_REST, max(REST_SECONDS, wait or 0))
        self._rests_until = self._monotonic() + rest
        engine = self._settings.voice_engine
        self._log.warning("question not said", engine=engine, reason=failure)
        raise errors.VoiceUnavailable(round(rest) or REST_SECONDS)

    async def _spoken(self, text: Text, file: int) -> tuple[str | None, float | None]:
        """Have a process say it into a file; return why it could not, and how long to wait."""
        chosen = self._settings
        limit = START_SECONDS + (chosen.voice_timeout if chosen.url else 0)
        order = {
            "settings": {
                "voice_engine": chosen.voice_engine, "voice_model": chosen.voice_model,
                "voice_name": chosen.voice_name, "voice_url": chosen.voice_url,
                "voice_key": chosen.voice_key, "voice_timeout": chosen.voice_timeout,
            },
            "text": text.text, "language": text.language, "voice": self._voice(text), "file": file,
        }  # fmt: skip
        try:
            async with asyncio.timeout(limit), _speaker(file) as process:
                return await self._heard(process, order, text.account_id)
        except (TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            return type(error).__name__, None

    async def _heard(
        self, process: asyncio.subprocess.Process, order: dict[str, Any], account_id: str
    ) -> tuple[str | None, float | None]:
        """Go through the conversation that mulakat.providers.voice.speaker begins."""
        assert process.stdout is not None  # noqa: S101  # opened as a pipe
        _tell(process, order)
        while line := await process.stdout.readline():
            said = json.loads(line)
            if "begin" in said:
                _tell(process, {"line": await self._line(said["begin"], account_id)})
            elif "end" in said:
                with suppress(errors.MulakatError):  # it stays "unfinished", which is true
                    await self._ledger.end(said["end"], Sent(**said["sent"]))
            else:
                if await process.wait() != 0:
                    break
                return said["error"], said["wait"]
        raise ValueError("it ended early")

    async def _line(self, sent: dict[str, Any], account_id: str) -> str | None:
        try:
            return await self._ledger.begin(Sent(**sent), account_id, None)
        except errors.MulakatError:
            return None


def _tell(process: asyncio.subprocess.Process, line: dict[str, Any]) -> None:
    """Send a line; it is shorter than what a pipe holds."""
    assert process.stdin is not None  # noqa: S101  # opened as a pipe
    process.stdin.write(json.dumps(line).encode() + b"\n")


@asynccontextmanager
async def _speaker(file: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the process for the length of a block; it does not outlive it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mulakat", "speak", "--parent", str(os.getpid()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback may quote the question
        pass_fds=(file,),
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
