"""API tokens on both databases: hashed, noted once a day, bounded, revocable."""

import asyncio

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import errors
from mulakat.store.accounts import Accounts
from mulakat.store.engine import reading
from mulakat.store.tables import api_tokens
from mulakat.store.tokens import MOST_TOKENS, Tokens
from people import ADMIN, EMAILS, OTHER, OWNER, settle_in


@pytest.fixture
async def tokens(engine: AsyncEngine, hand_clock: HandClock) -> Tokens:
    await settle_in(engine)
    return Tokens(engine, hand_clock)


async def test_a_token_is_its_owners_and_nobody_elses(tokens: Tokens) -> None:
    token, made = await tokens.create(OWNER, "laptop")
    await tokens.create(OTHER, "laptop")
    owner = await tokens.owner(token)
    assert owner
    assert (owner.id, owner.email, owner.role) == (OWNER, EMAILS[OWNER], "candidate")
    for wrong in ("", "mlk_", token[:-1], token + "x", token.upper(), "mlk_\udcff", made.id):
        assert await tokens.owner(wrong) is None


async def test_the_database_holds_nothing_that_gives_the_token(
    tokens: Tokens, engine: AsyncEngine
) -> None:
    token, made = await tokens.create(OWNER, "laptop")
    async with reading(engine) as connection:
        (row,) = (await connection.execute(select(api_tokens))).all()
    assert not [value for value in row if token[4:-4] in str(value)]
    assert len(row.digest) == 64
    assert token.endswith(made.hint)
    assert len(made.hint) == 4


async def test_the_list_is_ones_own_the_oldest_first(tokens: Tokens, hand_clock: HandClock) -> None:
    for name in ("first", "second"):
        await tokens.create(OWNER, name)
        hand_clock.move(seconds=1)
    await tokens.create(ADMIN, "third")
    assert [one.name for one in await tokens.of(OWNER)] == ["first", "second"]


async def test_a_revoked_token_ends_at_once_and_only_its_owner_revokes_it(tokens: Tokens) -> None:
    token, made = await tokens.create(OWNER, "laptop")
    with pytest.raises(errors.NotFound):
        await tokens.revoke(OTHER, made.id)
    assert await tokens.owner(token)
    await tokens.revoke(OWNER, made.id)
    assert await tokens.owner(token) is None
    with pytest.raises(errors.NotFound):
        await tokens.revoke(OWNER, made.id)


async def test_a_thousand_uses_in_a_day_are_one_write(
    tokens: Tokens, engine: AsyncEngine, hand_clock: HandClock
) -> None:
    writes: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("UPDATE", "INSERT", "DELETE")):
            writes.append(statement)

    token, made = await tokens.create(OWNER, "laptop")
    assert made.used_at is None
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    first = hand_clock.time
    for _ in range(1000):
        assert await tokens.owner(token)
        hand_clock.move(seconds=30)
    assert hand_clock.time.date() == first.date()
    assert len(writes) == 1
    assert [one.used_at for one in await tokens.of(OWNER)] == [first]
    hand_clock.move(days=1)
    assert await tokens.owner(token)
    assert len(writes) == 2
    assert [one.used_at for one in await tokens.of(OWNER)] == [hand_clock.time]


async def test_one_too_many_is_refused_and_revoking_makes_room(tokens: Tokens) -> None:
    made = [(await tokens.create(OWNER, f"{n}"))[1] for n in range(MOST_TOKENS)]
    with pytest.raises(errors.TooManyTokens) as refused:
        await tokens.create(OWNER, "more")
    assert refused.value.params == {"limit": MOST_TOKENS}
    await tokens.create(OTHER, "of another")
    await tokens.revoke(OWNER, made[0].id)
    await tokens.create(OWNER, "more")


async def test_of_many_made_at_once_no_more_than_allowed_are_there(tokens: Tokens) -> None:
    made = await asyncio.gather(
        *(tokens.create(OWNER, "at once") for _ in range(2 * MOST_TOKENS)), return_exceptions=True
    )
    assert sum(isinstance(one, errors.TooManyTokens) for one in made) == MOST_TOKENS
    assert len(await tokens.of(OWNER)) == MOST_TOKENS


async def test_nobody_without_an_account_has_a_token(tokens: Tokens) -> None:
    with pytest.raises(errors.NotFound):
        await tokens.create("nobody", "laptop")


async def test_a_password_change_ends_the_accounts_tokens_and_no_others(
    tokens: Tokens, engine: AsyncEngine
) -> None:
    mine, _ = await tokens.create(OWNER, "laptop")
    other, _ = await tokens.create(OTHER, "laptop")
    await Accounts(engine).set_password(OWNER, "!")
    assert await tokens.owner(mine) is None
    assert await tokens.owner(other)
