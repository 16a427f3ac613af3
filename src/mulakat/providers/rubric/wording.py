"""What the rubric says as a whole: strengths, improvements, a few sentences."""

from collections.abc import Sequence
from dataclasses import replace

from mulakat.languages import norms, say
from mulakat.providers.values import Advice, Criterion, Material

BANDS = ((80, "strong"), (55, "sound"), (30, "thin"), (0, "weak"))
"""Least score of each band."""

_STRENGTH_FROM = 60


def strengths(reader: str, criteria: Sequence[Criterion]) -> tuple[str, ...]:
    """Return at most two sentences, each with a quote of its own; none where nothing was strong."""
    out: list[str] = []
    quoted: set[str] = set()
    for one in sorted(criteria, key=lambda one: -one.score):
        fresh = [evidence.quote for evidence in one.evidence if evidence.quote not in quoted]
        if one.score >= _STRENGTH_FROM and fresh and len(out) < 2:
            quoted.add(fresh[0])
            out.append(say(reader, f"strength.{one.key}", quote=fresh[0]))
    return tuple(out)


def improvements(reader: str, lacking: Sequence[Criterion]) -> tuple[str, ...]:
    """Return at most three pieces of advice, what would add most to the total first."""
    return tuple(
        say(reader, "improvement.line", name=one.name, advice=one.advice)
        for one in sorted(lacking, key=_lost)[:3]
    )


def advice(criteria: Sequence[Criterion], candidates: Sequence[Advice]) -> tuple[Advice, ...]:
    """Return at most three, those that would raise the total most first, with their gain.

    The gain is what a criterion's score lacks of 100, by its weight; criteria may have been judged
    again since (a language model). Whoever is judged full has nothing to gain.
    """
    lost = {one.key: round(one.weight * (100 - one.score)) for one in criteria}
    told = [replace(one, gain=lost[one.criterion]) for one in candidates if lost[one.criterion]]
    return tuple(sorted(told, key=lambda one: -one.gain)[:3])


def _lost(one: Criterion) -> float:
    return -one.weight * (100 - one.score)


def evaluation(
    material: Material, criteria: Sequence[Criterion], lacking: Sequence[Criterion], score: int
) -> str:
    """Return three to six sentences of plain text in the reader's language."""
    reader = material.reader
    band = next(name for least, name in BANDS if score >= least)
    lines = [say(reader, f"evaluation.{band}", score=score)]
    best = max(criteria, key=lambda one: (one.score, len(one.evidence)))
    if best.score >= _STRENGTH_FROM:
        lines.append(say(reader, "evaluation.strongest", name=best.name, score=best.score))
    lines += [
        say(reader, "evaluation.weakest", name=one.name, score=one.score, advice=one.advice)
        for one in sorted(lacking, key=_lost)[:1]
    ]
    spoken = material.delivery
    if spoken and spoken.words_per_minute is not None:
        low, high = norms(material.language)["words_per_minute"]
        lines.append(
            say(
                reader,
                "evaluation.pace",
                pace=round(spoken.words_per_minute),
                low=low,
                high=high,
                pauses=spoken.pause_count,
                fillers=len(spoken.fillers),
            )
        )
    if len(lines) < 3:
        lines.append(say(reader, "evaluation.again"))
    return " ".join(lines)
