"""What a reader is told of an interview, from its stored rows: why a question, and how it went."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from mulakat.languages import say
from mulakat.store.interview_values import Interview, Turn

SPREAD = 10
"""Points between the best and the weakest answer from which both are worth naming."""


def why(reader: str, reason: Mapping[str, Any]) -> str:
    """Return the sentence that says why a question is asked."""
    params = dict(reason.get("params") or {})
    step = params.pop("step", None)
    if "category" in params:
        params["category"] = say(reader, f"interview.category.{params['category']}")
    sentence = say(reader, f"why.{reason['code']}", **params)
    return f"{sentence} {say(reader, f'why.{step}')}" if step else sentence


def final(reader: str, interview: Interview) -> str:
    """Return the plain text at the end: how many answers, their mean, the best and the weakest."""
    scored = _scored(interview)
    lines = [
        say(
            reader,
            "interview.final.answered",
            answered=interview.answered,
            asked=len(interview.turns),
        )
    ]
    if not scored:
        return "\n".join([*lines, say(reader, "interview.final.not_scored")])
    lines.append(say(reader, "interview.final.score", score=mean_score(interview)))
    best, weakest = max(scored, key=_score), min(scored, key=_score)
    if _score(best) - _score(weakest) >= SPREAD:
        for key, turn in (("best", best), ("weakest", weakest)):
            lines.append(
                say(reader, f"interview.final.{key}", question=turn.text, score=_score(turn))
            )
    return "\n".join(lines)


def mean_score(interview: Interview) -> int | None:
    """Return the mean of the scored answers, 0–100, or None without one."""
    scores = [_score(one) for one in _scored(interview)]
    return round(fmean(scores)) if scores else None


def _scored(interview: Interview) -> list[Turn]:
    return [one for one in interview.turns if one.score is not None and not one.skipped_at]


def _score(turn: Turn) -> int:
    return turn.score or 0
