"""Ours against faster-whisper called directly: the same file, model and options."""

import time
from pathlib import Path
from statistics import median

import jiwer
import pytest
from faster_whisper import WhisperModel, decode_audio

import speech
from mulakat.pipeline.decode import windows
from mulakat.providers.model_files import installed_dir
from mulakat.providers.whisper import OPTIONS, Whisper
from mulakat.settings import Speech

ROUNDS = 3

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


def test_it_is_within_a_tenth_of_faster_whisper_and_as_accurate(whisper, tmp_path):
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
    rates = []
    print("\n| file | word error rate, direct | ours |\n|---|---|---|")
    for name in speech.TEXTS:
        path = speech.recording(name)
        pair = (
            rate(speech.TEXTS[name], direct(model, path)),
            rate(speech.TEXTS[name], ours(whisper, path, "wav")),
        )
        rates.append(pair)
        print(f"| {name} | {pair[0]:.3f} | {pair[1]:.3f} |")
    assert all(ratio <= 1.10 for ratio in ratios.values())
    assert all(mine <= theirs + 0.005 for theirs, mine in rates)
