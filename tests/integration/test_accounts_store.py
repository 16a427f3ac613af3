"""Accounts in both databases: made, found, changed, and what a guest's answers become."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import errors
from mulakat.store.accounts import Account, Accounts
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.engine import reading, writing
from mulakat.store.tables import accounts as table
from mulakat.store.tables import egress
from people import ADMIN, EMAILS, OTHER, OWNER, settle_in


@pytest.fixture
async def accounts(engine: AsyncEngine, hand_clock: HandClock) -> Accounts:
    await settle_in(engine)
    return Accounts(engine, hand_clock)


async def test_an_account_is_found_by_its_id_and_by_its_address(
    accounts: Accounts, hand_clock: HandClock
) -> None:
    made = await accounts.create("new@example.org", "Yeni", "$hash")
    assert made == Account(
        made.id, "new@example.org", "Yeni", "candidate", None, 1, hand_clock.time
    )
    assert await accounts.get(made.id) == made
    assert await accounts.credentials("new@example.org") == (made, "$hash")
    assert await accounts.count() == 4


async def test_whom_nobody_knows_is_none(accounts: Accounts) -> None:
    assert await accounts.get("nobody") is None
    assert await accounts.credentials("nobody@example.org") is None


async def test_an_address_has_one_account(accounts: Accounts) -> None:
    with pytest.raises(errors.EmailTaken):
        await accounts.create(EMAILS[OWNER], "", "$hash")
    made = await asyncio.gather(
        *(accounts.create("new@example.org", "", "$hash") for _ in range(5)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in made) == ["Account"] + ["EmailTaken"] * 4


async def test_a_new_password_begins_a_new_epoch(accounts: Accounts) -> None:
    changed = await accounts.set_password(OWNER, "$other")
    assert changed.epoch == 2
    assert await accounts.credentials(EMAILS[OWNER]) == (changed, "$other")
    other = await accounts.get(OTHER)
    assert other
    assert other.epoch == 1


async def test_name_and_language_change_one_by_one(accounts: Accounts) -> None:
    assert (await accounts.change(OWNER, name="Ayşe")).name == "Ayşe"
    changed = await accounts.change(OWNER, language="en")
    assert (changed.name, changed.language) == ("Ayşe", "en")
    assert await accounts.change(OWNER) == changed


async def test_an_admin_is_made_and_unmade(accounts: Accounts) -> None:
    await accounts.set_role(OTHER, "admin")
    assert {one.id for one in await accounts.admins()} == {ADMIN, OTHER}
    await accounts.set_role(OTHER, "candidate")
    assert [one.id for one in await accounts.admins()] == [ADMIN]


async def test_what_is_gone_cannot_be_changed(accounts: Accounts) -> None:
    for change in (
        accounts.set_password("nobody", "$hash"),
        accounts.change("nobody", name="x"),
        accounts.change("nobody"),
        accounts.set_role("nobody", "admin"),
    ):
        with pytest.raises(errors.NotFound):
            await change


async def test_the_hash_is_in_no_value_that_is_shown(accounts: Accounts) -> None:
    await accounts.set_password(OWNER, "$canary")
    assert "$canary" not in repr(await accounts.get(OWNER))


async def test_the_table_refuses_an_address_in_capitals(
    engine: AsyncEngine, accounts: Accounts
) -> None:
    with pytest.raises(Exception, match="accounts_email_case"):
        await accounts.create("New@example.org", "", "$hash")
    async with reading(engine) as connection:
        assert len((await connection.execute(select(table.c.id))).all()) == 3


async def test_a_guests_answers_and_their_ledger_pass_to_the_account(
    engine: AsyncEngine,
    accounts: Accounts,
    answers: Answers,
    new_answer: Callable[..., NewAnswer],
    hand_clock: HandClock,
) -> None:
    async def accept(**fields: str) -> str:
        return (await answers.accept(new_answer(**fields), 50)).answer.id

    guests = await accept(guest="g1", idempotency_key="k")
    owners = await accept(owner=OWNER, idempotency_key="k")
    strangers, nobodys = await accept(guest="g2"), await accept()
    sent = {
        "purpose": "evaluate", "provider": "p", "model": "m", "host": "h", "bytes_sent": 1,
        "bytes_received": 1, "outcome": "ok", "at": hand_clock.time,
    }  # fmt: skip
    async with writing(engine) as connection:
        for which in (guests, strangers):
            await connection.execute(insert(egress).values(id=which, answer_id=which, **sent))

    assert await accounts.adopt("g1", OWNER) == 1
    assert await accounts.adopt("g1", OWNER) == 0

    found = {which: await answers.get(which) for which in (guests, owners, strangers, nobodys)}
    assert {which: (one.owner, one.guest) for which, one in found.items() if one} == {
        guests: (OWNER, None),
        owners: (OWNER, None),
        strangers: (None, "g2"),
        nobodys: (None, None),
    }
    async with reading(engine) as connection:
        rows = await connection.execute(select(egress.c.id, egress.c.account_id))
        assert {row.id: row.account_id for row in rows} == {guests: OWNER, strangers: None}
