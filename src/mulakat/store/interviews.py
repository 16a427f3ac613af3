"""Interviews and their turns: each method is one transaction, and the rows are the truth.

Every move locks the interview's row and looks at its state first, so of two tabs, a retry and
the operator one is first and the others are told. What an answer brings is taken in by
`advance`, which may be called by anybody at any time: it does nothing, or one step.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mulakat import clock, errors
from mulakat.store.answers import Move as WithAnswer
from mulakat.store.engine import reading, writing
from mulakat.store.interview_rows import answered_of, load, owned, result_of, situation
from mulakat.store.interview_values import (
    ACTIVE,
    MOVES,
    Chooser,
    Interview,
    Listed,
    Move,
    NewInterview,
    NewTurn,
    Turn,
    allowed,
)
from mulakat.store.tables import answers, documents, interviews, turns

STALE = timedelta(hours=24)
"""How long an interview may stand still before it is closed."""

ASK_AGAIN = frozenset({"too_little_speech", "low_confidence", "not_language"})
"""Why a recording was not scored so that the same question is asked again."""


class Interviews:
    """All that is known of interviews. Every method may raise errors.DatabaseBusy.

    `account` is always whose interview it must be: another's is NotFound.
    """

    def __init__(self, engine: AsyncEngine, choose: Chooser, now: clock.Now = clock.now) -> None:
        self._engine = engine
        self._choose = choose
        self._now = now

    # --- looking

    async def get(self, interview_id: str, account: str) -> Interview | None:
        """Return an interview of an account with its turns, or None."""
        async with reading(self._engine) as connection:
            return await load(connection, owned(interview_id, account))

    async def active(self, account: str) -> Interview | None:
        """Return the account's unfinished interview with its turns, or None."""
        mine = and_(interviews.c.account_id == account, interviews.c.state.in_(ACTIVE))
        async with reading(self._engine) as connection:
            return await load(connection, mine)

    async def page(self, account: str, before: str | None, size: int) -> list[Listed]:
        """Return up to `size` interviews, the newest first, older than the one named."""
        query = select(interviews).where(interviews.c.account_id == account)
        if before is not None:
            query = query.where(interviews.c.id < before)
        query = query.order_by(interviews.c.id.desc()).limit(size)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).mappings().all()
            answered = await answered_of(connection, [row["id"] for row in rows])
        return [Listed(Interview(**row), answered[row["id"]]) for row in rows]

    async def running(self) -> int:
        """Return how many interviews are unfinished, everybody's."""
        query = select(func.count()).where(interviews.c.state.in_(ACTIVE))
        async with reading(self._engine) as connection:
            return await connection.scalar(query) or 0

    # --- moving

    async def start(self, new: NewInterview) -> Interview:
        """Start an interview with its first question.

        Raises InterviewActive, and Invalid for a document that is not the account's or for a
        bank without a question.
        """
        await self._choose.ready(new.language)
        try:
            async with writing(self._engine) as connection:
                return await self._start(connection, new)
        except IntegrityError:  # of two that start at once, the index lets one through
            other = await self.active(new.account_id)
            if other is None:
                raise
            raise errors.InterviewActive(other.id) from None

    async def begin(self, interview_id: str, account: str, number: int | None = None) -> Interview:
        """The answer to the open turn is begun; again, nothing changes. Raises IllegalMove."""
        async with writing(self._engine) as connection:
            found = await self._may(connection, "begin", interview_id, account, number)
            await self._begun(connection, found)
            await self._to(connection, interview_id, "answering")
            return await _sure(connection, interview_id)

    def submitting(self, interview_id: str, account: str, number: int) -> WithAnswer:
        """Return the move that goes with accepting an answer to turn `number`.

        It raises IllegalMove when another turn is open, or an answer to this one is there. One
        that failed or was not understood makes room: a turn has one answer at a time. If its
        recording was kept, that is the sweep's now.
        """

        async def move(connection: AsyncConnection) -> None:
            found = await self._may(connection, "submit", interview_id, account, number)
            if found.open:
                await connection.execute(delete(answers).where(answers.c.turn_id == found.open.id))
            await self._begun(connection, found)
            await self._to(connection, interview_id, "evaluating")

        return move

    async def skip(self, interview_id: str, account: str, number: int | None = None) -> Interview:
        """Leave the open turn without an answer and ask the next question. Raises IllegalMove."""
        interview = await self.get(interview_id, account)
        if interview is not None:
            await self._choose.ready(interview.language)
        async with writing(self._engine) as connection:
            found = await self._may(connection, "skip", interview_id, account, number)
            await connection.execute(
                update(turns).where(_open(found)).values(skipped_at=self._now())
            )
            await self._next(connection, interview_id)
            return await _sure(connection, interview_id)

    async def complete(self, interview_id: str, account: str) -> Interview:
        """End an interview with what was answered; a completed one stays as it is.

        Raises IllegalMove where that is not possible, also while an answer is not evaluated.
        """
        async with writing(self._engine) as connection:
            found = await self._lock(connection, interview_id, account)
            if found.state != "completed":
                self._check(found, "complete")
                last = found.open
                if found.state == "evaluating" and last and last.answer_state in _UNDER_WAY:
                    _refuse(found)
                await self._to(connection, interview_id, "completed")
            return await _sure(connection, interview_id)

    async def abandon(self, interview_id: str, account: str) -> Interview:
        """Give an interview up; one given up stays as it is. Raises IllegalMove."""
        async with writing(self._engine) as connection:
            found = await self._lock(connection, interview_id, account)
            if found.state != "abandoned":
                self._check(found, "abandon")
                await self._to(connection, interview_id, "abandoned")
            return await _sure(connection, interview_id)

    async def delete(self, interview_id: str, account: str) -> set[str]:
        """Delete an interview with all its turns and answers.

        Returns the keys of recordings that are the caller's to remove. A worker that has an
        answer of it in hand finds its lease void.
        """
        async with writing(self._engine) as connection:
            await self._lock(connection, interview_id, account)
            recordings = (
                select(answers.c.audio_key)
                .join(turns, turns.c.id == answers.c.turn_id)
                .where(turns.c.interview_id == interview_id, answers.c.audio_key.is_not(None))
            )
            keys = set((await connection.scalars(recordings)).all())
            await connection.execute(delete(interviews).where(interviews.c.id == interview_id))
        return keys

    async def advance(self, interview_id: str) -> bool:
        """Take in what has come of the open turn's answer; whether anything has changed.

        A result leads to the next question, or to the end. An answer that failed, is gone, or
        was spoken but not understood leaves the same question to be asked again.
        """
        async with reading(self._engine) as connection:
            found = await load(connection, interviews.c.id == interview_id)
        if found is None or not _to_take_in(found):
            return False
        await self._choose.ready(found.language)
        async with writing(self._engine) as connection:
            found = await self._lock(connection, interview_id)
            if not _to_take_in(found):
                return False  # somebody else was first
            if found.open and await _to_ask_again(connection, found.open):
                await self._to(connection, interview_id, "asking")
            else:
                await self._next(connection, interview_id)
        return True

    # --- upkeep

    async def evaluating(self) -> Sequence[str]:
        """Return the ids of interviews whose answer is accepted and not taken in."""
        query = select(interviews.c.id).where(interviews.c.state == "evaluating")
        async with reading(self._engine) as connection:
            return (await connection.scalars(query)).all()

    async def abandon_stale(self) -> int:
        """Close the interviews that have not moved for a day; returns how many."""
        query = interviews.c.moved_at <= self._now() - STALE
        return await self._end_all(query, "abandoned")

    async def clear_all(self) -> int:
        """End all unfinished interviews, everybody's; returns how many."""
        return await self._end_all(true(), "cleared")

    async def tidy(self) -> int:
        """Do what is due each minute; returns how many interviews were closed."""
        for interview_id in await self.evaluating():
            await self.advance(interview_id)
        return await self.abandon_stale()

    # --- parts of the above

    async def _start(self, connection: AsyncConnection, new: NewInterview) -> Interview:
        active = select(interviews.c.id).where(
            interviews.c.account_id == new.account_id, interviews.c.state.in_(ACTIVE)
        )
        if other := await connection.scalar(active):
            raise errors.InterviewActive(other)
        now = self._now()
        for purpose, document in (("cv", new.cv_id), ("posting", new.posting_id)):
            await self._use(connection, new.account_id, purpose, document)
        interview_id = clock.new_id(now)
        values = {name: getattr(new, name) for name in NewInterview.__slots__}
        values |= {"id": interview_id, "state": "created", "created_at": now, "moved_at": now}
        await connection.execute(insert(interviews).values(values))
        await self._next(connection, interview_id)
        made = await _sure(connection, interview_id)
        if not made.turns:
            raise errors.Invalid("field_invalid", field="interest")
        return made

    async def _use(
        self, connection: AsyncConnection, account: str, purpose: str, document: str | None
    ) -> None:
        if document is None:
            return
        used = await connection.execute(
            update(documents)
            .where(
                documents.c.id == document,
                documents.c.account_id == account,
                documents.c.purpose == purpose,
            )
            .values(used_at=self._now())
        )
        if used.rowcount != 1:
            raise errors.Invalid("field_invalid", field=f"{purpose}_id")

    async def _may(
        self,
        connection: AsyncConnection,
        move: Move,
        interview_id: str,
        account: str,
        number: int | None,
    ) -> Interview:
        found = await self._lock(connection, interview_id, account)
        self._check(found, move)
        if found.open is None or number not in {None, found.open.number}:
            _refuse(found)
        return found

    async def _lock(
        self, connection: AsyncConnection, interview_id: str, account: str | None = None
    ) -> Interview:
        which = interviews.c.id == interview_id
        if account is not None:
            which = owned(interview_id, account)
        # First the lock, then the look: what is read after it stays so until we commit.
        locked = await connection.scalar(select(interviews.c.id).where(which).with_for_update())
        found = await load(connection, which) if locked else None
        if found is None:
            raise errors.NotFound
        return found

    def _check(self, found: Interview, move: Move) -> None:
        if found.state not in MOVES[move]:
            _refuse(found)

    async def _begun(self, connection: AsyncConnection, found: Interview) -> None:
        await connection.execute(
            update(turns)
            .where(_open(found), turns.c.begun_at.is_(None))
            .values(begun_at=self._now())
        )

    async def _next(self, connection: AsyncConnection, interview_id: str) -> None:
        """Ask the next question, or complete the interview where none is due."""
        found = await _sure(connection, interview_id)
        turn = None
        if len(found.turns) < found.total_questions:
            turn = self._choose(await situation(connection, found))
        if turn is None:
            await self._to(connection, interview_id, "completed")
            return
        now = self._now()
        values = {name: getattr(turn, name) for name in NewTurn.__slots__}
        values |= {"id": clock.new_id(now), "interview_id": interview_id, "asked_at": now}
        values |= {"number": len(found.turns) + 1}
        await connection.execute(insert(turns).values(values))
        await self._to(connection, interview_id, "asking")

    async def _to(self, connection: AsyncConnection, interview_id: str, state: str) -> None:
        now = self._now()
        ended = None if state in ACTIVE else now
        await connection.execute(
            update(interviews)
            .where(interviews.c.id == interview_id)
            .values(state=state, moved_at=now, finished_at=ended)
        )

    async def _end_all(self, which: ColumnElement[bool], state: str) -> int:
        now = self._now()
        async with writing(self._engine) as connection:
            ended = await connection.execute(
                update(interviews)
                .where(interviews.c.state.in_(ACTIVE), which)
                .values(state=state, moved_at=now, finished_at=now)
            )
        return ended.rowcount


_UNDER_WAY = frozenset({"queued", "running"})


def _refuse(found: Interview) -> NoReturn:
    raise errors.IllegalMove(found.state, allowed(found.state))


def _open(found: Interview) -> ColumnElement[bool]:
    return turns.c.id == (found.open.id if found.open else None)


def _to_take_in(found: Interview) -> bool:
    """Whether the open turn's answer has come to an end that nobody has looked at."""
    if found.state == "created":
        return True
    last = found.open
    return found.state == "evaluating" and last is not None and last.answer_state not in _UNDER_WAY


async def _to_ask_again(connection: AsyncConnection, turn: Turn) -> bool:
    if not turn.answered:
        return True  # it failed, or was deleted
    if turn.score is not None:
        return False
    result = await result_of(connection, turn.answer_id) or {}
    spoken = result.get("delivery") is not None  # typed text has none
    return spoken and (result.get("reason") or {}).get("code") in ASK_AGAIN


async def _sure(connection: AsyncConnection, interview_id: str) -> Interview:
    found = await load(connection, interviews.c.id == interview_id)
    if found is None:  # its row is ours until the transaction ends
        raise errors.NotFound
    return found
