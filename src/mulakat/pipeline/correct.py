"""An answer that was heard, evaluated again with what its speaker corrected.

Nothing is decoded or recognised: times, delivery and drawing are those of the stored result.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from mulakat.interview import corrected
from mulakat.pipeline import gate, report
from mulakat.pipeline.run import Job
from mulakat.providers.protocols import Evaluator
from mulakat.providers.values import Delivery, Filler, Material, Word

HEARD = ("delivery", "strip", "has_audio", "audio_url")
"""Parts of a result that come from the sound alone."""


def correct(
    job: Job,
    before: Mapping[str, Any],
    changes: Mapping[int, str],
    evaluator: Callable[[], AbstractContextManager[Evaluator]],
) -> dict[str, Any]:
    """Return the result that takes the place of `before`, with its `correction`.

    `job` tells what was asked, `changes` are (index, text) as in corrected.merged, whose errors
    this raises.
    """
    began = time.perf_counter()
    corrections = corrected.merged(before, changes)
    shown = corrected.shown_words(corrected.heard_words(before), corrections)
    words = tuple(said(shown))
    material = Material(
        question=job.question,
        language=job.language,
        reader=job.reader,
        text=" ".join(word.text for word in words),
        words=words,
        typed=False,
        additional_text=job.additional_text,
        delivery=spoken(before.get("delivery")),
        key_points=job.key_points,
        example=job.example,
    )
    assessment = gate.not_scored(material)
    if assessment is None:
        with evaluator() as judge:
            assessment = judge.evaluate(material)
    seconds = round(time.perf_counter() - began, 3)
    engine = before.get("engine") or {}
    after: dict[str, Any] = report.result(
        material=material,
        assessment=assessment,
        sound=None,
        transcriber=engine.get("transcriber"),
        timings=dict(before.get("timings") or {}) | {"correct": seconds},
    )
    after |= {key: before[key] for key in HEARD if key in before}
    after["engine"] |= {key: told for key, told in engine.items() if key.startswith("transcriber")}
    after["words"] = shown
    after["correction"] = corrected.correction(before, after, corrections)
    return after


def said(words: Sequence[corrected.Word]) -> list[Word]:
    """Return the words one by one: of several in the place of one, each has its share of time."""
    out = []
    for text, start, end, probability in words:
        parts = text.split()
        step = (end - start) / max(1, len(parts))
        out += [
            Word(part, start + i * step, start + (i + 1) * step, probability)
            for i, part in enumerate(parts)
        ]
    return out


def spoken(stored: Mapping[str, Any] | None) -> Delivery | None:
    """Return the measures of a stored result as they were when it was made."""
    if stored is None:
        return None
    pauses, fillers = stored["pauses"], stored["fillers"]
    first, second, third, fourth = pauses.get("by_length") or (0, 0, 0, 0)
    return Delivery(
        words=stored["words"],
        words_per_minute=stored["words_per_minute"],
        articulation_rate=stored["articulation_rate"],
        speech_ratio=stored["speech_ratio"],
        pause_count=pauses["count"],
        pause_total=pauses["total"],
        pause_longest=pauses["longest"],
        pauses_per_minute=pauses["per_minute"],
        fillers=tuple(
            Filler(one["text"], one["start"], one["end"], one.get("heard", False))
            for one in fillers["items"]
        ),
        fillers_per_minute=fillers["per_minute"],
        pauses_by_length=(first, second, third, fourth),
        long_pauses_per_minute=pauses.get("long_per_minute"),
        pitch_range=stored.get("pitch_range"),
        voice_breaks=stored.get("voice_breaks") or 0,
        level=tuple(one["code"] for one in stored.get("level") or ()),
    )
