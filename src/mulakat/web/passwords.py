"""Passwords: what is taken, and argon2id, at most two at once.

Each check needs 19 MiB for some 20 ms, promised by the memory governor, so fifty logins at
once take turns and never more memory than two.
"""

import asyncio
import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from mulakat import errors
from mulakat.memory.release import keep_large_apart

MEMORY_KIB = 19_456
PASSES = 2
LANES = 1
"""OWASP's Password Storage Cheat Sheet: argon2id, at the least m=19456 (19 MiB), t=2, p=1."""

AT_ONCE = 2
WAIT_SECONDS = 10.0
"""How long a password waits for its turn: some 400 others are checked meanwhile."""

SHORTEST, LONGEST = 10, 200
"""Characters. NIST SP 800-63B §3.1.1.2 asks for 8 at the least and that 64 are possible."""

LONGEST_EMAIL = 254
"""Octets that SMTP carries (RFC 5321 §4.5.3.1.3, less the brackets)."""

COMMON = Path(__file__).parent / "common_passwords.txt"
"""Those of at least SHORTEST characters among the 20,000 commonest in Django 5.2
(common-passwords.txt.gz; Royce Williams, from breached ones), and the like in Turkish."""

_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")
"""Visible ASCII with one @: two addresses that look alike must not be two accounts."""

_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)

NOBODYS = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${'A' * 22}${'A' * 43}"
"""A hash to check against where there is no account, so that it takes as long."""

_Result = TypeVar("_Result")


def normal_email(text: str) -> str:
    """Return an address as accounts are found by it. Raises Invalid (email_invalid)."""
    email = text.strip().lower()
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise errors.Invalid("email_invalid")
    return email


def check_rules(password: str, email: str) -> None:
    """Raise Invalid (password_…) for a password that is not taken; `email` is normal."""
    plain = _plain(password)
    if len(plain) < SHORTEST:
        raise errors.Invalid("password_too_short", limit=SHORTEST)
    if len(plain) > LONGEST:
        raise errors.Invalid("password_too_long", limit=LONGEST)
    if email in plain.lower():
        raise errors.Invalid("password_has_email")
    if f"\n{plain.lower()}\n" in f"\n{COMMON.read_text(encoding='utf-8')}":
        raise errors.Invalid("password_common")


def hash_now(password: str) -> str:
    """Return the hash to store, in PHC's string format; for the command line, which may wait."""
    return _hasher.hash(_octets(password))


class Passwords:
    """Hashes and checks in threads. `reserve` promises the memory of one for a block."""

    def __init__(self, reserve: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        keep_large_apart()
        self._reserve = reserve
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")

    async def hash(self, password: str) -> str:
        """Return the hash to store. Raises LoginsBusy."""
        return await self._in_turn(partial(hash_now, password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether a password is the one of a stored hash; None (no account) is never,
        and takes as long. Raises LoginsBusy.
        """
        return await self._in_turn(partial(_verify, stored, password))

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown()

    async def _in_turn(self, work: Callable[[], _Result]) -> _Result:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await stack.enter_async_context(self._turns)
                    await stack.enter_async_context(self._reserve())
            except (TimeoutError, errors.MemoryLow):
                raise errors.LoginsBusy from None
            running = asyncio.get_running_loop().run_in_executor(self._threads, work)
            try:
                return await asyncio.shield(running)
            finally:
                # A client that went away does not end the thread: its memory is still in use.
                await asyncio.wait({running})


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or NOBODYS, _octets(password)) and stored is not None
    except (Argon2Error, InvalidHashError):
        return False


def _plain(password: str) -> str:
    # The same letters from another keyboard must be the same password (NIST SP 800-63B).
    return unicodedata.normalize("NFKC", password)


def _octets(password: str) -> bytes:
    return _plain(password).encode("utf-8", "surrogatepass")
