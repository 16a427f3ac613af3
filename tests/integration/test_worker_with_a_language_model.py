"""A real worker process whose settings choose a language model on a real socket."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import contract_servers as acts
import encoder
from contract_servers import KEY, MODEL, Server, language_server
from mulakat.memory import ladder
from mulakat.providers import model_files
from mulakat.providers.language.prompt import FLAG
from mulakat.settings import MIB, Language, Queue, Settings, Speech, Store
from mulakat.store import engine as engines
from mulakat.store.answers import Answer, Answers, NewAnswer
from mulakat.store.documents import Documents
from mulakat.store.egress import Ledger
from mulakat.store.spool import Spool
from mulakat.worker.supervisor import Supervisor
from people import OTHER, OWNER, settle_in

ITEM = encoder.answers()["en"][0]
QUOTE = " ".join(ITEM["middling"].split()[:6])
JUDGED = {"score": 100, "quotes": [QUOTE]}
KEYS = ("relevance", "coverage", "structure", "specificity", "clarity")
GOOD = acts.good({FLAG: False, **dict.fromkeys(KEYS, JUDGED)})

New = Callable[..., NewAnswer]


@pytest.fixture
def server() -> Iterator[Server]:
    with language_server() as running:
        yield running


class House:
    """A database and a supervised worker on it."""

    def __init__(self, answers: Answers, ledger: Ledger, supervisor: Supervisor) -> None:
        self.answers = answers
        self.ledger = ledger
        self.supervisor = supervisor
        self.changed = asyncio.Event()

    async def done(self, new: NewAnswer) -> Answer:
        """Have an answer processed; return its row."""
        accepted = (await self.answers.accept(new, 5)).answer
        self.supervisor.wake()
        return await self.until(accepted.id, lambda row: row.state in {"done", "failed"})

    async def until(self, answer_id: str, true: Callable[[Answer], bool]) -> Answer:
        async with asyncio.timeout(60):
            while True:
                self.changed.clear()
                row = await self.answers.get(answer_id)
                assert row
                if true(row):
                    return row
                await self.changed.wait()


Open = Callable[..., Any]


@pytest.fixture
def house(tmp_path: Path, migrated: Callable[[str, Path], Store], server: Server) -> Open:
    @asynccontextmanager
    async def open_house(**language: Any) -> AsyncIterator[House]:
        store = migrated("sqlite", tmp_path)
        chosen = {"language_url": server.url("openai"), "language_key": KEY} | language
        settings = Settings(
            store=store,
            queue=Queue(lease=3, heartbeat=0.2),
            language=Language("openai", MODEL, **chosen),
        )
        async with AsyncExitStack() as stack:
            engine = engines.make_engine(store)
            stack.push_async_callback(engine.dispose)
            await settle_in(engine)
            answers = Answers(engine, settings.queue, store)
            made: list[House] = []
            supervisor = Supervisor(
                settings, answers, Documents(engine, settings.queue, store),
                Spool(tmp_path / "spool", 0), dict(os.environ),
                footing=ladder.stand(512 * MIB, model_files.installed_dir(Speech())),
                changed=lambda: [one.changed.set() for one in made],
            )  # fmt: skip
            made.append(House(answers, Ledger(engine), supervisor))
            await stack.enter_async_context(supervisor)
            yield made[0]

    return open_house


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def typed(new_answer: New, **changes: Any) -> NewAnswer:
    return new_answer(
        question=ITEM["question"], typed_text=ITEM["middling"], owner=OWNER, **changes
    )


async def test_an_answer_is_judged_and_what_was_sent_stands_in_its_owners_ledger(
    house: Open, server: Server, new_answer: New
) -> None:
    server.then(acts.status(503), GOOD)
    async with house() as here:
        row = await here.done(typed(new_answer))
        engine = row.result["engine"]
        assert engine["evaluator"].startswith("rubric-")
        assert MODEL in engine["evaluator"]
        assert engine["fallback"] is None
        assert engine["model"]["tokens_in"] == 700
        second, first = await here.ledger.of(OWNER)
        assert await here.ledger.of(OTHER) == []
    assert (first["outcome"], second["outcome"]) == ("unavailable", "ok")
    assert {line["answer_id"] for line in (first, second)} == {row.id}
    assert second["bytes_sent"] > 2000
    assert second["host"] == f"localhost:{server.server_address[1]}"


async def test_when_it_fails_the_answer_is_done_all_the_same_and_no_key_is_written_anywhere(
    house: Open, server: Server, new_answer: New, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("mulakat").setLevel(logging.DEBUG)
    async with house(language_key=f"{KEY}-wrong") as here:
        row = await here.done(typed(new_answer))
        assert row.state == "done"
        assert row.result["engine"]["fallback"] == "refused"
        assert row.result["engine"]["model"] is None
        assert [line["outcome"] for line in await here.ledger.of(OWNER)] == ["refused"]
    assert f"{KEY}-wrong" in server.seen[0].headers["authorization"]
    written = "".join(capfd.readouterr())
    assert "the rubric's result stands" in written
    kept = await asyncio.to_thread(everything, tmp_path)
    for canary in (KEY, QUOTE):
        assert canary not in written
    assert KEY.encode() not in kept


async def test_a_worker_killed_while_it_waits_leaves_the_line_of_what_it_sent(
    house: Open, server: Server, new_answer: New
) -> None:
    server.then(acts.silent)
    server.always(GOOD)
    async with house() as here:
        accepted = (await here.answers.accept(typed(new_answer), 5)).answer
        here.supervisor.wake()
        assert await asyncio.to_thread(server.came.wait, 60)
        assert here.supervisor.pid
        os.kill(here.supervisor.pid, 9)
        row = await here.until(accepted.id, lambda row: row.state == "done")
        assert row.attempts == 2
        assert row.result["engine"]["fallback"] is None
        outcomes = [line["outcome"] for line in await here.ledger.of(OWNER)]
    assert outcomes == ["ok", "unfinished"]


async def test_a_worker_waits_for_a_slow_model_no_longer_than_it_is_told(
    house: Open, server: Server, new_answer: New
) -> None:
    server.always(acts.silent)
    async with house(language_timeout=1.0) as here:
        row = await here.done(typed(new_answer))
    assert row.result["engine"]["fallback"] == "timeout"
    assert row.attempts == 1
    assert row.result["timings"]["evaluate"] < 5


def test_without_a_language_model_none_of_it_is_loaded() -> None:
    program = (
        "import sys\n"
        "from mulakat.cli.evaluate import _evaluate\n"
        "from mulakat.settings import load\n"
        f"made = _evaluate(load({{}}), None, {ITEM['middling']!r}, 'Why?', 'en', 'en')\n"
        "assert made['engine']['model'] is None\n"
        "loaded = set(sys.modules)\n"
        "assert not {'mulakat.providers.language', 'openai', 'google.genai'} & loaded\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_process_of_the_worker_inherits_no_key() -> None:
    program = (
        "import os\n"
        "from mulakat.cli.main import main\n"
        "from mulakat.worker import entry, parent\n"
        "parent.die_with_parent = lambda _: None\n"
        "async def work(settings):\n"
        "    print(settings.language.language_key, *os.environ)\n"
        "entry.work = work\n"
        "main(['worker-process', '--parent', '1'])\n"
    )
    given = {"MULAKAT_LANGUAGE_KEY": KEY, "MULAKAT_DATABASE_URL": "postgresql://canary"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | given, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    key, *names = done.stdout.split()
    assert key == KEY
    assert not [name for name in names if name.startswith("MULAKAT_")]
