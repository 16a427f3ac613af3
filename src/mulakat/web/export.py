"""Everything that is known of an account, as a ZIP that is made while it is sent.

Nothing of it is held but a batch of rows and a piece of a recording; nothing is written to disk.
"""

import asyncio
import json
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import aclosing, closing
from datetime import datetime
from typing import Any

from mulakat.interview.report import report
from mulakat.interview.report_text import markdown
from mulakat.languages import say
from mulakat.settings import KIB
from mulakat.store.accounts import Account
from mulakat.web.state import Parts

PIECE = 64 * KIB
"""Sent at once, and read at once of a recording."""


class _Sink:
    """What zipfile writes to; it cannot seek, so zipfile streams."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: bytes) -> int:
        self._bytes += data
        return len(data)

    def flush(self) -> None:
        """Nothing to do: what is here is taken."""

    def taken(self) -> bytes:
        out, self._bytes = bytes(self._bytes), bytearray()
        return out

    def __len__(self) -> int:
        return len(self._bytes)


async def export(here: Parts, account: Account, reader: str) -> AsyncGenerator[bytes]:
    """Yield the ZIP's bytes: a README in the reader's language, then each kind in its folder.

    Closed in the middle, it lets everything go.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        async with aclosing(_everything(archive, here, account, reader)) as entries:
            async for _ in entries:
                if len(sink) >= PIECE:
                    yield sink.taken()
                await asyncio.sleep(0)  # packing is work; others have their turn
    yield sink.taken()


async def _everything(
    archive: zipfile.ZipFile, here: Parts, account: Account, reader: str
) -> AsyncGenerator[None]:
    """Write entry by entry; yields where what is written so far may be taken."""
    archive.writestr("README.txt", say(reader, "export.readme"))
    _json(archive, "account.json", await here.rights.account(account.id))
    for kind in ("tokens", "egress"):
        lines = _list(archive, f"{kind}.json", here.rights.rows(kind, account.id))
        async with aclosing(lines):
            async for _ in lines:
                yield
    async for row in here.rights.rows("interviews", account.id):
        await _interview(archive, here, account, row, reader)
        yield
    for kind in ("documents", "answers"):
        async for row in here.rights.rows(kind, account.id):
            key = row.pop("file_key" if kind == "documents" else "audio_key")
            _json(archive, f"{kind}/{row['id']}.json", row)
            yield
            if key:
                suffix = row.get("audio_container") or row.get("media")
                with closing(_file(archive, here, key, f"{kind}/{row['id']}.{suffix}")) as pieces:
                    for _ in pieces:
                        yield


async def _interview(
    archive: zipfile.ZipFile, here: Parts, account: Account, row: dict[str, Any], reader: str
) -> None:
    found = await here.history.interview(row["id"], account.id)
    if found is None:  # deleted meanwhile
        return
    document = report(*found, here.bank, reader)
    _json(archive, f"interviews/{row['id']}.json", row | {"report": document})
    archive.writestr(f"interviews/{row['id']}.md", markdown(document, reader))


def _file(archive: zipfile.ZipFile, here: Parts, key: str, name: str) -> Generator[None]:
    """Copy a file of the spool, if it is still there, a piece at a time."""
    try:
        source = here.spool.path(key).open("rb")
    except FileNotFoundError:
        return
    # Sound is packed already.
    entry = zipfile.ZipInfo(name)
    with source, archive.open(entry, "w") as target:
        while piece := source.read(PIECE):
            target.write(piece)
            yield


async def _list(
    archive: zipfile.ZipFile, name: str, rows: AsyncIterator[Mapping[str, Any]]
) -> AsyncGenerator[None]:
    """Write a list that may be long, a line for each row."""
    with archive.open(name, "w") as target:
        before = "[\n"
        async for row in rows:
            target.write((before + _line(row)).encode())
            before = ",\n"
            yield
        target.write(b"[]\n" if before == "[\n" else b"\n]\n")


def _json(archive: zipfile.ZipFile, name: str, value: Mapping[str, Any]) -> None:
    """Write an object, a line for each member: to be read, and without json's slow indentation."""
    members = (f"{_line(key)}: {_line(member)}" for key, member in value.items())
    archive.writestr(name, "{\n" + ",\n".join(members) + "\n}\n")


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_shown)


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(type(value).__name__)
