"""The interviewer's voice: sound that can be heard, from a process that is bounded."""

import io
import json
import os
import resource
import struct
import subprocess
import sys
import wave
from collections.abc import Iterator

import numpy as np
import pytest

from mulakat.providers.voice.wave import MOST_FILE, NoSound, finish, head
from mulakat.web import voice as voice_of_web

TEXTS = {
    "tr": "Bir ekip içinde yaşadığınız bir anlaşmazlığı anlatır mısınız?",
    "en": "Tell me about a disagreement in your team.",
}


def said(
    text: str, language: str, voice: str | None = None, *, usual: str = "", most: int = 1 << 30
) -> tuple[dict[str, object], bytes]:
    """Have a process say it into a file of `most` bytes, as the server does."""
    file = os.memfd_create("voice")
    order = {
        "settings": {"voice_engine": "espeak", "voice_name": usual},
        "text": text, "language": language, "voice": voice, "file": file,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "mulakat", "speak", "--parent", str(os.getpid())],
        input=json.dumps(order).encode() + b"\n",
        capture_output=True,
        check=True,
        pass_fds=(file,),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    with os.fdopen(file, "rb") as opened:
        opened.seek(0)
        return json.loads(done.stdout), opened.read()


def read(sound: bytes) -> tuple[int, "np.ndarray[tuple[int], np.dtype[np.int16]]"]:
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)


@pytest.mark.parametrize("language", ["tr", "en"])
def test_a_question_is_said_in_its_language(language: str) -> None:
    head, sound = said(TEXTS[language], language)
    assert head == {"error": None, "wait": None}
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
    "voice", ["Kore", "tr", "en-zz", "../../../etc/passwd", "en/../tr", "en\0", "e" * 500]
)
def test_a_voice_that_does_not_exist_or_does_not_fit_is_told(voice: str) -> None:
    head, sound = said(TEXTS["en"], "en", voice)
    assert head["error"] == "unknown_voice"
    assert sound == b""


def test_the_operators_voice_is_the_usual_one_of_its_language() -> None:
    scottish = said(TEXTS["en"], "en", "en-gb-scotland")
    assert said(TEXTS["en"], "en", usual="en-gb-scotland") == scottish
    assert said(TEXTS["tr"], "tr", usual="en-gb-scotland") == said(TEXTS["tr"], "tr")
    assert said(TEXTS["en"], "en", usual="en-zz")[0]["error"] == "rejected"


def test_a_disk_without_room_is_told() -> None:
    assert said(TEXTS["en"], "en", most=10_000)[0]["error"] == "too_large"


def test_the_longest_question_is_said_whole_and_within_bounds() -> None:
    head, sound = said("Uzun bir soru soruyorum. " * 80, "tr")
    assert head["error"] is None
    rate, samples = read(sound)
    assert 60 < len(samples) / rate < 200
    assert len(sound) <= MOST_FILE


def test_what_is_far_too_long_is_cut_and_not_held() -> None:
    _, sound = said("soru " * 40_000, "tr")
    assert len(sound) <= MOST_FILE


@pytest.mark.parametrize("text", ["<speak><audio src='/etc/passwd'/></speak>", "[[h@l'oU]]", "\0a"])
def test_markup_in_a_question_is_text(text: str) -> None:
    head, sound = said(text, "en")
    assert head["error"] is None
    read(sound)


def test_without_the_wheel_it_says_so() -> None:
    code = (
        "from mulakat.providers import voice\n"
        "voice.MODULE = 'no_such_wheel_here'\n"
        "from mulakat.providers.voice.speaker import main; main()"
    )
    order = json.dumps(
        {"settings": {"voice_engine": "espeak"}, "text": "a", "language": "tr", "voice": None,
         "file": 1}
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], input=order.encode(), capture_output=True, check=True
    )
    assert json.loads(done.stdout) == {"error": "not_installed", "wait": None}


@pytest.fixture
def file() -> Iterator[int]:
    made = os.memfd_create("voice")
    yield made
    os.close(made)


def finished(file: int, data: bytes) -> bytes:
    os.ftruncate(file, 0)
    os.pwrite(file, data, 0)
    finish(file)
    return os.pread(file, 1 << 20, 0)


def wav(rate: int, samples: bytes) -> bytes:
    return head(rate, len(samples)) + samples


def test_a_whole_file_stays_as_it_is(file: int) -> None:
    made = wav(22_050, b"\1\0\2\0\3\0")
    assert finished(file, made) == made
    assert read(made)[1].tolist() == [1, 2, 3]


def test_sizes_that_a_stream_left_open_mean_the_rest(file: int) -> None:
    made = wav(24_000, b"\1\0" * 5)
    left = bytearray(made + b"\7")  # and half a sample is none
    struct.pack_into("<I", left, 4, 0xFFFFFFFF)
    struct.pack_into("<I", left, 40, 0xFFFFFFFF)
    assert finished(file, bytes(left)) == made


def test_other_chunks_are_passed_over(file: int) -> None:
    made = wav(24_000, b"\1\0")
    chunk = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    longer = made[:12] + chunk + made[12:] + chunk
    assert finished(file, longer) == longer
    struct.pack_into("<I", opened := bytearray(longer), 52, 0)
    assert read(finished(file, bytes(opened)))[0] == 24_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"<html>not found</html>" * 3,
        b"OggS" + bytes(60),
        wav(24_000, b""),
        wav(24_000, b"\1\0")[:40],
        wav(24_000, b"\1\0\2\0")[:-2],
        wav(24_000, b"\1\0").replace(b"\1\0\1\0\xc0", b"\3\0\1\0\xc0"),
    ],
)
def test_what_is_no_whole_sound_is_refused(file: int, data: bytes) -> None:
    with pytest.raises(NoSound):
        finished(file, data)


def test_the_web_process_knows_how_long_a_file_may_be() -> None:
    assert voice_of_web.MOST_FILE == MOST_FILE
