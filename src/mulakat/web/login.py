"""Proving who one is by a password, throttled by account and by address.

An address has 25 tries in 5 minutes. So has an account, from wherever they come; beyond those
it still gives each address that has not tried in these 5 minutes one try. So a stranger, or
many, who guess at somebody's password slow themselves down and cannot lock the owner out: at an
address of their own, the right password is checked.
"""

import hashlib

from starlette.requests import Request

from mulakat import errors
from mulakat.store.accounts import Account
from mulakat.web.address import client_address, neighbourhood
from mulakat.web.state import parts
from mulakat.web.throttle import MOST_TRIES, limit


async def prove(request: Request, email: str, password: str) -> Account | None:
    """Return the account of an address and its password, or None when they do not fit.

    Which of the two is wrong shows neither in the answer nor in the time it takes. Raises
    TooManyTries, LoginsBusy, DatabaseBusy.
    """
    here = parts(request)
    by_address = f"login:address:{neighbourhood(client_address(request))}"
    by_account = f"login:account:{hashlib.sha256(email.encode()).hexdigest()}"
    mine = await limit(here.throttle, by_address)
    everyones = await here.throttle.count(by_account)
    if everyones.count > MOST_TRIES and mine.count > 1:
        raise errors.TooManyTries(everyones.left)
    found = await here.accounts.credentials(email)
    account, stored = found or (None, None)
    if not await here.passwords.verify(stored, password):
        return None
    for key in (by_address, by_account):  # only wrong ones count
        await here.throttle.take_back(key)
    return account
