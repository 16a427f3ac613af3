"""The queue when connections break, callers vanish and the power goes."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import errors, settings
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.engine import make_engine, reading, writing

New = Callable[..., NewAnswer]

CLAIM_AND_HANG = """
import asyncio, sys, time
from pathlib import Path
from mulakat import settings
from mulakat.store.answers import Answers
from mulakat.store.engine import make_engine

async def main():
    store = settings.Store(data_dir=Path(sys.argv[1]), database_url=sys.argv[2] or None)
    queue = Answers(make_engine(store), settings.Queue(), store)
    claim = await queue.claim("child")
    print(claim.id, claim.token, flush=True)
    time.sleep(600)

asyncio.run(main())
"""


def start_claimer(store: settings.Store) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CLAIM_AND_HANG, str(store.data_dir), store.database_url or ""],
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_the_answer_of_a_killed_process_is_claimed_by_another(
    answers: Answers, store: settings.Store, new_answer: New, hand_clock: HandClock
) -> None:
    made = (await answers.accept(new_answer(), queue_limit=5)).answer
    with start_claimer(store) as child:
        assert child.stdout is not None
        line = await asyncio.to_thread(child.stdout.readline)
        os.kill(child.pid, signal.SIGKILL)
    assert line.split() == [made.id, "1"]

    taken = await answers.get(made.id)
    assert taken is not None
    assert taken.lease_until is not None
    hand_clock.time = taken.lease_until
    assert await answers.claim("w2") is None
    hand_clock.move(seconds=1)
    claim = await answers.claim("w2")
    assert claim is not None
    assert (claim.id, claim.token) == (made.id, 2)
    assert await answers.finish(claim, {})


async def test_callers_that_vanish_leave_the_pool_whole(
    answers: Answers, engine: AsyncEngine, new_answer: New
) -> None:
    tasks = [asyncio.create_task(answers.accept(new_answer(), queue_limit=100)) for _ in range(40)]
    await tasks[0]
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(not isinstance(r, Exception) for r in results)  # accepted, or cancelled

    kept = [result.answer.id for result in results if not isinstance(result, BaseException)]
    assert len(await answers.progress(kept)) == len(kept) >= 20
    await asyncio.gather(*(answers.accept(new_answer(), queue_limit=100) for _ in range(40)))


# PostgreSQL makes the same promise, but its files cannot be copied while it runs.
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_an_accepted_answer_survives_power_loss(
    answers: Answers, store: settings.Store, new_answer: New, tmp_path: Path
) -> None:
    ids = []
    for number in range(3):
        ids.append((await answers.accept(new_answer(), queue_limit=5)).answer.id)
        # What the disk holds at this moment; the index of the log (-shm) is memory, and lost.
        copy = tmp_path / f"copy {number}"
        copy.mkdir()
        for name in ("mulakat.sqlite3", "mulakat.sqlite3-wal"):
            shutil.copy(store.data_dir / name, copy)
        found = make_engine(settings.Store(data_dir=copy))
        after = Answers(found, settings.Queue(), store)
        assert set(await after.progress(ids)) == set(ids)
        await found.dispose()


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
async def test_connections_cut_between_two_uses_are_not_noticed(
    answers: Answers, store: settings.Store, new_answer: New
) -> None:
    await answers.accept(new_answer(), queue_limit=5)
    await cut(store)
    assert (await answers.depth()).queued == 1


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
async def test_a_connection_cut_in_a_transaction_is_busy_and_nothing_is_kept(
    answers: Answers, engine: AsyncEngine, store: settings.Store, new_answer: New
) -> None:
    await answers.accept(new_answer(), queue_limit=5)

    async def interrupted() -> None:
        async with writing(engine) as connection:
            await connection.execute(text("DELETE FROM answers"))
            await cut(store)
            await connection.execute(text("SELECT 1"))

    with pytest.raises(errors.DatabaseBusy):
        await interrupted()
    assert (await answers.depth()).queued == 1


async def cut(store: settings.Store) -> None:
    other = make_engine(store)
    async with reading(other) as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await other.dispose()
