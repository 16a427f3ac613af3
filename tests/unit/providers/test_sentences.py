"""Cutting an answer into sentences, with and without punctuation."""

import encoder
from mulakat.providers.rubric.sentences import LONGEST, SHORTEST, split
from mulakat.providers.values import Word


def texts(text: str, language: str = "en") -> list[str]:
    material = encoder.typed("?", text, language)
    return [one.text for one in split(text, material.words, language, typed=True)]


def test_punctuation_ends_a_sentence() -> None:
    assert texts("We met. Did it help? It did!  Yes…") == [
        "We met.",
        "Did it help?",
        "It did!",
        "Yes…",
    ]


def test_abbreviations_and_ordinals_end_none() -> None:
    assert texts("Toplantının 3. maddesini konuştuk. Dr. Kaya ve 2. ekip geldi.", "tr") == [
        "Toplantının 3. maddesini konuştuk.",
        "Dr. Kaya ve 2. ekip geldi.",
    ]


def test_a_spoken_stretch_is_cut_at_its_first_long_pause() -> None:
    words = [Word(f"w{i}", i * 0.4, i * 0.4 + 0.3) for i in range(20)]
    words += [Word(f"v{i}", 10 + i * 0.4, 10 + i * 0.4 + 0.3) for i in range(20)]
    text = " ".join(word.text for word in words)
    first, second = split(text, words, "en", typed=False)
    assert (first.text.split()[-1], second.text.split()[0]) == ("w19", "v0")
    assert (first.start, first.end) == (0.0, words[19].end)
    assert (second.start, second.end) == (10.0, words[-1].end)


def test_without_punctuation_it_is_cut_before_an_opening() -> None:
    text = (
        "last year our team lost its biggest client and everybody was angry with the sales people "
        "as a result I called the client myself and wrote down what had gone wrong on our side"
    )
    assert texts(text)[1].startswith("as a result")


def test_no_piece_is_long_and_none_is_a_scrap() -> None:
    pieces = texts("word " * 500)
    assert all(SHORTEST <= len(piece.split()) <= LONGEST for piece in pieces)
    assert sum(len(piece.split()) for piece in pieces) == 500


def test_nothing_gives_nothing() -> None:
    assert texts("") == []
    assert texts(" … !? ") == []
