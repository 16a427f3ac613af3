"""Pace, articulation, pauses and fillers, from words and sound."""

from dataclasses import replace

import pytest

from mulakat.pipeline.delivery import measure
from mulakat.pipeline.fillers import find_fillers
from mulakat.providers.values import Pause, Sound, Word


def words(text: str, pace: float = 0.5) -> list[Word]:
    return [Word(one, i * pace, i * pace + 0.4, 0.9) for i, one in enumerate(text.split())]


def sound(first: float, last: float, *pauses: tuple[float, float]) -> Sound:
    silent = sum(end - start for start, end in pauses)
    return Sound(
        seconds=last + 1,
        speech_seconds=last - first - silent,
        first_speech=first,
        last_speech=last,
        pauses=tuple(Pause(*one) for one in pauses),
        envelope=(),
        envelope_step=0.1,
    )


def test_rates_are_over_the_span_from_first_to_last_speech() -> None:
    spoken = words("one two six ten " * 15)
    found = measure(sound(1.0, 31.0, (5.0, 6.0), (10.0, 12.5)), spoken, "en")
    assert found.words == 60
    assert found.words_per_minute == 120.0
    assert found.articulation_rate == round(60 / 26.5, 2)
    assert found.speech_ratio == round(26.5 / 30, 3)
    assert (found.pause_count, found.pause_total, found.pause_longest) == (2, 3.5, 2.5)
    assert found.pauses_per_minute == 4.0


def test_turkish_syllables_make_the_articulation_rate() -> None:
    found = measure(sound(0.0, 5.0), words("Görüşmecilerle anlaşamadığımız konular"), "tr")
    assert found.articulation_rate == round((6 + 7 + 3) / 5, 2)


def test_too_short_a_sound_has_no_rates() -> None:
    found = measure(sound(0.2, 0.6), words("Merhaba"), "tr")
    assert found.words == 1
    assert found.words_per_minute is None
    assert found.articulation_rate is None
    assert found.fillers_per_minute is None


def test_pauses_are_told_by_length_and_long_ones_by_the_minute() -> None:
    pauses = ((1.0, 1.3), (3.0, 3.6), (5.0, 6.0), (8.0, 9.9), (12.0, 15.0))
    found = measure(sound(0.0, 60.0, *pauses), words("one two " * 40), "en")
    assert found.pauses_by_length == (1, 1, 2, 1)
    assert found.long_pauses_per_minute == 3.0


def test_a_filler_that_only_the_sound_tells_counts_once() -> None:
    spoken = [Word("um", 1.0, 1.5), Word("we", 3.0, 3.2), Word("met", 4.0, 4.2)]
    heard = replace(sound(0.0, 60.0), held=(Pause(1.1, 1.4), Pause(3.4, 3.9)))
    found = measure(heard, spoken, "en")
    assert [(one.text, one.start, one.heard) for one in found.fillers] == [
        ("um", 1.0, False),
        ("uh", 3.4, True),
    ]
    assert found.fillers_per_minute == 2.0


def test_without_a_sound_only_words_and_fillers_are_told() -> None:
    found = measure(None, words("um we met"), "en")
    assert (found.words, len(found.fillers), found.words_per_minute) == (3, 1, None)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "So, um, we were, you know, late. Uhh, I mean, very late.",
         ["um", "you know", "Uhh", "I mean"]),
        ("en", "I like tests and I would like to know how you work", []),
        ("en", "it was, like, really late", ["like"]),
        ("tr", "Ben şey, ııı, toplantıyı hani erteledim yani.", ["şey", "ııı", "hani", "yani"]),
        ("tr", "Bir şey öğrendim, çok şey değişti, her şey iyi oldu.", []),
        ("tr", "Eee, ŞEY, ne bileyim, geç kaldık işte.", ["Eee", "ŞEY", "ne bileyim", "işte"]),
    ],
)  # fmt: skip
def test_fillers_are_found_and_their_look_alikes_are_not(
    language: str, text: str, expected: list[str]
) -> None:
    found, _ = find_fillers(words(text), language)
    assert [one.text for one in found] == expected


def test_fillers_carry_their_time_over_several_words() -> None:
    found, _ = find_fillers(words("we were you know late"), "en")
    assert (found[0].start, found[0].end) == (1.0, 1.9)


def test_doubtful_fillers_count_half() -> None:
    spoken = words("ııı yani hani " + "geldik " * 57)
    found = measure(sound(0.0, 30.0), spoken, "tr")
    assert len(found.fillers) == 3
    assert found.fillers_per_minute == 4.0
