"""Which passwords and addresses are taken, and that argon2id takes turns."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from statistics import median

import pytest

from mulakat import errors
from mulakat.memory.budget import COSTS
from mulakat.web import passwords
from mulakat.web.passwords import Passwords, check_rules, hash_now, normal_email

GOOD = "bir mülakat için uzun parola"


@asynccontextmanager
async def plenty() -> AsyncIterator[None]:
    yield


@pytest.fixture
def checker() -> Iterator[Passwords]:
    made = Passwords(plenty)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123456789", "password_too_short"),
        ("x" * 201, "password_too_long"),
        ("1234567890", "password_common"),
        ("QwertyUiop", "password_common"),
        ("Galatasaray1905", "password_common"),
        ("my owner@example.org", "password_has_email"),
        ("OWNER@example.org", "password_has_email"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused(text: str, code: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        check_rules(text, "owner@example.org")
    assert refused.value.code == code


@pytest.mark.parametrize("text", [GOOD, "q7 m2 x9 z", "y" * 200, "0123456789\nextra", "🔑" * 10])
def test_other_passwords_are_taken(text: str) -> None:
    check_rules(text, "owner@example.org")


@pytest.mark.parametrize(
    "text", [" Owner@Example.ORG ", "owner@example.org", "\towner@example.org\n"]
)
def test_an_address_is_the_same_however_it_is_typed(text: str) -> None:
    assert normal_email(text) == "owner@example.org"


@pytest.mark.parametrize(
    "text",
    ["", "owner", "@example.org", "owner@", "a@b@c", "a b@example.org", "a\0b@example.org",
     "öwner@example.org", "owner@examplе.org", f"{'a' * 243}@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        normal_email(text)
    assert refused.value.code == "email_invalid"


async def test_a_hash_is_argon2id_with_owasps_parameters_and_checks(checker: Passwords) -> None:
    stored = await checker.hash(GOOD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await checker.verify(stored, GOOD)
    assert not await checker.verify(stored, GOOD + "x")
    assert not await checker.verify("!", GOOD)
    assert not await checker.verify(None, GOOD)


async def test_the_same_letters_from_another_keyboard_are_the_same_password(
    checker: Passwords,
) -> None:
    assert await checker.verify(hash_now("ş" * 10), "s\u0327" * 10)


async def test_an_unknown_account_takes_as_long_as_a_wrong_password(checker: Passwords) -> None:
    stored = hash_now(GOOD)
    took: dict[str | None, list[float]] = {stored: [], None: []}
    for _ in range(7):
        for which, spans in took.items():
            began = time.perf_counter()
            await checker.verify(which, "wrong password")
            spans.append(time.perf_counter() - began)
    assert median(took[None]) == pytest.approx(median(took[stored]), rel=0.5)


async def test_fifty_at_once_take_turns_of_two() -> None:
    now = most = 0

    @asynccontextmanager
    async def reserve() -> AsyncIterator[None]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        yield
        now -= 1

    checker = Passwords(reserve)
    stored = hash_now(GOOD)
    assert all(await asyncio.gather(*(checker.verify(stored, GOOD) for _ in range(50))))
    assert most == passwords.AT_ONCE
    checker.close()


async def test_who_would_wait_too_long_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.01)

    @asynccontextmanager
    async def full() -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    checker = Passwords(full)
    with pytest.raises(errors.LoginsBusy) as refused:
        await checker.verify(None, GOOD)
    assert refused.value.retry_after > 0
    checker.close()


async def test_no_memory_is_the_same_to_the_one_who_waits() -> None:
    @asynccontextmanager
    async def low() -> AsyncIterator[None]:
        raise errors.MemoryLow
        yield

    checker = Passwords(low)
    with pytest.raises(errors.LoginsBusy):
        await checker.hash(GOOD)
    checker.close()


async def test_memory_stays_promised_until_the_thread_of_one_who_left_is_done() -> None:
    held, released = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def reserve() -> AsyncIterator[None]:
        held.set()
        try:
            yield
        finally:
            released.set()

    checker = Passwords(reserve)
    leaving = asyncio.create_task(checker.hash(GOOD))
    await held.wait()
    await asyncio.sleep(0)  # into the thread
    leaving.cancel()
    await asyncio.sleep(0)
    assert not released.is_set()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert released.is_set()
    checker.close()


def test_what_is_promised_covers_what_argon2_takes() -> None:
    assert passwords.MEMORY_KIB * 1024 < COSTS["password"] < 2 * passwords.MEMORY_KIB * 1024
