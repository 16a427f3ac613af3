"""A ledger in memory, for the tests that need no database."""

from mulakat import errors
from mulakat.store.sent import Sent


class MemoryLines:
    """Keeps what was to be sent and what came of it; fails where it is told to."""

    def __init__(self, *, begins: bool = True, ends: bool = True) -> None:
        self.begun: list[Sent] = []
        self.ended: list[Sent] = []
        self._begins = begins
        self._ends = ends

    def begin(self, sent: Sent) -> str:
        if not self._begins:
            raise errors.DatabaseBusy
        self.begun.append(sent)
        return str(len(self.begun))

    def end(self, line: str, sent: Sent) -> None:
        assert line == str(len(self.begun))
        if not self._ends:
            raise errors.DatabaseBusy
        self.ended.append(sent)

    @property
    def outcomes(self) -> list[str]:
        return [sent.outcome for sent in self.ended]
