"""What going through an interview needs, whether a program or a page asks for it."""

import hashlib

from fastapi import Request

from mulakat import errors, intake
from mulakat.store.accounts import Account
from mulakat.store.interview_values import Interview, allowed
from mulakat.store.values import Accepted
from mulakat.web import answering
from mulakat.web.identity import who
from mulakat.web.state import Parts

WAITING = frozenset({"created", "evaluating"})
"""States in which an interview may be further than its row says."""


async def look(here: Parts, interview_id: str, account: Account) -> Interview:
    """Return an interview of the account, what its last answer brought taken in.

    Raises NotFound.
    """
    found = await here.interviews.get(interview_id, account.id)
    if found and found.state in WAITING:
        # Whether we move it or somebody else just did, it is to be seen as it is now.
        await here.interviews.advance(found.id)
        found = await here.interviews.get(interview_id, account.id)
    if found is None:
        raise errors.NotFound
    return found


async def take(
    request: Request,
    here: Parts,
    account: Account,
    interview: Interview,
    submission: intake.Submission,
) -> Accepted:
    """Accept the answer to the open question, or to the one that the submission names.

    Raises IllegalMove where that one is not open, and what `answering.accept` raises.
    """
    number = submission.question_index or len(interview.turns)
    turn = next((one for one in interview.turns if one.number == number), None)
    if turn is None:
        raise errors.IllegalMove(interview.state, allowed(interview.state))
    new = answering.new_answer(
        request,
        await who(request),
        submission,
        await submission.store_audio(),
        question=turn.text,
        language=interview.language,
        # The interview may be named by the path alone; a key must not serve two of them.
        body_hash=hashlib.sha256(f"{interview.id} {submission.body_hash}".encode()).hexdigest(),
        turn_id=turn.id,
        question_id=turn.question_id,
        guide=turn.guide,
    )
    move = here.interviews.submitting(interview.id, account.id, number)
    return await answering.accept(here, new, move)
