"""The recogniser with its real model: what it hears, and what it must not."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

import speech
from mulakat.errors import ModelError
from mulakat.pipeline.decode import windows
from mulakat.providers.model_files import installed_dir
from mulakat.providers.values import Window, Word
from mulakat.providers.whisper import Whisper
from mulakat.settings import Speech


@pytest.fixture(scope="module")
def whisper():
    made = Whisper(installed_dir(Speech()))
    yield made
    made.close()


def window(samples: speech.Samples) -> list[Window]:
    return [Window(0, 0.0, samples)]


def words(whisper: Whisper, given, language: str = "en") -> list[Word]:
    return [word for heard in whisper.transcribe(given, language) for word in heard.words]


def plain(found: list[Word]) -> list[str]:
    return [word.text.strip(".,").lower() for word in found]


def plain_text(text: str) -> list[str]:
    return text.replace(".", "").replace(",", "").replace(";", "").lower().split()


def test_it_hears_what_is_said_with_times_and_probabilities(whisper):
    found = words(whisper, windows(speech.recording("beckett"), "wav"))
    assert plain(found) == plain_text(speech.TEXTS["beckett"])
    assert all(word.text == word.text.strip() for word in found)
    assert all(0 < word.probability <= 1 for word in found)
    assert 0 <= found[0].start < 1
    assert 6 < found[-1].end <= 9.97


def test_the_same_sound_gives_the_same_words(whisper):
    sound = window(speech.said("beckett"))
    assert words(whisper, sound) == words(whisper, sound)


def test_over_several_windows_no_word_is_lost_doubled_or_out_of_order(whisper):
    given = list(windows(speech.recording("two_cities"), "wav"))
    heard = list(whisper.transcribe(given, "en"))
    assert [part.window for part in heard][: len(given)] == [part.index for part in given]
    found = [word for part in heard for word in part.words]
    for before, after in itertools.pairwise(found):
        assert before.start <= before.end <= after.start <= after.end
    expected = plain_text(speech.TEXTS["two_cities"])
    said = plain(found)
    assert abs(len(said) - len(expected)) <= 2
    assert len(set(expected) - set(said)) <= 2


@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize(
    "sound",
    [
        speech.silence(12),
        speech.noise(12, 0.1),
        speech.noise(12, 0.001),
        speech.tone(12, 50),
        np.tile(np.r_[speech.tone(0.2, 880), speech.silence(0.8)], 12),
        speech.noise(12, 0.1) * np.abs(speech.tone(12, 0.35, 1.0)) ** 3,
    ],
    ids=["silence", "noise", "faint noise", "hum", "beeps", "waves"],
)
def test_it_invents_nothing_where_nobody_speaks(whisper, sound, language):
    assert words(whisper, window(np.asarray(sound, np.float32)), language) == []


def test_silence_after_speech_adds_no_words(whisper):
    sound = np.concatenate([speech.said("beckett"), speech.silence(18)])
    found = plain(words(whisper, window(sound)))
    # The first word may be heard otherwise ("never"): the model sees another 30 s.
    assert found[1:] == plain_text(speech.TEXTS["beckett"])[1:]


def test_an_answer_that_begins_after_a_silent_window_keeps_its_times(whisper):
    given = [Window(0, 0.0, speech.silence(20)), Window(1, 20.0, speech.said("beckett"))]
    heard = list(whisper.transcribe(given, "en"))
    assert heard[0].words == ()
    assert 20 <= heard[1].words[0].start < 21.5


def test_turkish_is_heard_as_turkish(whisper):
    sound = speech.spoken("Merhaba, benim adım Ayşe. Ankara'da yaşıyorum.", "tr")
    text = " ".join(word.text for word in words(whisper, window(sound), "tr")).lower()
    # The synthesiser's Turkish is understood only roughly; the name comes through.
    assert "ayşe" in text


def test_a_closed_model_refuses():
    closed = Whisper(installed_dir(Speech()))
    closed.close()
    with pytest.raises(RuntimeError):
        words(closed, window(speech.said("beckett")))


def test_without_its_files_it_does_not_start(tmp_path):
    with pytest.raises(ModelError):
        Whisper(tmp_path)


def test_loading_and_hearing_open_no_socket():
    code = """
import sys
def watch(event, arguments):
    if event.startswith(("socket.connect", "socket.getaddrinfo")):
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(watch)
from pathlib import Path
from mulakat.pipeline.decode import windows
from mulakat.providers.whisper import Whisper
whisper = Whisper(Path(sys.argv[1]), threads=1)
print(sum(len(h.words) for h in whisper.transcribe(windows(Path(sys.argv[2]), "wav"), "en")))
"""
    arguments = [str(installed_dir(Speech())), str(speech.recording("beckett"))]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == "12"


def test_int8_on_disk_hears_the_same_as_the_published_float16(whisper, tmp_path):
    from faster_whisper import WhisperModel

    from mulakat.providers import model_files

    sources = model_files._sources()
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).symlink_to(sources[name])
    with (tmp_path / "model.bin").open("wb") as file:
        for part in ("model.bin.part1", "model.bin.part2"):
            file.write(sources[part].read_bytes())
    published = WhisperModel(str(tmp_path), device="cpu", compute_type="int8", cpu_threads=2)
    both = []
    for model in (published, whisper._model):
        segments, _ = model.transcribe(
            speech.said("beckett"), language="en", beam_size=1, temperature=0.0
        )
        both.append([(s.text, round(s.avg_logprob, 4)) for s in segments])
    assert both[0] == both[1]
