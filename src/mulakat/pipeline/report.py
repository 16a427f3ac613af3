"""The result of an answer as it is stored and served (design: HTTP interface)."""

from typing import Any

from mulakat import __version__
from mulakat.languages import norms, say
from mulakat.providers.values import (
    Advice,
    Assessment,
    Criterion,
    Evidence,
    Material,
    Point,
    Sound,
    StoryPart,
)

LONG_PAUSE_SECONDS = 1.0
"""Pauses from here on are drawn and listed; listeners notice silences of about a second
(Jefferson 1989)."""


def result(
    *,
    material: Material,
    assessment: Assessment,
    sound: Sound | None,
    transcriber: str | None,
    timings: dict[str, float],
    transcriber_fallback: str | None = None,
) -> dict[str, object]:
    """Return the JSON object: times in seconds with two decimals, ratios 0–1, scores 0–100.

    `transcriber_fallback` is why the recogniser that was chosen is not the one that heard.
    """
    scored = assessment.score is not None
    return {
        "transcribed_text": material.text,
        "language": material.language,
        "evaluation": assessment.evaluation,
        "scored": scored,
        "reason": (
            None
            if assessment.reason is None
            else {"code": assessment.reason, "detail": assessment.evaluation}
        ),
        "score": assessment.score,
        "criteria": [_criterion(one) for one in assessment.criteria],
        "points": [_point(one) for one in assessment.points],
        "gaps": list(assessment.gaps),
        "story": [_part(one) for one in assessment.story],
        "advice": [_advice(one) for one in assessment.advice],
        "model_answer": material.example,
        "strengths": list(assessment.strengths),
        "improvements": list(assessment.improvements),
        "delivery": _delivery(material, sound),
        "engine": {
            "transcriber": transcriber,
            "transcriber_fallback": transcriber_fallback,
            "evaluator": assessment.engine,
            "embedder": assessment.extra.get("embedder"),
            "version": __version__,
            "fallback": assessment.fallback,
            "model": assessment.model,
        },
        "has_audio": False,
        "audio_url": None,
        "words": [] if material.typed else [_word(material, i) for i in range(len(material.words))],
        "strip": (
            None
            if sound is None
            else {
                "envelope": list(sound.envelope),
                "step": sound.envelope_step,
                "seconds": round(sound.seconds, 2),
            }
        ),
        "timings": timings,
    }


def _point(one: Point) -> dict[str, Any]:
    return {
        "text": one.text,
        "state": one.state,
        "evidence": None if one.evidence is None else _quote(one.evidence),
    }


def _part(one: StoryPart) -> dict[str, Any]:
    return {
        "part": one.part,
        "state": one.state,
        "evidence": [
            {
                "quote": span.quote,
                "start": _seconds(span.start),
                "end": _seconds(span.end),
                "first": span.first,
                "after": span.after,
            }
            for span in one.evidence
        ],
    }


def _advice(one: Advice) -> dict[str, Any]:
    return {
        "criterion": one.criterion,
        "text": one.text,
        "quote": one.at and one.at.quote,
        "start": _seconds(one.at.start) if one.at else None,
        "gain": one.gain,
    }


def _quote(one: Evidence) -> dict[str, Any]:
    return {"quote": one.quote, "start": _seconds(one.start), "end": _seconds(one.end)}


def _criterion(one: Criterion) -> dict[str, Any]:
    return {
        "key": one.key,
        "name": one.name,
        "weight": one.weight,
        "score": one.score,
        "evidence": [_quote(quote) for quote in one.evidence],
        "advice": one.advice,
    }


def _delivery(material: Material, sound: Sound | None) -> dict[str, Any] | None:
    delivery = material.delivery
    if delivery is None:
        return None
    pauses = sound.pauses if sound else ()
    return {
        "words": delivery.words,
        "words_per_minute": delivery.words_per_minute,
        "articulation_rate": delivery.articulation_rate,
        "speech_ratio": delivery.speech_ratio,
        "pauses": {
            "count": delivery.pause_count,
            "total": delivery.pause_total,
            "longest": delivery.pause_longest,
            "per_minute": delivery.pauses_per_minute,
            "long_per_minute": delivery.long_pauses_per_minute,
            "by_length": list(delivery.pauses_by_length),
            "longer": [
                [round(pause.start, 2), round(pause.end, 2)]
                for pause in pauses
                if pause.seconds >= LONG_PAUSE_SECONDS
            ],
        },
        "fillers": {
            "count": len(delivery.fillers),
            "per_minute": delivery.fillers_per_minute,
            "items": [
                {
                    "text": one.text,
                    "start": round(one.start, 2),
                    "end": round(one.end, 2),
                    "heard": one.heard,
                }
                for one in delivery.fillers
            ],
        },
        "pitch_range": delivery.pitch_range,
        "voice_breaks": delivery.voice_breaks,
        "level": [
            {"code": code, "detail": say(material.reader, f"level.{code}")}
            for code in delivery.level
        ],
        "norms": {
            name: list(usual)
            for name, usual in norms(material.language).items()
            if isinstance(usual, list)
        },
    }


def _word(material: Material, i: int) -> list[Any]:
    word = material.words[i]
    probability = None if word.probability is None else round(word.probability, 2)
    return [word.text, round(word.start, 2), round(word.end, 2), probability]


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
