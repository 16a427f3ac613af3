"""An answer's result as its page shows it: everything in its place, beside the words it is about.

Pure: the stored result and its reader's language in, values for the template out. Parts that an
older result lacks are empty.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mulakat.interview import corrected, strip
from mulakat.interview.measures import measured
from mulakat.interview.scores import rated
from mulakat.interview.transcript import Line, line_of, lines
from mulakat.languages import messages, say

MOST_ADVICE = 3
"""More than three things at once is none (design)."""

MOST_STRENGTHS = 2

CARRIED = frozenset({"solid", "fair"})
"""Words for a score that a sentence may be said to have earned."""

ENGINE = ("transcriber", "evaluator", "embedder", "model", "version")
"""What made a result, as far as its page tells."""


def shown_result(result: Mapping[str, Any], reader: str) -> dict[str, Any]:
    """Return what the page of a finished answer shows.

    `lines` are the sentences, `notes` by a sentence's number what is said about it: `advice` and
    the criteria it is `evidence` for. `line` in other parts is such a number, or None.
    `line_numbers` lead from a word that was heard to its sentence.
    """
    told = lines(result)
    scores = rated(result, reader)
    advice = list(_advice(told, result, reader))
    advised = {item["name"] for item in advice}
    criteria = [
        one
        | {
            "quotes": [_placed(told, quote) for quote in one["quotes"]],
            # What is advised above is not said again, nor what is well already.
            "advice": None if one["band"] == "solid" or one["name"] in advised else one["advice"],
        }
        for one in scores["criteria"]
    ]
    engine = result.get("engine") or {}
    return {
        "drawn": strip.drawing(result),
        "lines": told,
        "line_numbers": {
            token.index: line.number
            for line in told
            for token in line.tokens
            if token.index is not None
        },
        "notes": _notes(told, criteria, advice),
        "overall": scores["overall"],
        "criteria": criteria if scores["overall"] else [],
        "reason": _reason(result, reader),
        "story": _story(result),
        "advice": advice,
        "strengths": (result.get("strengths") or [])[:MOST_STRENGTHS],
        "points": [
            {"text": one["text"], "state": one["state"], "quote": None, "line": None}
            | _placed(told, one.get("evidence") or {})
            for one in result.get("points") or ()
        ],
        "measures": measured(result.get("delivery"), reader),
        "level": [
            say(reader, f"level.{one['code']}")
            for one in (result.get("delivery") or {}).get("level") or ()
        ],
        "model_answer": result.get("model_answer"),
        "engine": {key: engine.get(key) for key in ENGINE},
        "fallbacks": [
            one
            for one in (
                engine.get("transcriber_fallback_text") or engine.get("transcriber_fallback"),
                engine.get("fallback_text") or engine.get("fallback"),
            )
            if one
        ],
        "unsure": bool(corrected.unsure(result)),
        "corrections": corrected.made(result),
        "cost": cost(result, reader),
        "redacted": bool(result.get("redacted")),
    }


def cost(result: Mapping[str, Any], reader: str) -> dict[str, Any] | None:
    """Return what a correction changed: a sentence, and the criteria whose score moved."""
    correction = result.get("correction")
    if not correction:
        return None
    before, after = correction["heard"]["score"], result.get("score")
    if after is None:
        return {"sentence": _reason(result, reader), "criteria": []}
    if before is None:
        return {"sentence": say(reader, "result.cost_unscored", after=after), "criteria": []}
    found = correction.get("cost")
    if found is None:
        return {"sentence": say(reader, "result.cost_unknown", after=after), "criteria": []}
    points = after - before
    key = "result.cost_none"
    if points:
        key = "result.cost" if points > 0 else "result.cost_gain"
    told = say(reader, key, before=before, after=after)
    names = {one["key"]: say(reader, f"criterion.{one['key']}") for one in result["criteria"]}
    return {
        "sentence": told,
        "criteria": [
            say(
                reader,
                "result.cost_of",
                name=names[each],
                difference=f"{moved:+d}".replace("-", "−"),
            )
            for each, moved in (found.get("criteria") or {}).items()
            if moved and each in names
        ],
    }


def _reason(result: Mapping[str, Any], reader: str) -> str:
    """Return why nothing was scored: in the reader's language, where it is still known."""
    reason = result.get("reason") or {}
    known = messages(reader)["gate"]
    if reason.get("code") in known:
        return str(known[reason["code"]])
    return str(reason.get("detail") or result.get("evaluation") or "")


def changes(line: Mapping[int, str], said: str) -> dict[int, str]:
    """Return what a sentence set right changes: by a word's index, what was said there.

    `line` are the words of the sentence as they are shown, by index, in order. Words that stayed
    keep their place; what came between them stands with the word before it.
    """
    old = [(index, word) for index, text in line.items() for word in text.split()]
    new = said.split()
    if not old:
        return {next(iter(line)): " ".join(new)} if line and new else {}
    after: dict[int, list[str]] = {index: [] for index in line}
    for kind, first, last, to_first, to_last in _opcodes([word for _, word in old], new):
        come = new[to_first:to_last]
        places = [index for index, _ in old[first:last]]
        if kind == "insert":
            after[old[max(0, first - 1)][0]] += come
            continue
        for at, index in enumerate(places):
            after[index] += come[at:] if at == len(places) - 1 else come[at : at + 1]
    joined = {index: " ".join(words) for index, words in after.items()}
    return {index: text for index, text in joined.items() if text != line[index]}


def _opcodes(old: list[str], new: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    from difflib import SequenceMatcher  # 0.2 MB that only a correction needs

    yield from SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _placed(told: Sequence[Line], quote: Mapping[str, Any]) -> dict[str, Any]:
    text = quote.get("quote")
    if not text:
        return {}
    line = line_of(told, text, quote.get("start"), quote.get("end"))
    return {"quote": text, "line": line.number if line else None}


def _advice(
    told: Sequence[Line], result: Mapping[str, Any], reader: str
) -> Iterator[dict[str, Any]]:
    found = result.get("advice")
    if found is None or result.get("redacted"):  # of an older result, or without its places
        plain = (result.get("improvements") or ())[:MOST_ADVICE]
        for number, text in enumerate(plain, 1):
            yield {"number": number, "text": text, "name": "", "gain": 0, "line": None}
        return
    for number, one in enumerate(found[:MOST_ADVICE], 1):
        place = _placed(told, one)
        yield {
            "number": number,
            "text": one["text"],
            "name": say(reader, f"criterion.{one['criterion']}"),
            "gain": one.get("gain") or 0,
            "quote": place.get("quote"),
            "start": one.get("start"),
            "line": place.get("line"),
        }


def _notes(
    told: Sequence[Line],
    criteria: Sequence[Mapping[str, Any]],
    advice: Sequence[Mapping[str, Any]],
) -> dict[int, dict[str, list[Any]]]:
    notes: dict[int, dict[str, list[Any]]] = {
        line.number: {"advice": [], "evidence": []} for line in told
    }
    for one in advice:
        if one["line"]:
            notes[one["line"]]["advice"].append(one)
    for one in criteria:
        if one["band"] not in CARRIED:
            continue
        for number in dict.fromkeys(quote["line"] for quote in one["quotes"] if quote["line"]):
            notes[number]["evidence"].append(one)
    return {number: note for number, note in notes.items() if note["advice"] or note["evidence"]}


def _story(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the parts of the story with their state; none where the answer tells no story."""
    story = [{"part": one["part"], "state": one["state"]} for one in result.get("story") or ()]
    return story if any(one["state"] == "found" for one in story) else []
