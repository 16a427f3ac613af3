"""Interviews as they are served. `said` is whether the server reads questions aloud."""

from datetime import datetime
from typing import Any

from mulakat.interview.sentences import final, mean_score, why
from mulakat.store.interview_values import ACTIVE, Interview, Listed, Turn, allowed
from mulakat.store.values import Answer


def started(interview: Interview, reader: str, said: bool) -> dict[str, Any]:
    """Return what starting gives; the field's question stands in `question`."""
    return {
        "status": "started",
        "session_id": interview.id,
        "interest": interview.field,
        "level": interview.level,
        "language": interview.language,
        **asked(interview, interview.turns[0], reader, said),
    }


def asked(interview: Interview, turn: Turn, reader: str, said: bool) -> dict[str, Any]:
    """Return one question as a client that goes through an interview needs it."""
    return {
        "question": turn.text,
        "question_index": turn.number,
        "total_questions": interview.total_questions,
        "audio_url": _audio_url(interview, turn, said),
        "reason": why(reader, turn.reason),
        "follow_up": turn.follow_up,
        "category": turn.category,
    }


def submitted(
    interview: Interview, turn: Turn, answer: Answer, reader: str, said: bool
) -> dict[str, Any]:
    """Return what came of the answer to a turn, also when the interview is further by now.

    `again` says that the same question is asked once more, as the answer was not understood.
    """
    result = answer.result or {}
    following = next((one for one in interview.turns if one.number == turn.number + 1), None)
    given = {
        "session_id": interview.id,
        "answer_id": answer.id,
        "answer_score": result.get("score"),
        "answer_evaluation": result.get("evaluation"),
        "again": following is None and interview.state in ACTIVE,
    }
    if following is None and interview.state not in ACTIVE:
        return {**given, **completed(interview, reader)}
    return {"status": "continue", **given, **asked(interview, following or turn, reader, said)}


def completed(interview: Interview, reader: str) -> dict[str, Any]:
    """Return the end of an interview; `session_duration` is in seconds."""
    return {
        "status": interview.state,
        "session_id": interview.id,
        "final_evaluation": final(reader, interview),
        "score": mean_score(interview),
        "total_answers": interview.answered,
        "total_questions": interview.total_questions,
        "session_duration": duration(interview),
    }


def active(interview: Interview | None) -> dict[str, Any]:
    """Return whether an interview is going on, and where it stands."""
    return {
        "has_active_session": interview is not None,
        "session_id": interview.id if interview else None,
        "interest": interview.field if interview else None,
        "current_question_index": len(interview.turns) if interview else None,
        "total_questions": interview.total_questions if interview else None,
        "total_answers": interview.answered if interview else None,
        "start_time": moment(interview.created_at) if interview else None,
    }


def whole(
    interview: Interview, progress: dict[str, Any] | None, reader: str, said: bool
) -> dict[str, Any]:
    """Return everything a page needs after a refresh; `progress` is the open answer's."""
    turn = interview.open
    shown = {
        **_head(interview),
        "allowed": list(allowed(interview.state)),
        "open": _turn(turn, reader) | {"audio_url": _audio_url(interview, turn, said)}
        if turn
        else None,
        "turns": [_turn(one, reader) for one in interview.turns],
        "progress": progress,
        "total_answers": interview.answered,
    }
    if interview.state == "completed":
        shown |= {"final_evaluation": final(reader, interview), "score": mean_score(interview)}
    return shown


def listed(one: Listed) -> dict[str, Any]:
    """Return an interview as it stands in a list."""
    return {**_head(one.interview), "total_answers": one.answered}


def duration(interview: Interview) -> int:
    """Return how long an interview took, or was open, in whole seconds."""
    end = interview.finished_at or interview.moved_at
    return max(0, round((end - interview.created_at).total_seconds()))


def _head(interview: Interview) -> dict[str, Any]:
    return {
        "id": interview.id,
        "state": interview.state,
        "interest": interview.field,
        "level": interview.level,
        "language": interview.language,
        "total_questions": interview.total_questions,
        "cv_id": interview.cv_id,
        "posting_id": interview.posting_id,
        "start_time": moment(interview.created_at),
        "end_time": moment(interview.finished_at),
        "session_duration": duration(interview),
    }


def _audio_url(interview: Interview, turn: Turn, said: bool) -> str | None:
    return f"/api/v1/interviews/{interview.id}/turns/{turn.number}/audio" if said else None


def _turn(turn: Turn, reader: str) -> dict[str, Any]:
    thinking = (turn.begun_at - turn.asked_at).total_seconds() if turn.begun_at else None
    return {
        "question_index": turn.number,
        "question_id": turn.question_id,
        "question": turn.text,
        "category": turn.category,
        "level": turn.level,
        "follow_up": turn.follow_up,
        "reason": why(reader, turn.reason),
        "asked_at": moment(turn.asked_at),
        "begun_at": moment(turn.begun_at),
        "thinking_seconds": None if thinking is None else max(0, round(thinking, 1)),
        "skipped": turn.skipped_at is not None,
        "answer_id": turn.answer_id,
        "answer_status": turn.answer_state,
        "score": turn.score,
    }


def moment(at: datetime | None) -> str | None:
    """Return a moment as RFC 3339 has it, in UTC, to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
