"""Ours against faster-whisper called directly: the same file, model and options."""

import time
from pathlib import Path
from statistics import mean, median

import jiwer
import numpy as np
import pytest
from faster_whisper import WhisperModel, decode_audio

import speech
from mulakat.pipeline.decode import windows
from mulakat.providers.model_files import installed_dir
from mulakat.providers.whisper import OPTIONS, Whisper
from mulakat.settings import Speech

ROUNDS = 3
LEAD_SECONDS = (0.0, 2.5, 5.0, 9.0)

normal = jiwer.Compose(
    [
        jiwer.ToLowerCase(),
        jiwer.RemovePunctuation(),
        jiwer.RemoveMultipleSpaces(),
        jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
)


@pytest.fixture(scope="module")
def whisper():
    made = Whisper(installed_dir(Speech()))
    yield made
    made.close()


def ours(whisper: Whisper, path: Path, container: str) -> str:
    heard = whisper.transcribe(windows(path, container), "en")
    return " ".join(word.text for part in heard for word in part.words)


def direct(model: WhisperModel, path: Path) -> str:
    segments, _ = model.transcribe(decode_audio(str(path)), language="en", **OPTIONS)
    return " ".join(segment.text.strip() for segment in segments)


def rate(reference: str, text: str) -> float:
    return jiwer.wer(reference, text, normal, normal)


def test_it_takes_at_most_a_tenth_longer_than_faster_whisper(whisper, tmp_path):
    model = whisper._model  # the same weights for both, loaded once
    long = speech.encode(speech.minutes(2), tmp_path / "long.webm")
    files = {
        "beckett 10 s": (speech.recording("beckett"), "wav"),
        "two_cities 44 s": (speech.recording("two_cities"), "wav"),
        "two_cities 2 min webm": (long, "webm"),
    }
    print("\n| file | direct s | ours s | ratio |\n|---|---|---|---|")
    ratios = {}
    for name, (path, container) in files.items():
        direct(model, path)  # warm
        rounds = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            direct(model, path)
            between = time.perf_counter()
            ours(whisper, path, container)
            rounds.append((between - began, time.perf_counter() - between))
        theirs, mine = (median(column) for column in zip(*rounds, strict=True))
        # Of each round's ratio: what else the machine does drifts slower than a round.
        ratios[name] = median(one / other for other, one in rounds)
        print(f"| {name} | {theirs:.2f} | {mine:.2f} | {ratios[name]:.2f} |")
    assert all(ratio <= 1.10 for ratio in ratios.values())


def test_it_makes_no_more_errors_than_faster_whisper(whisper, tmp_path):
    """Both recordings, beginning at four times and at three noise levels.

    Where a window is cut changes a word here and there, for better and worse: one file of 131
    words would show the toss of a coin (one word is 0.8 points), twelve show the rate.
    """
    reference = " ".join(speech.TEXTS[name] for name in ("two_cities", "beckett"))
    clean = np.concatenate([speech.said("two_cities"), speech.said("beckett")])
    print("\n| noise | word error rate, direct | ours |\n|---|---|---|")
    totals = []
    for decibels in (None, -20, -10):
        rates = []
        for late in LEAD_SECONDS:
            sound = np.concatenate([speech.silence(late), clean])
            if decibels is not None:
                level = float(clean.std()) * 10 ** (decibels / 20)
                sound += speech.noise(len(sound) / speech.RATE, level)
            path = speech.encode(sound, tmp_path / "a.wav", "wav", rate=speech.RATE)
            rates.append(
                (
                    rate(reference, direct(whisper._model, path)),
                    rate(reference, ours(whisper, path, "wav")),
                )
            )
        theirs, mine = (mean(column) for column in zip(*rates, strict=True))
        totals.append((theirs, mine))
        print(f"| {'none' if decibels is None else f'{decibels} dB'} | {theirs:.4f} | {mine:.4f} |")
    theirs, mine = (mean(column) for column in zip(*totals, strict=True))
    print(f"| all | {theirs:.4f} | {mine:.4f} |")
    assert mine <= theirs + 0.005
