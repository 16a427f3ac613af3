"""The ledger's lines of one answer, written from the pipeline's thread."""

import asyncio
from collections.abc import Callable

from mulakat.store.egress import Ledger
from mulakat.store.sent import Sent
from mulakat.store.values import Claim


class AnswerLines:
    """mulakat.providers.remote.Lines. `loop` is where the database is spoken to.

    `ours` raises when the answer's lease has gone to another worker: then nothing is sent.
    """

    def __init__(
        self,
        ledger: Ledger,
        claim: Claim,
        loop: asyncio.AbstractEventLoop,
        ours: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._claim = claim
        self._loop = loop
        self._ours = ours

    def begin(self, sent: Sent) -> str:
        """Write a line; raises DatabaseBusy, and NotFound for an answer that was deleted."""
        self._ours()
        answer = self._claim.answer
        writing = self._ledger.begin(sent, answer.owner, answer.id)
        return asyncio.run_coroutine_threadsafe(writing, self._loop).result()

    def end(self, line: str, sent: Sent) -> None:
        """Write what came of it; raises DatabaseBusy."""
        asyncio.run_coroutine_threadsafe(self._ledger.end(line, sent), self._loop).result()
