"""What somebody practised in the past, as rows: answers alone and interviews, as they are kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat.store.engine import writing
from mulakat.store.tables import answers, interviews, turns
from people import OWNER

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)

SAID = '<script>alert("x")</script> & *Ağrı* café 日本'

QUESTION = "Why <b>this</b> work?"

STRIP = {"envelope": [10, 90, 0, 40] * 30, "step": 0.5, "seconds": 60.0}

DELIVERY = {
    "words_per_minute": 128.0, "speech_ratio": 0.8, "norms": {},
    "pauses": {"count": 4, "longest": 1.2, "per_minute": 9.0, "longer": [[3.0, 4.5]]},
    "fillers": {"count": 2, "per_minute": 3.0, "items": []},
}  # fmt: skip


def result(score: int | None, evaluator: str = "rubric", **more: Any) -> dict[str, Any]:
    """Return a spoken answer's result; without a score, one that could not be scored."""
    return {
        "score": score, "scored": score is not None, "transcribed_text": SAID, "words": [],
        "reason": None if score is not None else {"code": "low_confidence", "detail": "Unheard."},
        "criteria": [
            {"key": key, "name": key, "score": score, "weight": 0.5, "evidence": [], "advice": "A."}
            for key in ("relevance", "structure") if score is not None
        ],
        "points": [{"text": "How it ended", "state": "missing", "evidence": None}],
        "gaps": ["no_number"], "improvements": [], "strengths": [],
        "delivery": DELIVERY, "strip": STRIP,
        "engine": {"evaluator": evaluator, "embedder": "e"},
    } | more  # fmt: skip


async def answered(
    engine: AsyncEngine,
    id_: str,
    score: int | None = 60,
    *,
    owner: str | None = OWNER,
    at: datetime = NOON,
    state: str = "done",
    evaluator: str = "rubric",
    found: dict[str, Any] | None = None,
    **row: Any,
) -> None:
    """Add an answer; `found` changes its result, `row` its columns."""
    ended = state in {"done", "failed"}
    values = {
        "id": id_, "owner": owner, "state": state, "attempts": 1, "token": 1, "request_id": "r",
        "question": QUESTION, "question_id": "q1", "language": "en", "reader": "en",
        "additional_text": "", "typed_text": "t", "body_hash": "b", "created_at": at,
        "started_at": at if state != "queued" else None, "finished_at": at if ended else None,
        "error_code": "audio_broken" if state == "failed" else None,
        "result": result(score, evaluator, **found or {}) if state == "done" else None,
        "worker": "w" if state == "running" else None,
        "lease_until": at if state == "running" else None,
    }  # fmt: skip
    async with writing(engine) as connection:
        await connection.execute(insert(answers).values(values | row))


async def interviewed(
    engine: AsyncEngine,
    id_: str,
    *scores: int | None,
    owner: str = OWNER,
    at: datetime = NOON,
    state: str = "completed",
    questions: int = 3,
) -> None:
    """Add an interview with an answer for each score, `<id>-1` on; an open one asks another."""
    over = state in {"completed", "abandoned", "cleared"}
    asked = len(scores) + (0 if over else 1)
    async with writing(engine) as connection:
        await connection.execute(
            insert(interviews).values(
                id=id_, account_id=owner, state=state, field="general", level="mid",
                language="en", total_questions=questions, created_at=at, moved_at=at,
                finished_at=at if over else None,
            )
        )  # fmt: skip
        for number in range(1, asked + 1):
            await connection.execute(
                insert(turns).values(
                    id=f"{id_}-t{number}", interview_id=id_, number=number, question_id="q1",
                    category="ethics", level="mid", text=QUESTION, guide={}, asked_at=at,
                    reason={"code": "opening", "params": {}},
                )
            )  # fmt: skip
    for number, score in enumerate(scores, 1):
        later = at + timedelta(minutes=number)
        await answered(
            engine, f"{id_}-{number}", score, owner=owner, at=later, turn_id=f"{id_}-t{number}"
        )
