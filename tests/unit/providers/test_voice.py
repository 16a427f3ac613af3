"""The interviewer's voice: sound that can be heard, from a process that is bounded."""

import io
import json
import os
import struct
import subprocess
import sys
import wave

import numpy as np
import pytest

from mulakat.providers.voice.wave import MOST_BYTES, NoWave, Spoken, unwav, wav

TEXTS = {
    "tr": "Bir ekip içinde yaşadığınız bir anlaşmazlığı anlatır mısınız?",
    "en": "Tell me about a disagreement in your team.",
}


def said(text: str, language: str, voice: str | None = None) -> tuple[dict[str, object], bytes]:
    """Have a process say it, as the server does."""
    order = {"text": text, "language": language, "voice": voice, "engine": "espeak"}
    done = subprocess.run(
        [sys.executable, "-m", "mulakat", "speak", "--parent", str(os.getpid())],
        input=json.dumps(order).encode(),
        capture_output=True,
        check=True,
    )
    head, _, sound = done.stdout.partition(b"\n")
    found: dict[str, object] = json.loads(head)
    return found, sound


def read(sound: bytes) -> tuple[int, "np.ndarray[tuple[int], np.dtype[np.int16]]"]:
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)


@pytest.mark.parametrize("language", ["tr", "en"])
def test_a_question_is_said_in_its_language(language: str) -> None:
    head, sound = said(TEXTS[language], language)
    assert head == {"error": None, "sent": []}
    rate, samples = read(sound)
    assert 1.5 < len(samples) / rate < 10
    assert np.abs(samples.astype(int)).max() > 3_000


def test_the_same_text_sounds_the_same_and_languages_differ() -> None:
    first = said("Merhaba, hoş geldiniz.", "tr")
    assert first == said("Merhaba, hoş geldiniz.", "tr")
    assert first != said("Merhaba, hoş geldiniz.", "en")


def test_a_voice_of_the_language_can_be_chosen() -> None:
    usual = said(TEXTS["en"], "en")
    assert said(TEXTS["en"], "en", "en-gb-scotland") != usual
    assert said(TEXTS["en"], "en", "en") != usual  # British
    assert said(TEXTS["tr"], "tr", "tr+f3") != said(TEXTS["tr"], "tr")


@pytest.mark.parametrize(
    "voice", ["", "Kore", "tr", "en-zz", "../../../etc/passwd", "en/../tr", "en\0", "e" * 500]
)
def test_a_voice_that_does_not_exist_or_does_not_fit_is_the_usual_one(voice: str) -> None:
    assert said(TEXTS["en"], "en", voice) == said(TEXTS["en"], "en")


def test_the_longest_question_is_said_whole_and_within_bounds() -> None:
    head, sound = said("Uzun bir soru soruyorum. " * 80, "tr")
    assert head["error"] is None
    rate, samples = read(sound)
    assert 60 < len(samples) / rate < 200
    assert len(sound) <= MOST_BYTES + 44


def test_what_is_far_too_long_is_cut_and_not_held() -> None:
    _, sound = said("soru " * 40_000, "tr")
    assert len(sound) <= MOST_BYTES + 44


@pytest.mark.parametrize("text", ["<speak><audio src='/etc/passwd'/></speak>", "[[h@l'oU]]", "\0a"])
def test_markup_in_a_question_is_text(text: str) -> None:
    head, sound = said(text, "en")
    assert head["error"] is None
    read(sound)


def test_without_the_wheel_it_says_so() -> None:
    code = (
        "import sys; sys.modules['espeakng_loader'] = None\n"
        "from mulakat.providers.voice import espeak\n"
        "espeak.WHEEL = 'no_such_wheel_here'\n"
        "from mulakat.providers.voice.speaker import main; main()"
    )
    order = json.dumps({"text": "a", "language": "tr", "voice": None, "engine": "espeak"})
    done = subprocess.run(
        [sys.executable, "-c", code], input=order.encode(), capture_output=True, check=True
    )
    assert json.loads(done.stdout) == {"error": "not installed", "sent": []}


def test_a_wave_file_comes_back_as_it_was() -> None:
    spoken = Spoken(22_050, b"\1\0\2\0\3\0")
    assert unwav(wav(spoken)) == spoken
    assert read(wav(spoken))[1].tolist() == [1, 2, 3]


def test_sizes_that_a_stream_left_open_mean_the_rest() -> None:
    made = bytearray(wav(Spoken(24_000, b"\1\0" * 5)))
    struct.pack_into("<I", made, 4, 0xFFFFFFFF)
    struct.pack_into("<I", made, 40, 0xFFFFFFFF)
    assert unwav(bytes(made)) == Spoken(24_000, b"\1\0" * 5)


def test_other_chunks_are_passed_over() -> None:
    made = wav(Spoken(24_000, b"\1\0"))
    chunk = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    assert unwav(made[:12] + chunk + made[12:]) == Spoken(24_000, b"\1\0")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"<html>not found</html>" * 3,
        wav(Spoken(24_000, b"")),
        wav(Spoken(24_000, b"\1\0"))[:40],
        wav(Spoken(24_000, b"\1\0")).replace(b"\1\0\1\0\xc0", b"\1\0\2\0\xc0"),
        wav(Spoken(1, b"\1\0")),
    ],
)
def test_what_is_no_sound_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(NoWave):
        unwav(data)
