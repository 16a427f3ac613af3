"""Sessions in files and in a real Valkey: the same promises, the same tests."""

import asyncio
import json
import os
import pickle
import shutil
import stat
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from clocks import HandClock
from mulakat import clock, errors
from mulakat.web.redis_stores import RedisSessions, RedisThrottle, connect
from mulakat.web.session_stores import BROKEN_SECONDS, FileSessions, _Files
from mulakat.web.sessions import MOST_SESSIONS, Session, Sessions
from mulakat.web.throttle import MOST_TRIES, limit
from valkeys import Valkey, valkey

THRESHOLD = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with valkey(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture(params=["files", "valkey"])
async def sessions(
    request: pytest.FixtureRequest, folder: Path, hand_clock: HandClock
) -> AsyncIterator[Sessions]:
    hand_clock.time = clock.now()
    if request.param == "files":
        yield Sessions(FileSessions(folder, THRESHOLD), hand_clock)
        return
    running: Valkey = request.getfixturevalue("server")
    with running.client() as client:
        client.flushall()
    made = Sessions(RedisSessions(connect(running.url), hand_clock), hand_clock)
    yield made
    await made.close()


@pytest.fixture
def files(folder: Path) -> Sessions:
    return Sessions(FileSessions(folder, THRESHOLD))


def written(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Each file's inode, size and times: what any write to the folder would change."""
    found = {path.name: path.stat() for path in (folder, *folder.iterdir())}
    return {name: (one.st_ino, one.st_size, one.st_mtime_ns) for name, one in found.items()}


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir()}


def mode(path: Path, new: int | None = None) -> int:
    if new is not None:
        path.chmod(new)
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def writes(request: pytest.FixtureRequest, folder: Path) -> Callable[[], object]:
    """Gives what grows or changes with each write of the store at hand."""
    if "files" in request.node.callspec.params.values():
        return lambda: written(folder)
    server: Valkey = request.getfixturevalue("server")
    return server.writes


async def test_a_session_is_found_by_its_cookie_until_it_ends(sessions: Sessions) -> None:
    cookie, session = await sessions.open("owner", 3)
    assert await sessions.get(cookie) == session
    assert (session.account_id, session.epoch) == ("owner", 3)
    assert cookie not in repr(session)
    await sessions.end(session)
    await sessions.end(session)
    assert await sessions.get(cookie) is None


async def test_a_thousand_reads_write_nothing(
    sessions: Sessions, writes: Callable[[], object]
) -> None:
    cookie, _ = await sessions.open("owner", 1)
    before = writes()
    for _ in range(1000):
        assert await sessions.get(cookie)
    assert writes() == before
    await sessions.open("owner", 1)
    assert writes() != before


async def test_a_session_lasts_24_hours_from_the_login_however_it_is_used(
    sessions: Sessions, hand_clock: HandClock
) -> None:
    cookie, _ = await sessions.open("owner", 1)
    hand_clock.move(hours=23, minutes=59)
    assert await sessions.get(cookie)
    hand_clock.move(minutes=1)
    assert await sessions.get(cookie) is None


async def test_an_id_from_before_the_login_is_worth_nothing_after_it(sessions: Sessions) -> None:
    planted, _ = await sessions.open("attacker", 1)
    cookie, _ = await sessions.open("owner", 1, planted)
    assert cookie != planted
    assert await sessions.get(planted) is None


@pytest.mark.parametrize("cookie", [None, "", "short", "../../etc/passwd", "x" * 43, "é" * 43])
async def test_a_cookie_that_is_none_of_ours_is_nobody(
    sessions: Sessions, cookie: str | None
) -> None:
    assert await sessions.get(cookie) is None


async def test_all_sessions_of_an_account_end_at_once_and_no_others(sessions: Sessions) -> None:
    mine = [(await sessions.open("owner", 1))[0] for _ in range(3)]
    other, _ = await sessions.open("candidate", 1)
    assert await sessions.count() == 4
    assert await sessions.end_all("owner") == 3
    assert [await sessions.get(cookie) for cookie in mine] == [None] * 3
    assert await sessions.get(other)
    assert await sessions.count() == 1
    assert await sessions.end_all("owner") == 0


async def test_one_account_cannot_push_out_the_others(sessions: Sessions) -> None:
    other, _ = await sessions.open("candidate", 1)
    cookies = [(await sessions.open("owner", 1))[0] for _ in range(2 * THRESHOLD)]
    assert await sessions.get(other)
    assert await sessions.get(cookies[-1])
    assert await sessions.count() == MOST_SESSIONS + 1


async def test_logins_at_once_are_all_kept(sessions: Sessions) -> None:
    opened = await asyncio.gather(*(sessions.open(f"account {n}", 1) for n in range(THRESHOLD)))
    assert [await sessions.get(cookie) for cookie, _ in opened] == [one for _, one in opened]
    assert await sessions.count() == THRESHOLD


async def test_the_store_answers(sessions: Sessions) -> None:
    await sessions.check()
    assert await sessions.clean() == 0


# --- files


async def test_the_folder_is_its_owners_alone(files: Sessions, folder: Path) -> None:
    mode(folder, 0o755)
    files = Sessions(FileSessions(folder, THRESHOLD))
    cookie, _ = await files.open("owner", 1)
    assert mode(folder) == 0o700
    assert {mode(path) for path in contents(folder)} == {0o600}
    assert not any(cookie.encode() in content for content in contents(folder).values())


async def test_beyond_the_threshold_the_oldest_goes(files: Sessions) -> None:
    cookies = [(await files.open(f"account {n}", 1))[0] for n in range(THRESHOLD + 3)]
    assert await files.count() == THRESHOLD
    assert await files.get(cookies[-1])


async def test_one_session_at_a_time_is_possible(folder: Path) -> None:
    files = Sessions(FileSessions(folder, 1))
    first, _ = await files.open("owner", 1)
    second, _ = await files.open("candidate", 1)
    assert await files.get(first) is None
    assert await files.get(second)


async def test_sessions_outlive_a_restart(files: Sessions, folder: Path) -> None:
    cookie, session = await files.open("owner", 1)
    assert await Sessions(FileSessions(folder, THRESHOLD)).get(cookie) == session


class Planted:
    """Does harm when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return (os.mkdir, ("harm",))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0",
        b"no JSON at all",
        struct.pack("I", 0) + pickle.dumps(Planted()),
        struct.pack("I", 0) + b"[" * 100_000,
        struct.pack("I", 0) + json.dumps(["owner", "{}"]).encode() * 1000,
        struct.pack("I", 0) + json.dumps(["owner"]).encode(),
        struct.pack("I", 0) + b"{}",
        struct.pack("I", 0) + b"\xff\xfe",
    ],
)
async def test_an_unreadable_file_is_no_session_and_is_cleaned(
    files: Sessions, folder: Path, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept, _ = await files.open("candidate", 1)
    before = contents(folder)
    cookie, _ = await files.open("owner", 1)
    (broken,) = contents(folder).keys() - before.keys()
    broken.write_bytes(content)
    assert await files.get(cookie) is None
    assert await files.clean() == 1
    assert not broken.exists()
    assert await files.get(kept)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"account_id": "owner", "epoch": 1, "csrf": "x", "created_at": "today"}',
     '{"account_id": "owner", "epoch": "x", "csrf": "x", "created_at": "2026-01-01T00:00:00Z"}',
     '{"account_id": "owner", "epoch": 1, "csrf": "x", "created_at": "2026-01-01T00:00:00"}'],
)  # fmt: skip
async def test_a_session_of_another_shape_is_none(folder: Path, text: str) -> None:
    store = FileSessions(folder, THRESHOLD)
    cookie, session = await Sessions(store).open("owner", 1)
    await store.put(session.id_digest, "owner", text, MOST_SESSIONS)
    assert await Sessions(store).get(cookie) is None


async def test_stale_and_unfinished_files_are_cleaned_and_the_count_is_right_again(
    files: Sessions, folder: Path
) -> None:
    cookie, _ = await files.open("owner", 1)
    past = struct.pack("I", int(time.time()) - 10)
    (folder / ("a" * 64)).write_bytes(past + json.dumps(["candidate", "{}"]).encode())
    unfinished = [folder / f"{name}.__wz_cache" for name in ("old", "new")]
    for path in unfinished:
        path.write_bytes(b"half")
    an_age = time.time() - BROKEN_SECONDS - 1
    os.utime(unfinished[0], (an_age, an_age))
    (folder / "a folder").mkdir()
    assert await files.clean() == 1
    assert [path.exists() for path in unfinished] == [False, True]
    assert await files.get(cookie)
    shutil.rmtree(folder / "a folder")
    assert await files.count() == 1
    others = [(await files.open(f"account {n}", 1))[0] for n in range(THRESHOLD - 1)]
    assert await files.get(cookie)
    assert all([await files.get(other) for other in others])


async def test_cleaning_what_is_clean_writes_nothing(files: Sessions, folder: Path) -> None:
    await files.open("owner", 1)
    before = written(folder)
    assert await files.clean() == 0
    assert written(folder) == before


async def test_a_folder_that_is_gone_says_so_and_a_restart_makes_it(
    files: Sessions, folder: Path
) -> None:
    cookie, _ = await files.open("owner", 1)
    shutil.rmtree(folder)
    for look in (files.check, files.count, files.clean):
        with pytest.raises(errors.SessionsDown):
            await look()
    with pytest.raises(errors.SessionsDown):
        await files.open("owner", 1)
    assert await files.get(cookie) is None
    files = Sessions(FileSessions(folder, THRESHOLD))
    assert (await files.open("owner", 1))[1]


def test_a_missing_permission_is_told_at_once(folder: Path) -> None:
    def refuse() -> None:
        raise PermissionError

    began = time.monotonic()
    with pytest.raises(PermissionError):
        _Files(str(folder))._run_safely(refuse)
    assert time.monotonic() - began < 0.5


# --- Valkey


async def test_a_server_that_is_down_is_told_and_found_again(
    tmp_path: Path, hand_clock: HandClock
) -> None:
    hand_clock.time = clock.now()
    with valkey(tmp_path) as server:
        sessions = Sessions(RedisSessions(connect(server.url), hand_clock), hand_clock)
        cookie, session = await sessions.open("owner", 1)
        server.stop()
        tries: list[Callable[[], object]] = [
            sessions.check, sessions.count, sessions.clean, lambda: sessions.get(cookie),
            lambda: sessions.open("owner", 1), lambda: sessions.end(session),
            lambda: sessions.end_all("owner"),
        ]  # fmt: skip
        for attempt in tries:
            with pytest.raises(errors.SessionsDown):
                await attempt()  # type: ignore[misc]
        server.start()
        await sessions.check()
        assert (await sessions.open("owner", 1))[1]
        await sessions.close()


async def test_a_value_of_another_shape_is_no_session(server: Valkey) -> None:
    sessions = Sessions(RedisSessions(connect(server.url)))
    cookie, session = await sessions.open("owner", 1)
    with server.client() as client:
        for text in ("no JSON", "[]", "7", '["owner", 5]'):
            client.set(f"mulakat:session:{session.id_digest}", text)
            assert await sessions.get(cookie) is None
    await sessions.close()


async def test_everything_in_valkey_ends_by_itself(server: Valkey) -> None:
    with server.client() as client:
        client.flushall()
        sessions = Sessions(RedisSessions(connect(server.url)))
        throttle = RedisThrottle(connect(server.url))
        await sessions.open("owner", 1)
        await throttle.count("a")
        endless = [key for key in client.scan_iter() if client.ttl(key) == -1]
        assert endless == ["mulakat:sessions"]
        await sessions.close()
        await throttle.close()


async def test_tries_count_for_all_processes_and_here_while_valkey_is_down(tmp_path: Path) -> None:
    with valkey(tmp_path) as server:
        one, two = RedisThrottle(connect(server.url)), RedisThrottle(connect(server.url))
        for _ in range(MOST_TRIES - 1):
            await one.count("a")
        assert (await limit(two, "a")).count == MOST_TRIES
        with pytest.raises(errors.TooManyTries) as refused:
            await limit(two, "a")
        assert 0 < refused.value.retry_after <= 300
        await two.take_back("a")
        await two.take_back("a")
        assert (await limit(one, "a")).count == MOST_TRIES
        await one.take_back("unknown")
        assert (await one.count("unknown")).count == 1
        server.stop()
        assert (await one.count("a")).count == 1
        await one.take_back("a")
        assert (await one.count("a")).count == 1
        await one.close()
        await two.close()


def test_a_session_tells_nobody_its_cookie() -> None:
    assert "id_digest" in Session.__slots__
    assert not any("cookie" in name for name in Session.__slots__)
