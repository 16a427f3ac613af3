"""What providers reply, and the times of words they give none for."""

from itertools import pairwise

import pytest

from mulakat.providers.transcribe.replies import MOST_WORDS, plain, verbose
from mulakat.providers.transcribe.timing import Timed, voice_share, words_of
from mulakat.providers.values import Pause, Sound, Word

SOUND = Sound(20.0, 8.0, 1.0, 15.0, (Pause(4.0, 10.0),), (), 0.1)
"""Voice from 1 to 4 s and from 10 to 15 s."""

TALK = {"text": "One two.", "start": 1.0, "end": 4.0}


def spoken(words: tuple[Word, ...]) -> list[tuple[str, float, float]]:
    return [(word.text, word.start, word.end) for word in words]


def test_words_bring_their_times_and_the_text_its_punctuation() -> None:
    heard = [{"word": "hello", "start": 1, "end": 1.5}, {"word": "there", "start": 2, "end": 2.5}]
    reply = {"text": "Hello, there!", "words": heard}
    assert spoken(verbose(reply, SOUND)) == [("Hello,", 1.0, 1.5), ("there!", 2.0, 2.5)]


def test_no_probability_is_invented() -> None:
    assert {word.probability for word in verbose({"text": "a b c"}, SOUND)} == {None}


def test_words_without_times_lie_where_there_is_voice() -> None:
    words = plain("one two three four five six seven eight", SOUND)
    assert len(words) == 8
    assert words[0].start == 1.0
    assert words[-1].end == 15.0
    for word in words:
        assert word.end <= 4.0 or word.start >= 10.0
    assert all(a.end <= b.start for a, b in pairwise(words))


def test_a_word_the_provider_left_out_lies_between_its_neighbours() -> None:
    heard = [Timed("one", 1.0, 1.5), Timed("three", 3.0, 3.5)]
    words = words_of("One two three", heard, (0.0, 20.0), SOUND)
    assert [(word.start, word.end) for word in words] == [(1.0, 1.5), (1.5, 3.0), (3.0, 3.5)]


def test_turkish_letters_are_matched() -> None:
    heard = [Timed("ŞÖYLE", 1.0, 1.4), Timed("yaptık", 1.5, 2.0)]
    words = words_of("Şöyle yaptık.", heard, (0.0, 20.0), SOUND)
    assert [word.start for word in words] == [1.0, 1.5]


def test_times_outside_the_sound_or_backwards_are_held_within() -> None:
    heard = [
        {"word": "a", "start": 3, "end": 2},
        {"word": "b", "start": -5, "end": 900},
        {"word": "c", "start": 1, "end": 1},
    ]
    words = verbose({"text": "a b c", "words": heard}, SOUND)
    times = [moment for word in words for moment in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 0.0
    assert times[-1] <= SOUND.seconds


@pytest.mark.parametrize(
    "measures",
    [
        {"compression_ratio": 3.0},
        {"no_speech_prob": 0.9, "avg_logprob": -1.2},
        {"start": 5.0, "end": 9.0},  # nobody speaks there
        {"start": 17.0, "end": 17.0},
    ],
)
def test_a_segment_that_nobody_said_is_left_out(measures: dict[str, float]) -> None:
    invented = TALK | {"text": "Thanks for watching."} | measures
    reply = {"text": "", "segments": [TALK, invented]}
    assert [word.text for word in verbose(reply, SOUND)] == ["One", "two."]


def test_a_quiet_but_sure_segment_stays() -> None:
    sure = TALK | {"no_speech_prob": 0.9, "avg_logprob": -0.2}
    assert len(verbose({"text": "x", "segments": [sure]}, SOUND)) == 2


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        "text",
        {},
        {"text": 3},
        {"text": "a", "words": {"word": "a"}},
        {"text": "a", "words": [{"word": "a", "start": "0", "end": 1}]},
        {"text": "a", "words": [{"word": "a", "start": float("nan"), "end": 1}]},
        {"text": "a", "words": [{"word": None, "start": 0, "end": 1}]},
        {"text": "a", "words": [["a", 0, 1]]},
        {"text": "a", "segments": [{"text": "a", "start": True, "end": 1}]},
        {"text": "a", "segments": [TALK | {"avg_logprob": "low", "no_speech_prob": 1}]},
        {"text": "so " * (MOST_WORDS + 1)},
    ],
)
def test_what_is_no_transcript_is_refused(reply: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        verbose(reply, SOUND)


def test_an_empty_text_is_no_words() -> None:
    assert verbose({"text": " "}, SOUND) == ()
    assert plain("", SOUND) == ()


def test_the_share_of_voice() -> None:
    assert voice_share(2.0, 6.0, SOUND) == pytest.approx(0.5)
    assert voice_share(5.0, 9.0, SOUND) == 0.0
    assert voice_share(7.0, 7.0, SOUND) == 0.0
