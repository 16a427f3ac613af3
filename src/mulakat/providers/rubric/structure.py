"""Structure: situation, task, action, result in order; or point, reason, example, upshot."""

from dataclasses import replace

from mulakat.languages.matching import find
from mulakat.providers.rubric import coverage
from mulakat.providers.rubric.reading import Judged, Reading, between, clamp, judged

ENOUGH_CONNECTIVES = 3
"""Different ones; more are not better (estimate)."""

ENOUGH_SENTENCES = 5
"""An order needs parts: below this the structure counts for less (estimate)."""

FULL = 0.95
"""The sum from which on the structure is full: no good answer has every part (the question bank's
examples have 0.7 to 0.9)."""


def judge(reading: Reading) -> Judged:
    """Judge a story by its parts and their order, any other answer by its argument."""
    story = "situation" in coverage.wanted(reading)
    verdict = _story(reading) if story else _argument(reading)
    parts = 0.7 + 0.3 * between(len(reading.sentences), 2, ENOUGH_SENTENCES)
    return replace(verdict, share=clamp(verdict.share / FULL) * parts)


def _connected(reading: Reading) -> float:
    kinds = {
        tuple(token.folded for token in one.tokens[found.first : found.after])
        for one in reading.sentences
        for found in find(reading.language, "connectives", one.tokens)
    }
    return min(1.0, len(kinds) / ENOUGH_CONNECTIVES)


def _story(reading: Reading) -> Judged:
    sentences, story = reading.sentences, reading.story
    situation, task, own, result = (
        sorted({one.number for one in story[part]})
        for part in ("situation", "task", "action", "result")
    )
    # Who begins with what they did has said what it was about by that.
    begin = (situation or task or own or [len(sentences)])[0]
    end = result[-1] if result else -1
    # Each part is best told in a sentence of its own: a story in one breath has no order.
    ordered = begin <= (own or [-1])[0] <= end and begin < end
    connected = _connected(reading)
    value = (
        0.2 * bool(situation or task)
        + 0.05 * bool(situation and task)
        + 0.25 * max(min(1.0, len(own) / 2), 0.5 * bool(reading.count("team")))
        + 0.2 * bool(result)
        + 0.15 * ordered
        + 0.15 * connected
    )
    at = sentences[0] if sentences else None
    if not situation and not task:
        advice = "no_situation"
    elif not own:
        advice, at = "no_action", sentences[(task or situation)[-1]]
    elif not result:
        advice, at = "no_result", sentences[-1]
    elif not ordered:
        advice = "order"
    else:
        advice = "good" if connected > 0.5 else "connectives"
    places = sorted({places[0] for places in (situation, own) if places} | set(result[-1:]))
    return judged(value, [sentences[i] for i in places], advice, at)


def _argument(reading: Reading) -> Judged:
    reason = reading.marked("reason")
    example = [
        one
        for one in reading.sentences
        if any(reading.marks(key, one) for key in ("example", "situation", "condition", "numbers"))
    ]
    result = reading.marked("result")
    connected = _connected(reading)
    # The first sentence answers, the rest supports.
    point = len(reading.sentences) > 1 and reading.nearness[0] >= max(reading.nearness) / 2
    value = (
        0.2 * point
        + 0.2 * min(1.0, len(reason) / 2)
        + 0.25 * bool(example)
        + 0.15 * bool(result)
        + 0.2 * connected
    )
    if not reason:
        advice = "no_reason"
    elif not example:
        advice = "no_example"
    elif connected < 0.5:
        advice = "connectives"
    else:
        advice = "good"
    chosen = list(dict.fromkeys([*reading.sentences[:1], *reason[:1], *example[:1]]))
    return judged(value, chosen, advice)
