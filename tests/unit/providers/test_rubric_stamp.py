"""The rubric's stamp: the same stamp, the same scores."""

from dataclasses import replace

import encoder
from mulakat.providers.values import Delivery

STAMPED = {
    "rubric-2": {
        "en strong": 94, "en middling": 64, "en weak": 15, "en off_topic": 2, "en spoken": 94,
        "tr strong": 98, "tr middling": 68, "tr weak": 15, "tr off_topic": 2, "tr spoken": 98,
    },
    "rubric-3": {
        "en strong": 98, "en middling": 68, "en weak": 15, "en off_topic": 2, "en spoken": 98,
        "tr strong": 98, "tr middling": 73, "tr weak": 15, "tr off_topic": 1, "tr spoken": 98,
    },
}  # fmt: skip
"""What each stamp's rubric gives; a change of scores is a new stamp with a line of its own."""

MEASURED = Delivery(
    words=120, words_per_minute=120.0, articulation_rate=4.5, speech_ratio=0.8, pause_count=10,
    pause_total=6.0, pause_longest=1.4, pauses_per_minute=10.0, fillers_per_minute=2.0,
    pauses_by_length=(6, 3, 1, 0), long_pauses_per_minute=1.0, pitch_range=7.0,
)  # fmt: skip


def scores() -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for language in ("en", "tr"):
        item = encoder.answers()[language][0]
        for level in encoder.LEVELS:
            typed = encoder.typed(item["question"], item[level], language)
            found[f"{language} {level}"] = encoder.rubric().evaluate(typed).score
        spoken = replace(
            encoder.spoken(item["question"], item["strong"], language), delivery=MEASURED
        )
        found[f"{language} spoken"] = encoder.rubric().evaluate(spoken).score
    return found


def test_the_scores_are_those_of_the_stamp() -> None:
    assert scores() == STAMPED[encoder.rubric().engine]
