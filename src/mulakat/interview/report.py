"""The report of an interview, made from stored results each time it is asked for.

Pure: rows in, a JSON document out. Nothing of it is stored, so nothing is lost when making it
fails, and it can be asked for while the interview is still going on.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from statistics import fmean
from typing import Any

from mulakat.interview.bank import LEVELS, Bank, Question
from mulakat.interview.choose import CLOSING
from mulakat.interview.chooser import GENERAL
from mulakat.interview.noise import Interval, interval
from mulakat.interview.scores import shown
from mulakat.interview.sentences import final, why
from mulakat.languages import say
from mulakat.store.history import Told
from mulakat.store.interview_values import ACTIVE, Interview, Turn

PRACTISE = 3
"""Things to practise next; more than three is none (design)."""

SUGGESTED = 2
"""Questions to each of them."""

MEASURES = ("words_per_minute", "pauses_per_minute", "fillers_per_minute", "speech_ratio")


def report(
    interview: Interview,
    answers: Mapping[str, Told],
    bank: Bank,
    reader: str,
    asked: Set[str] = frozenset(),
) -> dict[str, Any]:
    """Return the report; `answers` are those of the turns, by the turns' ids.

    `asked` are the questions of the account's other interviews: they are not suggested again.
    Scores are 0–100 with the interval that holds 90 of 100 (interview/noise.py), None where
    nothing was scored. Sentences are in the reader's language, quotes as they were said.
    """
    questions = [
        _question(turn, answers.get(turn.id), interview, reader) for turn in interview.turns
    ]
    scored = [
        (turn, answers[turn.id].result or {})
        for turn in interview.turns
        if turn.id in answers and not turn.skipped_at and turn.score is not None
    ]
    criteria = list(_criteria(scored))
    return {
        "id": interview.id,
        "state": interview.state,
        "interest": interview.field,
        "field": field_name(bank, interview.field, reader),
        "level": interview.level,
        "language": interview.language,
        "start_time": _moment(interview.created_at),
        "end_time": _moment(interview.finished_at),
        "total_questions": interview.total_questions,
        "total_answers": interview.answered,
        "score": shown(interval([turn.score or 0 for turn, _ in scored]), reader),
        "criteria": [
            {"key": key, "name": say(reader, f"criterion.{key}"), "answers": count}
            | (shown(found, reader) or {})
            for key, found, count in criteria
        ],
        "strongest": _quote(scored, reader, best=True),
        "weakest": _quote(scored, reader, best=False),
        "delivery": _delivery(scored),
        "questions": questions,
        "practise": _practise(interview, scored, criteria, _left(interview, bank, asked), reader),
        "final_evaluation": final(reader, interview),
        "so_far": interview.state in ACTIVE,
    }


def field_name(bank: Bank, field: str, reader: str) -> str:
    """Return a field's name in the reader's language, or its key where the bank has it no more."""
    language = reader if reader in bank.languages else bank.languages[0]
    return next((one.name for one in bank.fields(language) if one.key == field), field)


def _question(turn: Turn, told: Told | None, interview: Interview, reader: str) -> dict[str, Any]:
    result = (told.result if told else None) or {}
    status = _status(turn, told, interview)
    reason = None
    if status == "not_scored":
        reason = (result.get("reason") or {}).get("detail")
    elif status == "failed" and told and told.error_code:
        reason = say(reader, f"error_title.{told.error_code}")
    return {
        "question_index": turn.number,
        "question_id": turn.question_id,
        "question": turn.text,
        "category": say(reader, f"interview.category.{turn.category}"),
        "why": why(reader, turn.reason),
        "follow_up": turn.follow_up,
        "answer_id": told.id if told else None,
        "status": status,
        "reason": reason,
        "score": shown(interval([turn.score]), reader) if turn.score is not None else None,
        "transcript": result.get("transcribed_text"),
        "redacted": bool(told and told.redacted_at),
        "points": result.get("points") or [],
        "strengths": result.get("strengths") or [],
        "improvements": result.get("improvements") or [],
        "engine": result.get("engine"),
        "model_answer": None if turn.follow_up else turn.guide.get("example"),
    }


def _status(turn: Turn, told: Told | None, interview: Interview) -> str:
    if turn.skipped_at:
        return "skipped"
    if told is None or told.state in {"queued", "running"}:
        return "open" if interview.state in ACTIVE else "unanswered"
    if told.state == "failed":
        return "failed"
    return "not_scored" if turn.score is None else "scored"


def _criteria(
    scored: Sequence[tuple[Turn, Mapping[str, Any]]],
) -> Iterator[tuple[str, Interval, int]]:
    """Yield each criterion with its mean and how many answers it was judged in, in order."""
    found: dict[str, list[float]] = {}
    for _, result in scored:
        for one in result.get("criteria") or ():
            found.setdefault(one["key"], []).append(one["score"])
    for key, scores in found.items():
        mean = interval(scores, key)
        if mean:
            yield key, mean, len(scores)


def _quote(
    scored: Sequence[tuple[Turn, Mapping[str, Any]]], reader: str, *, best: bool
) -> dict[str, Any] | None:
    """Return the quote of the criterion that was judged best, or worst, of all that have one."""
    candidates = [
        (one["score"], turn.number, one, evidence)
        for turn, result in scored
        for one in result.get("criteria") or ()
        for evidence in one.get("evidence") or ()
        if evidence.get("quote")
    ]
    if not candidates:
        return None
    pick = max if best else min
    score, number, one, evidence = pick(candidates, key=lambda c: (c[0], -c[1] if best else c[1]))
    return {
        "quote": evidence["quote"],
        "question_index": number,
        "criterion": say(reader, f"criterion.{one['key']}"),
        "score": score,
        "advice": one["advice"],
    }


def _delivery(scored: Sequence[tuple[Turn, Mapping[str, Any]]]) -> dict[str, Any] | None:
    """Return the measures of each spoken answer and their means; None where all was typed."""
    spoken = [
        (turn.number, result["delivery"]) for turn, result in scored if result.get("delivery")
    ]
    if not spoken:
        return None
    rows: list[dict[str, Any]] = [
        {"question_index": number} | {name: _measure(found, name) for name in MEASURES}
        for number, found in spoken
    ]
    means = {}
    for name in MEASURES:
        there = [float(row[name]) for row in rows if isinstance(row[name], int | float)]
        means[name] = round(fmean(there), 2) if there else None
    return {"mean": means, "questions": rows, "norms": spoken[-1][1].get("norms") or {}}


def _measure(found: Mapping[str, Any], name: str) -> float | None:
    group, _, rest = name.partition("_")
    part = found.get(group)
    value = part.get(rest) if isinstance(part, Mapping) else found.get(name)
    return value if isinstance(value, int | float) else None


def _practise(
    interview: Interview,
    scored: Sequence[tuple[Turn, Mapping[str, Any]]],
    criteria: Sequence[tuple[str, Interval, int]],
    left: Sequence[Question],
    reader: str,
) -> list[dict[str, Any]]:
    """Return what to practise next: the lowest criteria, each with its advice and questions."""
    weak = sorted({turn.category for turn, _ in scored}, key=lambda name: _mean(scored, name))
    out = []
    for at, (key, found, _) in enumerate(sorted(criteria, key=lambda c: c[1].value)[:PRACTISE]):
        advice = _advice(scored, key)
        category = weak[at % len(weak)] if weak else None
        chosen = _suggested(left, category, interview.level)
        left = [one for one in left if one not in chosen]
        out.append(
            {
                "criterion": key,
                "name": say(reader, f"criterion.{key}"),
                "score": round(found.value),
                "advice": advice,
                "questions": [{"id": one.id, "text": one.text} for one in chosen],
            }
        )
    return out


def _mean(scored: Sequence[tuple[Turn, Mapping[str, Any]]], category: str) -> float:
    return fmean(turn.score or 0 for turn, _ in scored if turn.category == category)


def _advice(scored: Sequence[tuple[Turn, Mapping[str, Any]]], key: str) -> str | None:
    """Return the advice on a criterion from the answer where it was judged lowest."""
    found = [
        (one["score"], one["advice"])
        for _, result in scored
        for one in result.get("criteria") or ()
        if one["key"] == key
    ]
    return min(found)[1] if found else None


def _left(interview: Interview, bank: Bank, asked: Set[str]) -> list[Question]:
    """Return the questions that may be suggested: not asked yet, of the field and general."""
    if interview.language not in bank.languages:  # the bank is another by now
        return []
    here = {turn.question_id for turn in interview.turns}
    left = [
        one
        for field in dict.fromkeys((interview.field, GENERAL))
        for one in bank.questions(interview.language, field)
        if one.id not in here and one.category != CLOSING
    ]
    return [one for one in left if one.id not in asked] or left


def _suggested(left: Sequence[Question], category: str | None, level: str) -> list[Question]:
    """Return the questions of a category that are nearest to a level, then others."""
    due = LEVELS.index(level)

    def far(one: Question) -> tuple[bool, int]:
        return one.category != category, abs(LEVELS.index(one.level) - due)

    return sorted(left, key=far)[:SUGGESTED]


def _moment(at: Any) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
