"""Voices of providers elsewhere, on a real socket: the sound, and every way to fail."""

import io
import os
import wave
from collections.abc import Iterator
from typing import Any

import pytest

import contract_servers as acts
import voice_servers
from clocks import HandClock, HandTimes
from contract_servers import KEY, Act
from ledgers import MemoryLines
from mulakat.providers.remote import TRIES, Errand, Failed, Times
from mulakat.providers.voice import UnknownVoice
from mulakat.providers.voice.elsewhere import connect
from mulakat.providers.voice.wave import Writing
from mulakat.settings import Voice
from voice_servers import MODEL, RATE, SAMPLES, VoiceServer, ogg, samples, sound, wav

TEXT = "Bir ekip içinde yaşadığınız bir anlaşmazlığı anlatır mısınız?"
BOTH = pytest.mark.parametrize("dialect", ["openai", "gemini"])


@pytest.fixture
def server() -> Iterator[VoiceServer]:
    with voice_servers.voice_server() as running:
        yield running


class Asker:
    """Has a server read, with a clock moved by hand; keeps the ledger and the file."""

    def __init__(self, server: VoiceServer, dialect: str, key: str = KEY) -> None:
        self.voice = Voice(dialect, MODEL, "", server.url(dialect), key, voice_timeout=0.3)
        self.times = HandTimes()
        self.lines = MemoryLines()
        clocks = Times(self.times.monotonic, self.times.sleep, lambda: 1.0, HandClock())
        self.service = connect(self.voice, clocks)
        self.file = os.memfd_create("voice")

    def say(self, name: str = "", text: str = TEXT) -> bytes:
        errand = Errand("speak", self.times.seconds + 60, self.lines)
        self.service.speak(text, name or self.voice.usual, Writing(self.file), errand)
        return os.pread(self.file, 1 << 26, 0)

    def fails(self) -> Failed:
        with pytest.raises(Failed) as caught:
            self.say()
        return caught.value


def read(data: bytes) -> tuple[int, bytes]:
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), file.readframes(file.getnframes())


@BOTH
def test_a_question_is_read_and_stands_in_the_ledger(server: VoiceServer, dialect: str) -> None:
    asker = Asker(server, dialect)
    assert read(asker.say()) == (RATE, SAMPLES)
    (sent,) = asker.lines.ended
    assert (sent.purpose, sent.provider, sent.model, sent.outcome) == (
        "speak", dialect, MODEL, "ok",
    )  # fmt: skip
    assert sent.bytes_received > len(SAMPLES)
    assert asker.lines.begun[0].outcome == "unfinished"


def test_openai_gets_the_text_and_nothing_else(server: VoiceServer) -> None:
    Asker(server, "openai").say("nova")
    assert server.seen[0].body == {
        "model": MODEL, "input": TEXT, "voice": "nova", "response_format": "wav",
    }  # fmt: skip


def test_gemini_gets_the_text_and_is_told_to_read_it(server: VoiceServer) -> None:
    Asker(server, "gemini").say("Puck")
    (seen,) = server.seen
    (part,) = seen.body["contents"][0]["parts"]
    assert part["text"].endswith(f":\n\n{TEXT}")
    assert "Puck" in str(seen.body["generationConfig"])


