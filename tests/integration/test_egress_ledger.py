"""A request stands in the ledger before its first byte leaves, and for ever after."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import errors
from mulakat.store.accounts import Accounts
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.egress import Ledger
from mulakat.store.sent import Sent
from people import OWNER, settle_in

SENT = Sent(
    purpose="evaluate", provider="openai", model="judge", host="api.example.org",
    bytes_sent=2000, bytes_received=0, outcome="unfinished",
)  # fmt: skip


@pytest.fixture
def ledger(engine: AsyncEngine, hand_clock: HandClock) -> Ledger:
    return Ledger(engine, hand_clock)


async def test_a_line_begins_unfinished_and_ends_with_what_came_of_it(
    engine: AsyncEngine,
    answers: Answers,
    ledger: Ledger,
    new_answer: Callable[..., NewAnswer],
) -> None:
    await settle_in(engine)
    answer = (await answers.accept(new_answer(owner=OWNER), 5)).answer
    line = await ledger.begin(SENT, OWNER, answer.id)
    (shown,) = await ledger.of(OWNER)
    assert (shown["outcome"], shown["bytes_sent"]) == ("unfinished", 2000)
    await ledger.end(line, replace(SENT, bytes_sent=2300, bytes_received=900, outcome="ok"))
    (shown,) = await ledger.of(OWNER)
    assert (shown["outcome"], shown["bytes_sent"], shown["bytes_received"]) == ("ok", 2300, 900)
    assert shown["answer_id"] == answer.id


async def test_nothing_may_be_sent_of_an_answer_or_an_account_that_is_gone(
    engine: AsyncEngine, ledger: Ledger
) -> None:
    with pytest.raises(errors.NotFound):
        await ledger.begin(SENT, None, "gone")
    with pytest.raises(errors.NotFound):
        await ledger.begin(SENT, "gone", None)


async def test_a_line_that_went_with_its_account_is_not_written_again(
    engine: AsyncEngine, ledger: Ledger
) -> None:
    accounts = Accounts(engine)
    account = await accounts.create("a@example.org", "A", "!")
    line = await ledger.begin(SENT, account.id, None)
    from mulakat.settings import Store
    from mulakat.store.rights import Rights

    await Rights(engine, Store()).delete_account(account.id)
    await ledger.end(line, SENT)
    assert await ledger.of(account.id) == []
