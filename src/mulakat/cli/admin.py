"""`mulakat admin`: accounts of admins, and new passwords for anybody, from the command line.

Works while the server runs: what it changes, the server reads anew with each request.
"""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from mulakat import errors
from mulakat.languages import say
from mulakat.settings import Settings
from mulakat.store.accounts import Account, Accounts
from mulakat.store.engine import database_url, make_engine
from mulakat.store.migrate import upgrade
from mulakat.web.passwords import LONGEST, check_rules, hash_now, normal_email

GENERATED_BYTES = 18
"""144 random bits, 24 characters."""

_Result = TypeVar("_Result")


def create(settings: Settings, email: str, *, generate: bool) -> None:
    """Make an account with the role admin. Raises ClickException with what is wrong."""
    address, found = _look_up(settings, email)
    if found is not None:  # said before anybody types a password for nothing
        raise _said(errors.EmailTaken())
    hashed = hash_now(_password(address, generate=generate))
    _with(settings, lambda accounts: accounts.create(address, "", hashed, role="admin"))
    click.echo(f"{address} is an admin now.", err=True)


def reset(settings: Settings, email: str, *, generate: bool) -> None:
    """Give any account a new password; its sessions and API tokens end."""
    address, found = _look_up(settings, email)
    if found is None:
        raise click.ClickException(f"There is no account of {address}.")
    hashed, account_id = hash_now(_password(address, generate=generate)), found[0].id
    _with(settings, lambda accounts: accounts.set_password(account_id, hashed))
    click.echo(f"{address} has a new password. Its logins and API tokens have ended.", err=True)


def show(settings: Settings) -> None:
    """Print the admins' addresses, a line each, the oldest account first."""
    _migrate(settings)
    for account in _with(settings, lambda accounts: accounts.admins()):
        click.echo(f"{account.email}\tsince {account.created_at:%Y-%m-%d}")


def _migrate(settings: Settings) -> None:
    upgrade(database_url(settings.store))  # there may have been no server yet


def _look_up(settings: Settings, email: str) -> tuple[str, tuple[Account, str] | None]:
    """Return the address as accounts are found by it, and its account if there is one."""
    _migrate(settings)
    with _sentences():
        address = normal_email(email)
    return address, _with(settings, lambda accounts: accounts.credentials(address))


def _with(settings: Settings, do: Callable[[Accounts], Awaitable[_Result]]) -> _Result:
    """Do one thing with the accounts.

    An event loop for each, none while a person types: in a loop, Ctrl-C would not end that.
    """

    async def run() -> _Result:
        engine = make_engine(settings.store)
        try:
            return await do(Accounts(engine))
        finally:
            await engine.dispose()

    with _sentences():
        return asyncio.run(run())


def _password(email: str, *, generate: bool) -> str:
    if generate:
        password = secrets.token_urlsafe(GENERATED_BYTES)
        click.echo(password)  # alone on stdout, this once
        return password
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline(4 * LONGEST).rstrip("\r\n")
    with _sentences():
        check_rules(password, email)
    return password


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except errors.MulakatError as error:
        raise _said(error) from None


def _said(error: errors.MulakatError) -> click.ClickException:
    return click.ClickException(say("en", f"error.{error.code}", **error.params))
