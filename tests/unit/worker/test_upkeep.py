"""The upkeep of each minute."""

import asyncio
from pathlib import Path

import pytest

from mulakat.store.spool import Spool
from mulakat.worker import upkeep


class Broken:
    """Answers with a defect; says when it was asked the second time."""

    def __init__(self) -> None:
        self.asked = 0
        self.again = asyncio.Event()

    async def expire(self) -> int:
        self.asked += 1
        if self.asked == 2:
            self.again.set()
        raise RuntimeError("a defect")


async def test_a_defect_does_not_end_the_upkeep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "PERIOD_SECONDS", 0.001)
    answers = Broken()
    keeping = asyncio.create_task(
        upkeep.each_minute(answers, None, Spool(tmp_path, 0))  # type: ignore[arg-type]
    )
    async with asyncio.timeout(5):
        await answers.again.wait()
    assert not keeping.done()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
