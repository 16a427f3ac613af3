"""What tests of an interview's life begin with: one to start, a result, and a look at it."""

from typing import Any

from mulakat.store.interview_values import Interview, NewInterview
from mulakat.store.interviews import Interviews
from people import OWNER

NEW = NewInterview(
    account_id=OWNER, field="software", level="mid", language="en", total_questions=4
)

RESULT: dict[str, Any] = {"score": 60, "scored": True, "delivery": None}


async def whole(interviews: Interviews, interview_id: str) -> Interview:
    """Return the owner's interview with its turns."""
    found = await interviews.get(interview_id, OWNER)
    assert found
    return found
