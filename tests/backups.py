"""A data folder worth backing up, and processes that die at a chosen step."""

import hashlib
import io
import json
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from mulakat import settings
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.backup import AUDIO, DATABASE, MANIFEST
from mulakat.store.documents import Documents, NewDocument
from mulakat.store.engine import make_engine
from mulakat.store.spool import Spool
from people import OWNER, settle_in

TOO_MANY_STEPS = 999

STEPS = """
import os, signal, sys
from pathlib import Path
from mulakat.store import backup, migrate, restore

die_at, folder, what = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
steps = 0

def step(event, args):
    global steps
    writes = event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "sqlite3.connect"} or (
        event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    )
    if writes:
        steps += 1
        if steps == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(step)
data, file = Path(folder), Path(what[1])
if what[0] == "backup":
    backup.write(data, file)
else:
    restore.restore(data, file, force=True)
print(steps)
"""
"""Backs up or restores, and kills itself before the nth step that writes to the disk."""


def dying(at: int, data: Path, what: str, file: Path) -> int:
    """Run a backup or a restore that is killed before step `at`; return how many steps it took."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS, str(at), str(data), what, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == -signal.SIGKILL:
        return at
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])  # the spool's log goes there too


class Site:
    """A data folder with SQLite, as a server leaves it."""

    def __init__(self, data: Path) -> None:
        self.store = settings.Store(data_dir=data)
        self.engine = make_engine(self.store)
        self.answers = Answers(self.engine, settings.Queue(), self.store)
        self.documents = Documents(self.engine, settings.Queue(), self.store)
        self.spool = Spool(data / "spool", disk_floor=0)

    @property
    def data(self) -> Path:
        return self.store.data_dir

    def record(self, data: bytes) -> str:
        """Return the key of a new file in the spool."""
        with self.spool.open_new() as recording:
            recording.write(data)
            return recording.link()

    async def settle(self) -> None:
        """Give it its people, two answers that wait (one recorded), and a CV."""
        await settle_in(self.engine)
        await self.answers.accept(self.spoken(b"first recording"), queue_limit=9)
        await self.answers.accept(
            NewAnswer(
                question="Why?", language="tr", reader="tr", body_hash="b", typed_text="Çünkü.",
                owner=OWNER,
            ),
            queue_limit=9,
        )  # fmt: skip
        data = b"%PDF a CV"
        await self.documents.accept(
            NewDocument(
                account_id=OWNER, purpose="cv", media="pdf", language="en",
                file_key=self.record(data), file_bytes=len(data),
                file_sha256=hashlib.sha256(data).hexdigest(),
            )
        )  # fmt: skip

    def spoken(self, data: bytes) -> NewAnswer:
        """Return a recorded answer to accept, its file in the spool."""
        return NewAnswer(
            question="Why?", language="en", reader="en", body_hash="b", owner=OWNER,
            audio_key=self.record(data), audio_bytes=len(data), audio_container="webm",
            audio_sha256=hashlib.sha256(data).hexdigest(),
        )  # fmt: skip


def rows(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with closing(sqlite3.connect(database)) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            )
        ]
        return {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
            for name in names
            if not name.startswith("sqlite_")
        }


def files(data: Path) -> dict[str, bytes]:
    """Return the spool's files by name."""
    return {one.name: one.read_bytes() for one in (data / AUDIO).iterdir()}


def state(data: Path) -> tuple[dict[str, list[tuple[Any, ...]]], dict[str, bytes]]:
    """Return all that a data folder holds: rows, and the files that they own."""
    found = rows(data / DATABASE)
    text = repr(found)
    return found, {name: data for name, data in files(data).items() if name in text}


def changed(
    source: Path, target: Path, change: Callable[[dict[str, bytes]], None], **manifest: Any
) -> Path:
    """Write an archive with other content; `manifest` replaces members of its manifest."""
    with tarfile.open(source) as tar:
        content = {one.name: _read(tar, one) for one in tar}
    change(content)
    if manifest:
        content[MANIFEST] = json.dumps(json.loads(content[MANIFEST]) | manifest).encode()
    with tarfile.open(target, "w") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return target


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = tar.extractfile(member)
    assert opened
    return opened.read()
