"""Recognisers elsewhere by both wire formats, against a server that holds us to them."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import contract_servers as acts
import speech_servers
from clocks import HandTimes
from ledgers import MemoryLines
from mulakat.providers.protocols import Unheard
from mulakat.providers.remote import TRIES, Times
from mulakat.providers.transcribe import Elsewhere, SpeechService, connect
from mulakat.providers.values import Sound, Word
from mulakat.settings import Speech
from speech_servers import KEY, MODEL, TEXT, WORDS, SpeechServer, speech_server

SOUND = Sound(10.0, 8.0, 0.5, 9.0, (), (), 0.1)
DIALECTS = ("openai", "gemini")


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    with speech_server() as made:
        yield made


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "0123456789abcdef"
    path.write_bytes(bytes(range(256)) * 800 + b"\x00end")
    return path


class Asker:
    """Asks a server with a clock moved by hand; keeps the ledger."""

    def __init__(
        self, server: SpeechServer, dialect: str, *, key: str = KEY, model: str = MODEL
    ) -> None:
        self.times = HandTimes()
        self.lines = MemoryLines()
        url = server.url(dialect)
        speech = Speech(dialect, model, url, key, speech_timeout=60)
        clocks = Times(self.times.monotonic, self.times.sleep, lambda: 1.0)
        self.chosen: SpeechService = connect(speech, clocks)
        self.elsewhere = Elsewhere(self.chosen, 60, self.lines, clocks)

    def hear(self, audio: Path, container: str = "webm") -> tuple[Word, ...]:
        return self.elsewhere.transcribe_file(audio, container, "tr", SOUND)

    def fails(self, audio: Path, container: str = "webm") -> str:
        with pytest.raises(Unheard) as caught:
            self.hear(audio, container)
        return caught.value.reason


def text(words: tuple[Word, ...]) -> str:
    return " ".join(word.text for word in words)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_words_come_and_the_recording_arrived_whole(
    server: SpeechServer, dialect: str, audio: Path
) -> None:
    asker = Asker(server, dialect)
    assert text(asker.hear(audio)) == TEXT
    (seen,) = server.seen
    if dialect == "openai":
        assert seen.body["file"] == {
            "name": "answer.webm", "type": "audio/webm", "sha256": sha256(audio),
        }  # fmt: skip
        assert dict(seen.body["fields"]) | {"timestamp_granularities[]": "word"} == {
            "model": MODEL, "language": "tr", "response_format": "verbose_json",
            "timestamp_granularities[]": "word",
        }  # fmt: skip
    else:
        inline = seen.body["contents"][0]["parts"][0]["inlineData"]
        assert inline == {"mimeType": "audio/webm", "data": sha256(audio)}
        assert '"tr"' in seen.body["systemInstruction"]["parts"][0]["text"]
    assert audio.name not in json.dumps([seen.body, seen.path, dict(seen.headers)])


def test_what_was_sent_stands_in_the_ledger_before_it_leaves(
    server: SpeechServer, dialect: str, audio: Path
) -> None:
    asker = Asker(server, dialect)
    asker.hear(audio)
    (begun,), (ended,) = asker.lines.begun, asker.lines.ended
    assert (begun.purpose, begun.outcome, ended.outcome) == ("transcribe", "unfinished", "ok")
    size = audio.stat().st_size
    assert size < begun.bytes_sent < ended.bytes_sent < 1.4 * size + 3000
    assert asker.elsewhere.engine == f"{MODEL} ({dialect})"


def test_words_have_the_providers_times_and_no_invented_probability(
    server: SpeechServer, audio: Path
) -> None:
    words = Asker(server, "openai").hear(audio)
    assert [(word.text, word.start, word.end) for word in words] == WORDS
    assert {word.probability for word in words} == {None}


def test_a_probability_that_a_server_tells_is_kept(server: SpeechServer, audio: Path) -> None:
    inner = [{"word": " Evet,", "start": 1, "end": 2, "probability": 0.25},
             {"word": " oldu.", "start": 2, "end": 3, "probability": 7}]  # fmt: skip
    segment = {"text": "Evet, oldu.", "start": 1, "end": 3, "words": inner}
    server.then(speech_servers.document({"text": "Evet, oldu.", "segments": [segment]}))
    words = Asker(server, "openai").hear(audio)
    assert [word.probability for word in words] == [0.25, 1.0]


@pytest.mark.parametrize(
    ("unsupported", "shape", "requests"),
    [
        ({"words"}, "verbose_json", 2),
        ({"words", "verbose_json"}, "json", 3),
        ({"verbose_json"}, "json", 2),
    ],
)
def test_what_a_server_does_not_take_is_left_out_from_then_on(
    server: SpeechServer, audio: Path, unsupported: set[str], shape: str, requests: int
) -> None:
    server.unsupported.update(unsupported)
    asker = Asker(server, "openai")
    words = asker.hear(audio)
    assert text(words) == TEXT
    assert words[0].start == 0.5
    assert 8.5 <= words[-1].end <= 9.0
    assert len(server.seen) == requests
    asker.hear(audio)
    assert len(server.seen) == requests + 1
    fields = server.seen[-1].body["fields"]
    assert fields == [("model", MODEL), ("language", "tr"), ("response_format", shape)]


def test_where_a_server_gives_no_words_those_of_segments_lie_within_them(
    server: SpeechServer, audio: Path
) -> None:
    segments = [{"text": "One two.", "start": 1.0, "end": 3.0},
                {"text": "Three.", "start": 6.0, "end": 7.0}]  # fmt: skip
    server.then(speech_servers.document({"text": "One two. Three.", "segments": segments}))
    words = Asker(server, "openai").hear(audio)
    assert [(word.text, word.start, word.end) for word in words][2] == ("Three.", 6.0, 7.0)
    assert words[1].end <= 3.0


@pytest.mark.parametrize(
    "act",
    [
        acts.half,
        acts.half_chunk,
        acts.boast,
        acts.reset,
        acts.silent,
        acts.status(500),
        acts.raw(b"HTTP/1.1 200 OK\r\n\r\n<html>"),
        acts.raw(b"HTTP/1.1 200 OK\r\n\r\n[]"),
        acts.raw(b'HTTP/1.1 200 OK\r\n\r\n{"text": 1}'),
        acts.raw(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"text":' * 20_000),
        acts.raw(b"no HTTP at all\r\n\r\n"),
    ],
)
def test_after_a_mishap_the_whole_recording_is_sent_again(
    server: SpeechServer, dialect: str, audio: Path, act: acts.Act,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asker = Asker(server, dialect)
    limits = asker.chosen.service.limits
    object.__setattr__(limits, "read", 0.3)
    server.then(act, act)
    assert text(asker.hear(audio)) == TEXT
    assert len(server.seen) == 3
    assert json.dumps(server.seen[-1].body).count(sha256(audio)) == 1
    assert asker.lines.outcomes[-1] == "ok"
    assert "ok" not in asker.lines.outcomes[:-1]
    assert asker.times.slept == [0.5, 1.0]


def test_a_provider_that_asks_for_patience_gets_it_within_reason(
    server: SpeechServer, dialect: str, audio: Path
) -> None:
    server.then(acts.status(429, Retry_After="7"))
    asker = Asker(server, dialect)
    asker.hear(audio)
    assert asker.times.slept == [7.0]
    server.then(acts.status(429, Retry_After="3600"))
    assert asker.fails(audio) == "throttled"
    assert asker.times.slept == [7.0]


@pytest.mark.parametrize(
    ("act", "reason", "requests"),
    [
        (acts.status(413, "Maximum content size limit (26214400) exceeded"), "rejected", 1),
        (acts.status(400, "The audio file could not be decoded"), "rejected", 1),
        (acts.endless, "too_large", 1),
        (acts.status(503), "unavailable", TRIES),
        (acts.reset, "broken", TRIES),
    ],
)
def test_what_does_not_pass_is_told_by_its_code(
    server: SpeechServer, dialect: str, audio: Path, act: acts.Act, reason: str, requests: int
) -> None:
    server.always(act)
    asker = Asker(server, dialect)
    assert asker.fails(audio) == reason
    assert asker.lines.outcomes == [reason] * requests


def test_a_wrong_key_and_an_unknown_model_are_told_apart(
    server: SpeechServer, dialect: str, audio: Path
) -> None:
    assert Asker(server, dialect, key="wrong").fails(audio) == "refused"
    assert Asker(server, dialect, model="nobody").fails(audio) == "not_found"
    assert len(server.seen) == 2


def test_a_container_that_the_provider_does_not_take_is_rejected_at_once(
    server: SpeechServer, dialect: str, audio: Path
) -> None:
    server.unsupported.add("audio/aac")
    assert Asker(server, dialect).fails(audio, "aac") == "rejected"
    assert len(server.seen) == 1


def test_gemini_may_refuse_to_write_it_down(server: SpeechServer, audio: Path) -> None:
    server.always(acts.text("", finishReason="PROHIBITED_CONTENT"))
    assert Asker(server, "gemini").fails(audio) == "blocked"


def test_a_useless_reply_of_gemini_is_asked_for_again_with_another_seed(
    server: SpeechServer, audio: Path
) -> None:
    server.then(acts.text("I hear somebody talk."), acts.text('{"said": "a"}'))
    assert text(Asker(server, "gemini").hear(audio)) == TEXT
    seeds = [seen.body["generationConfig"]["seed"] for seen in server.seen]
    assert seeds == [1, 1001, 2001]


def test_a_server_of_ones_own_needs_no_key_and_gets_none() -> None:
    near = connect(Speech("openai", MODEL, "http://127.0.0.1:8001/v1")).service
    assert near.headers == {}
    own = connect(Speech("openai", "", "", KEY)).service
    assert (str(own.address), own.address.path, own.model) == ("api.openai.com", "/v1", "whisper-1")
    own = connect(Speech("gemini", "models/any", "", KEY)).service
    assert (str(own.address), own.model) == ("generativelanguage.googleapis.com", "any")


def test_a_key_is_in_nothing_that_is_printed(
    server: SpeechServer, dialect: str, audio: Path
) -> None:
    asker = Asker(server, dialect, key=f"{KEY}2")
    assert KEY not in repr(asker.chosen.service) + repr(Speech(speech_key=KEY))
    with pytest.raises(Unheard) as caught:
        asker.hear(audio)
    assert KEY not in repr(caught.value) + str(caught.value) + repr(caught.value.__cause__)
