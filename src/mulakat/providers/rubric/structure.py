"""Structure: situation, task, action, result in order; or point, reason, example, upshot."""

from dataclasses import replace

from mulakat.languages.matching import find
from mulakat.providers.rubric import coverage
from mulakat.providers.rubric.reading import Judged, Reading, between, judged

ENOUGH_CONNECTIVES = 4
"""Different ones; more are not better (estimate)."""

ENOUGH_SENTENCES = 6
"""An order needs parts: below this the structure counts for less (estimate)."""


def judge(reading: Reading) -> Judged:
    """Judge a story by its parts and their order, any other answer by its argument."""
    story = "situation" in coverage.wanted(reading)
    verdict = _story(reading) if story else _argument(reading)
    parts = 0.7 + 0.3 * between(len(reading.sentences), 2, ENOUGH_SENTENCES)
    return replace(verdict, share=verdict.share * parts)


def _connected(reading: Reading) -> float:
    kinds = {
        tuple(token.folded for token in one.tokens[found.first : found.after])
        for one in reading.sentences
        for found in find(reading.language, "connectives", one.tokens)
    }
    return min(1.0, len(kinds) / ENOUGH_CONNECTIVES)


def _story(reading: Reading) -> Judged:
    sentences = reading.sentences
    situation = [i for i, one in enumerate(sentences) if reading.marks("situation", one)]
    task = [i for i, one in enumerate(sentences) if reading.marks("task", one)]
    own = [i for i, one in enumerate(sentences) if reading.marks("own_action", one)]
    result = [i for i, one in enumerate(sentences) if reading.marks("result", one)]
    begin = (situation or task or [len(sentences)])[0]
    end = result[-1] if result else -1
    # Each part is best told in a sentence of its own: a story in one breath has no order.
    ordered = begin <= (own or [-1])[0] <= end and begin < end
    connected = _connected(reading)
    value = (
        0.2 * bool(situation)
        + 0.1 * bool(task)
        + 0.2 * min(1.0, len(own) / 2)
        + 0.2 * bool(result)
        + 0.15 * ordered
        + 0.15 * connected
    )
    if not situation and not task:
        advice = "no_situation"
    elif not own:
        advice = "no_action"
    elif not result:
        advice = "no_result"
    elif not ordered:
        advice = "order"
    else:
        advice = "good" if connected > 0.5 else "connectives"
    places = sorted({places[0] for places in (situation, own) if places} | set(result[-1:]))
    return judged(value, [sentences[i] for i in places], advice)


def _argument(reading: Reading) -> Judged:
    reason = reading.marked("reason")
    example = [
        one
        for one in reading.sentences
        if reading.marks("example", one) or reading.marks("situation", one)
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
