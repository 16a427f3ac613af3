"""Progress over weeks, and two attempts at one question side by side.

Scores of different engines are not compared: a new rubric or model begins a new line. A change is
told only where it is larger than what telling the same answer again would make (noise.py).
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from statistics import fmean
from typing import Any

from mulakat.interview.noise import changed, interval
from mulakat.languages import say
from mulakat.store.history import Told

STRETCH = 5
"""Answers of the latest stretch and of the one before: about one interview."""

MOMENT = "%Y-%m-%dT%H:%M:%SZ"

LEAST = 2
"""Answers that a stretch needs to be compared."""


def progress(told: Sequence[Told], reader: str) -> dict[str, Any]:
    """Return the lines of the overall score, of each criterion and each category, over time.

    `told`: finished answers, the oldest first. Each line has its points, the mean of its latest
    stretch with its interval, and `change` against the stretch before, or None.
    """
    scored = [one for one in told if (one.result or {}).get("score") is not None]
    now = stamp(scored[-1]) if scored else None
    same = [one for one in scored if stamp(one) == now]
    criteria: dict[str, list[tuple[Told, float]]] = {}
    for one in same:
        for found in (one.result or {}).get("criteria") or ():
            criteria.setdefault(found["key"], []).append((one, found["score"]))
    categories: dict[str, list[tuple[Told, float]]] = {}
    for one in same:
        if one.category:
            categories.setdefault(one.category, []).append((one, _score(one)))
    return {
        "engine": now,
        "answers": len(same),
        "other_engines": len(scored) - len(same),
        "not_scored": len(told) - len(scored),
        "overall": _line([(one, _score(one)) for one in same], "score"),
        "criteria": [
            {"key": key, "name": say(reader, f"criterion.{key}")} | _line(points, key)
            for key, points in criteria.items()
        ],
        "categories": [
            {"key": key, "name": say(reader, f"interview.category.{key}")} | _line(points, "score")
            for key, points in categories.items()
        ],
    }


def compare(first: Told, second: Told, reader: str) -> dict[str, Any]:
    """Return what differs between two answers to one question, the second against the first.

    `comparable` is False where what judged differs: then scores are not set side by side.
    """
    one, two = first.result or {}, second.result or {}
    comparable = _rated(first) == _rated(second)
    gaps_before, gaps_after = set(one.get("gaps") or ()), set(two.get("gaps") or ())
    return {
        "question_id": second.question_id,
        "question": second.question,
        "comparable": comparable,
        "attempts": [attempt(first), attempt(second)],
        "score": _difference(one.get("score"), two.get("score"), "score") if comparable else None,
        "criteria": list(_criteria(one, two, reader)) if comparable else [],
        "points": list(_points(one, two)),
        "gaps": {
            "gone": _named(gaps_before - gaps_after, reader),
            "new": _named(gaps_after - gaps_before, reader),
        },
        "delivery": list(_delivery(one, two)),
    }


def attempt(told: Told) -> dict[str, Any]:
    """Return one attempt at a question as it stands in a list."""
    result = told.result or {}
    return {
        "answer_id": told.id,
        "at": told.created_at.strftime(MOMENT),
        "interview_id": told.interview_id,
        "score": result.get("score"),
        "engine": result.get("engine"),
        "strip": result.get("strip"),
    }


def asked_for(told: Told) -> tuple[str, str | None]:
    """Return what two attempts have in common: the question, and what a follow-up asks for."""
    if told.question_id is None:
        return told.question, None
    return told.question_id, told.question if told.follow_up else None


RATED = ("evaluator", "embedder", "fallback")
"""Of a result's engine: what judged the text."""

HEARD = ("transcriber", "transcriber_fallback")
"""What it was heard with. A typed answer has no transcriber, so typed and spoken ones are told
apart, too: only one of them is judged by its delivery."""


def stamp(told: Told) -> dict[str, Any]:
    """Return what a score was made with; only equal ones are in one line over time."""
    engine = (told.result or {}).get("engine") or {}
    return {key: engine.get(key) for key in (*RATED, *HEARD)} | {"language": told.language}


def _rated(told: Told) -> list[Any]:
    """Return what two attempts must have in common to be set side by side: there both texts are
    seen, so that one of them may have been typed.
    """
    engine = (told.result or {}).get("engine") or {}
    return [*(engine.get(key) for key in RATED), told.language]


def _score(told: Told) -> float:
    return float((told.result or {})["score"])


def _line(points: Sequence[tuple[Told, float]], key: str) -> dict[str, Any]:
    scores = [score for _, score in points]
    latest, before = scores[-STRETCH:], scores[-2 * STRETCH : -STRETCH]
    found = interval(latest, key)
    change = None
    if len(before) >= LEAST and len(latest) >= LEAST:
        change = changed(before, latest, key)
    return {
        "points": [
            {"answer_id": told.id, "at": told.created_at.strftime(MOMENT), "score": score}
            for told, score in points
        ],
        "latest": None
        if found is None
        else {"score": round(found.value), "low": round(found.low), "high": round(found.high)},
        "before": round(fmean(before)) if before else None,
        "change": None if change is None else round(change),
    }  # fmt: skip


def _difference(before: float | None, after: float | None, key: str) -> dict[str, Any] | None:
    if before is None or after is None:
        return None
    return {
        "before": before,
        "after": after,
        "difference": after - before,
        "within_noise": changed([before], [after], key) is None,
    }


def _named(gaps: Set[str], reader: str) -> list[dict[str, str]]:
    return [{"key": key, "name": say(reader, f"interview.trigger.{key}")} for key in sorted(gaps)]


def _criteria(
    one: Mapping[str, Any], two: Mapping[str, Any], reader: str
) -> Iterator[dict[str, Any]]:
    before = {found["key"]: found["score"] for found in one.get("criteria") or ()}
    for found in two.get("criteria") or ():
        key = found["key"]
        if difference := _difference(before.get(key), found["score"], key):
            yield {"key": key, "name": say(reader, f"criterion.{key}")} | difference


def _points(one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the key points whose state changed: appeared, vanished, or otherwise."""
    before = {point["text"]: point["state"] for point in one.get("points") or ()}
    for point in two.get("points") or ():
        was = before.get(point["text"])
        if was and was != point["state"]:
            appeared, vanished = was == "missing", point["state"] == "missing"
            what = "appeared" if appeared else "vanished" if vanished else "changed"
            yield {"text": point["text"], "before": was, "after": point["state"], "what": what}


def _delivery(one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    first, second = one.get("delivery"), two.get("delivery")
    if not first or not second:
        return
    for name, before, after in (
        ("words_per_minute", first.get("words_per_minute"), second.get("words_per_minute")),
        ("pauses", first["pauses"]["count"], second["pauses"]["count"]),
        ("pause_longest", first["pauses"]["longest"], second["pauses"]["longest"]),
        ("fillers", first["fillers"]["count"], second["fillers"]["count"]),
    ):
        if before is not None and after is not None:
            yield {"measure": name, "before": before, "after": after}
