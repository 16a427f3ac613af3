"""Coming in and going out: register, log in and out, change the password, leave for good.

The JSON routes and the pages' forms both come here. Register tells that an address has an
account, which without sending e-mail it cannot help; it is throttled by address. Login tells
nothing, in words or in time.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from mulakat import errors
from mulakat.observe.log import logger
from mulakat.store.accounts import Account
from mulakat.web.address import client_address, neighbourhood
from mulakat.web.identity import forget_guest, who
from mulakat.web.login import prove
from mulakat.web.passwords import check_rules, normal_email
from mulakat.web.sessions import COOKIE, Session, drop_cookie, set_cookie
from mulakat.web.state import parts
from mulakat.web.throttle import limit

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Opened:
    """A login just made: its cookie, and how many answers of a guest the account got with it."""

    cookie: str
    session: Session
    adopted: int


async def register(
    request: Request, email: str, password: str, name: str = "", language: str | None = None
) -> Account:
    """Make a candidate's account.

    Raises RegistrationOff, EmailTaken, Invalid (email_…, password_…, field_invalid),
    TooManyTries, LoginsBusy, SessionsDown, DatabaseBusy.
    """
    here = parts(request)
    if here.settings.accounts.registration == "off":
        raise errors.RegistrationOff
    email, name = normal_email(email), plain_name(name)
    check_rules(password, email)
    await here.sessions.check()  # else there would be an account, and an error
    await limit(here.throttle, f"register:{neighbourhood(client_address(request))}")
    hashed = await here.passwords.hash(password)
    return await here.accounts.create(email, name, hashed, language=language)


async def log_in(request: Request, email: str, password: str) -> Account:
    """Return the account of an address and its password.

    Raises LoginWrong, TooManyTries, LoginsBusy, SessionsDown, DatabaseBusy.
    """
    await parts(request).sessions.check()
    try:
        account = await prove(request, normal_email(email), password)
    except errors.Invalid:
        account = None  # no account has such an address
    if account is None:
        logger("audit").warning("login refused", address=client_address(request))
        raise errors.LoginWrong
    return account


async def change_password(request: Request, account: Account, present: str, new: str) -> Account:
    """Change the password; every session and every API token of the account ends.

    Raises PasswordWrong, Invalid (password_…), TooManyTries, LoginsBusy, SessionsDown,
    DatabaseBusy.
    """
    here = parts(request)
    check_rules(new, account.email)
    await here.sessions.check()  # else the password would be changed, and an error told
    if await prove(request, account.email, present) is None:
        raise errors.PasswordWrong
    changed = await here.accounts.set_password(account.id, await here.passwords.hash(new))
    # Void by their epoch already; what is left is to keep none.
    await here.sessions.end_all(account.id)
    return changed


async def open_session(request: Request, account: Account, event: str) -> Opened:
    """Open a session; what the browser sent as a guest becomes the account's.

    `event` names it in the audit log. May raise SessionsDown and DatabaseBusy.
    """
    here, identity = parts(request), await who(request)
    cookie, session = await here.sessions.open(
        account.id, account.epoch, request.cookies.get(COOKIE)
    )
    adopted = await here.accounts.adopt(identity.guest, account.id) if identity.guest else 0
    logger("audit").info(
        event, account=account.id, address=client_address(request), adopted=adopted
    )
    return Opened(cookie, session, adopted)


def hand_over(request: Request, response: Response, opened: Opened) -> None:
    """Give the browser its session, and take the guest's cookie back."""
    set_cookie(request, response, opened.cookie)
    forget_guest(request, response)


async def end_session(request: Request, response: Response) -> None:
    """End the session of this browser, if it has one. May raise SessionsDown."""
    identity = await who(request)
    if identity.session:
        await parts(request).sessions.end(identity.session)
    drop_cookie(response)


def plain_name(text: str) -> str:
    """Return a name as it is kept. Raises Invalid (field_invalid)."""
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise errors.Invalid("field_invalid", field="name")
    return name