@pytest.mark.parametrize("stated", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_sizes_that_a_stream_left_open_are_filled_in(server: VoiceServer, stated: int) -> None:
    server.then(sound(wav(stated=stated)))
    assert Asker(server, "openai").say() == wav()


def test_a_response_with_its_length_is_taken_too(server: VoiceServer) -> None:
    server.then(sound(wav(), chunked=False))
    assert Asker(server, "openai").say() == wav()


def test_ogg_is_kept_as_it_is(server: VoiceServer) -> None:
    server.then(sound(ogg(), "audio/ogg"))
    assert Asker(server, "openai").say() == ogg()


def test_a_server_that_makes_no_wav_is_asked_for_opus(server: VoiceServer) -> None:
    server.unsupported.add("wav")
    server.then(sound(ogg(), "audio/ogg"))
    assert Asker(server, "openai").say() == ogg()
    assert [seen.body["response_format"] for seen in server.seen] == ["wav", "opus"]
    server.unsupported.add("opus")
    assert Asker(server, "openai").fails().reason == "rejected"


@pytest.mark.parametrize("size", [2, 4, 6, 46, 48_000, 48_002, 48_004])
@pytest.mark.parametrize("escaped", [False, True])
def test_base64_of_any_length_comes_out_as_it_went_in(
    server: VoiceServer, size: int, escaped: bool
) -> None:
    pcm = bytes(255 - at % 251 for at in range(size))
    server.then(samples(pcm, escaped=escaped))
    assert read(Asker(server, "gemini").say()) == (RATE, pcm)


def test_the_rate_is_the_one_that_is_told(server: VoiceServer) -> None:
    server.then(samples(kind="audio/pcm;rate=16000"))
    assert read(Asker(server, "gemini").say())[0] == 16_000


@BOTH
def test_an_unknown_voice_is_told_and_asked_for_once(server: VoiceServer, dialect: str) -> None:
    with pytest.raises(UnknownVoice):
        Asker(server, dialect).say("Nobody")
    assert len(server.seen) == 1


BAD: dict[str, tuple[Act, str]] = {
    "half": (voice_servers.half, "broken"),
    "half a file": (voice_servers.half_file, "invalid"),
    "a page": (voice_servers.page, "invalid"),
    "reset": (acts.reset, "broken"),
    "busy": (acts.status(503), "unavailable"),
    "too many": (acts.status(429, Retry_After="3"), "throttled"),
    "empty": (sound(b""), "invalid"),
}


@BOTH
@pytest.mark.parametrize("name", BAD)
def test_a_failure_that_may_pass_is_tried_again_and_leaves_nothing_of_before(
    server: VoiceServer, dialect: str, name: str
) -> None:
    act, reason = BAD[name]
    asker = Asker(server, dialect)
    server.then(act)
    assert read(asker.say()) == (RATE, SAMPLES)
    assert asker.lines.outcomes == [reason, "ok"]
    if name == "too many":
        assert asker.times.slept == [3.0]


@BOTH
@pytest.mark.parametrize("name", BAD)
def test_a_failure_that_stays_is_given_up(server: VoiceServer, dialect: str, name: str) -> None:
    act, reason = BAD[name]
    server.always(act)
    assert Asker(server, dialect).fails().reason == reason
    assert len(server.seen) == TRIES


@BOTH
def test_sound_without_end_is_cut_off_at_the_most_there_may_be(
    server: VoiceServer, dialect: str
) -> None:
    server.then(voice_servers.endless)
    asker = Asker(server, dialect)
    assert asker.fails().reason == "too_large"
    assert os.fstat(asker.file).st_size <= 9 << 20
    assert len(server.seen) == 1


@BOTH
def test_a_key_that_is_refused_is_not_tried_again(server: VoiceServer, dialect: str) -> None:
    failure = Asker(server, dialect, key="wrong").fails()
    assert (failure.reason, len(server.seen)) == ("refused", 1)


@BOTH
def test_who_says_nothing_is_not_waited_for(server: VoiceServer, dialect: str) -> None:
    server.always(acts.silent)
    assert Asker(server, dialect).fails().reason == "timeout"


BLOCKED: dict[str, Any] = {"finishReason": "PROHIBITED_CONTENT", "content": {}}


def test_what_the_provider_will_not_say_is_not_asked_again(server: VoiceServer) -> None:
    server.then(samples(**BLOCKED))
    assert Asker(server, "gemini").fails().reason == "blocked"
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b"{}", b'{"candidates": []}', b'{"data": "%%%%"}', b'{"data": "AAAA"}',
        b'{"data": "' + b"\\" * 200 + b'"}', b'{"a": "' + b"x" * 300_000 + b'"}',
        b'{"candidates": [{"content": {"parts": [{"text": "\\"data\\": \\"AAAA\\""}]}}]}',
        b"[" * 100_000,
    ],
    ids=range(9),
)  # fmt: skip
def test_json_that_carries_no_sound_is_no_answer(server: VoiceServer, body: bytes) -> None:
    server.always(lambda handler: handler.send(200, body))
    assert Asker(server, "gemini").fails().reason == "invalid"


@BOTH
def test_sound_that_drips_is_not_waited_for(server: VoiceServer, dialect: str) -> None:
    server.always(voice_servers.slow)
    asker = Asker(server, dialect)
    asker.times.each = 1.0
    assert asker.fails().reason == "timeout"
