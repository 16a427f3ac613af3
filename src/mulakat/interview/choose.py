"""Which question comes next, and why: pure, and the same for the same seed.

The first opens gently, the last closes. In between a follow-up comes where the answer left a
gap that the question asks after; else the category of which least is known or which was
weakest, a step harder after strong answers and easier after weak ones. No question comes twice
to one person while the field and the general questions have others.
"""

import hashlib
from collections.abc import Sequence
from math import sqrt

from mulakat.interview.bank import LEVELS
from mulakat.interview.values import Candidate, Choice, Standing

OPENING = ("motivation", "experience")
CLOSING = "closing"

CLOSES_FROM = 3
"""Questions from which on the last one is kept for closing."""

STRONG, WEAK = 75, 45
"""Scores from which the next question is a step harder, and below which a step easier; the
evaluation calls answers from 75 on complete and below 45 thin or weak."""

PRIOR = 60
"""What a category is taken to be worth before it was asked; counts as one answer."""

UNKNOWN = 0.6
"""What knowing nothing of a category counts against having answered weakly in it: with it, one
is asked again before the others are only after a score below 20."""

FIELD_KNOWLEDGE = 0.25
"""What one's own field comes first by: interviewers of a field ask about it early."""

SPECIFIC = 0.15
"""What a question of the field has over a general one."""

CHANCE = 0.1
"""What the seed may change: it decides between near equals only."""

LEVEL_STEP = 0.3
"""What a question loses for each level that it is away from the one that is due."""


def choose(standing: Standing, candidates: Sequence[Candidate]) -> Choice | None:
    """Return the next question, or None where all have been asked in this interview.

    `candidates` are those of the field, the general ones and those from documents. There are at
    most (total - 1) // 3 follow-ups in an interview, one to a question, none in the last place.
    """
    if found := _follow_up(standing, candidates):
        return found
    here = {one.question_id for one in standing.said}
    left = [one for one in candidates if one.id not in here]
    if found := _from_document(standing, left):
        return found
    rank = {question: place for place, question in enumerate(standing.asked)}
    left = [one for one in left if not one.from_document]
    fresh = [one for one in left if one.id not in rank]
    pool, code = _due(standing, fresh or left)
    if not pool:
        return None
    if not fresh:
        oldest = min(pool, key=lambda one: (_beyond(standing, one), rank[one.id]))
        return Choice(oldest, "again", {"category": oldest.category})
    return _best(standing, pool, code)


def _follow_up(standing: Standing, candidates: Sequence[Candidate]) -> Choice | None:
    """Return the follow-up to the last answer for its gravest gap that has one."""
    if not standing.said or len(standing.said) >= standing.total - 1:
        return None
    last = standing.said[-1]
    so_far = sum(one.follow_up is not None for one in standing.said)
    if last.follow_up or last.score is None or so_far >= (standing.total - 1) // 3:
        return None
    asked = next((one for one in candidates if one.id == last.question_id), None)
    if asked is None:
        return None  # its document was deleted, or the bank is another by now
    for gap in standing.gaps:
        for one in asked.follow_ups:
            if one.when == gap and (one.point is None or one.point in standing.missing):
                return Choice(asked, f"follow_up_{gap}", {}, one)
    return None


def _from_document(standing: Standing, left: Sequence[Candidate]) -> Choice | None:
    """Return a question from a document where one is due: about each third, not at the ends."""
    done = len(standing.said)
    so_far = sum(one.from_document for one in standing.said)
    if not 0 < done < standing.total - 1 or 3 * so_far >= done:
        return None
    asked = set(standing.asked)
    offered = [one for one in left if one.from_document]
    pool = [one for one in offered if one.id not in asked]
    if not pool:
        return None
    best = max(pool, key=lambda one: _value(standing, one))
    reason = dict(best.reason or {})
    return Choice(best, str(reason["code"]), dict(reason.get("params", {})))


def _due(standing: Standing, pool: list[Candidate]) -> tuple[list[Candidate], str]:
    """Return the questions that fit this place, and why; all where none does."""
    place = len(standing.said) + 1
    if place == 1:
        due, code = [one for one in pool if one.category in OPENING], "opening"
    elif place == standing.total >= CLOSES_FROM:
        due, code = [one for one in pool if one.category == CLOSING], "closing"
    else:
        due, code = [one for one in pool if one.category != CLOSING], ""
    return (due, code) if due else (pool, "")


def _best(standing: Standing, pool: list[Candidate], code: str) -> Choice:
    best = min(pool, key=lambda one: (_beyond(standing, one), -_value(standing, one)))
    params: dict[str, str] = {"category": best.category}
    if not code:
        known = any(one.category == best.category for one in standing.said)
        code = "weak_category" if known else "new_category"
        step = LEVELS.index(best.level) - LEVELS.index(standing.level)
        wanted = _target(standing) - LEVELS.index(standing.level)
        if step * wanted > 0:
            params["step"] = "harder" if step > 0 else "easier"
    return Choice(best, code, params)


def _value(standing: Standing, one: Candidate) -> float:
    """Return how much asking this would tell; between -1 and 2."""
    alike = [said for said in standing.said if said.category == one.category]
    scores = [said.score for said in alike if said.score is not None]
    weakness = 1 - (PRIOR + sum(scores)) / (1 + len(scores)) / 100
    value = weakness + UNKNOWN / sqrt(1 + len(alike))
    if one.category == "field_knowledge":
        value += FIELD_KNOWLEDGE
    if not one.general:
        value += SPECIFIC
    value -= LEVEL_STEP * abs(LEVELS.index(one.level) - _target(standing))
    return value + CHANCE * _chance(standing, one)


def _target(standing: Standing) -> int:
    """Return the level that is due: the chosen one, or a step from it."""
    chosen = at = LEVELS.index(standing.level)
    for said in standing.said:
        if said.score is not None:
            step = 1 if said.score >= STRONG else -1 if said.score < WEAK else 0
            at = max(chosen - 1, min(chosen + 1, at + step))
    return max(0, min(len(LEVELS) - 1, at))


def _beyond(standing: Standing, one: Candidate) -> int:
    """Return how many levels a question lies outside the chosen one and its neighbours."""
    return max(0, abs(LEVELS.index(one.level) - LEVELS.index(standing.level)) - 1)


def _chance(standing: Standing, one: Candidate) -> float:
    text = f"{standing.seed} {len(standing.said)} {one.id}"
    return hashlib.sha256(text.encode()).digest()[0] / 255
