"""What cannot be accepted gets its clear answer, and leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import speech
from serving import Server, serving

MIB = 1024 * 1024
QUESTION = "Tell me about a conflict at work"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("bad") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    target = tmp_path_factory.mktemp("speech") / "answer.webm"
    return speech.encode(speech.said("beckett"), target).read_bytes()


M3U8 = b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/secret\n"
SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
CONCAT = b"ffconcat version 1.0\nfile '/etc/passwd'\n"


def expect(server: Server, status: int, code: str, **request: object) -> None:
    """Send it in both languages; check the problem, and that nothing stays."""
    with server.client() as client:
        for language in ("tr", "en"):
            answer = client.post(
                "/interview_speech_evaluation",
                headers={"accept-language": language},
                **request,  # type: ignore[arg-type]
            )
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (status, code), problem
            assert answer.headers["content-type"] == "application/problem+json"
            assert problem["detail"] == problem["error"]
            assert len(problem["detail"]) > 20
    server.until(lambda: server.spool_files() == [])


@pytest.mark.parametrize("content", [b"hello, this is no audio\n" * 50, M3U8, SDP, CONCAT,
                         b"<html></html>" * 20, b"\x89PNG\r\n\x1a\n" + b"\0" * 500])  # fmt: skip
@pytest.mark.parametrize("name", ["answer.webm", "x.wav", "../../x\r\nA: b.m3u8"])
def test_what_is_no_audio_is_refused_whatever_its_name(
    server: Server, content: bytes, name: str
) -> None:
    expect(server, 415, "not_audio", data={"question": QUESTION}, files={"audio": (name, content)})


def test_an_empty_recording_is_refused(server: Server) -> None:
    expect(server, 422, "audio_empty", data={"question": QUESTION},
           files={"audio": ("answer.webm", b"")})  # fmt: skip


def test_a_truncated_recording_is_refused(server: Server, good: bytes) -> None:
    expect(server, 422, "audio_broken", data={"question": QUESTION},
           files={"audio": ("answer.webm", good[:300])})  # fmt: skip


def test_one_byte_over_16_mib_is_refused_and_16_mib_is_not_too_large(
    server: Server, tmp_path: Path
) -> None:
    wav = speech.encode(speech.silence(120), tmp_path / "silence.wav", "wav").read_bytes()
    padded = wav + b"\0" * (16 * MIB - len(wav))
    expect(server, 422, "no_speech", data={"question": QUESTION},
           files={"audio": ("answer.wav", padded)})  # fmt: skip
    expect(server, 413, "too_large", data={"question": QUESTION},
           files={"audio": ("answer.wav", padded + b"\0")})  # fmt: skip


def test_far_too_large_a_body_is_refused_before_it_is_read(server: Server) -> None:
    expect(server, 413, "too_large", data={"question": QUESTION},
           files={"audio": ("answer.wav", b"RIFF" + b"\0" * (40 * MIB))})  # fmt: skip


def test_eleven_minutes_are_refused(server: Server, tmp_path: Path) -> None:
    long = speech.encode(speech.minutes(11), tmp_path / "long.ogg", "ogg")
    expect(server, 422, "audio_too_long", data={"question": QUESTION},
           files={"audio": ("answer.ogg", long.read_bytes())})  # fmt: skip


def test_silence_is_no_speech(server: Server, tmp_path: Path) -> None:
    quiet = speech.encode(speech.silence(5), tmp_path / "silence.wav", "wav").read_bytes()
    expect(server, 422, "no_speech", data={"question": QUESTION},
           files={"audio": ("answer.wav", quiet)})  # fmt: skip


def test_two_recordings_are_refused(server: Server, good: bytes) -> None:
    expect(server, 422, "audio_repeated", data={"question": QUESTION},
           files=[("audio", ("a.webm", good)), ("audio", ("b.webm", good))])  # fmt: skip


def test_a_missing_question_is_refused(server: Server, good: bytes) -> None:
    for question in ("", "  \n "):
        expect(server, 422, "question_missing", data={"question": question},
               files={"audio": ("answer.webm", good)})  # fmt: skip
    expect(server, 422, "question_missing", json={"user_answer": "I led the team."})


def test_neither_recording_nor_text_is_refused(server: Server) -> None:
    expect(server, 422, "answer_missing", json={"question": QUESTION})
    expect(server, 422, "answer_missing", json={"question": QUESTION, "user_answer": "  "})


def test_an_unknown_language_is_refused(server: Server) -> None:
    expect(server, 422, "language_unknown",
           json={"question": QUESTION, "user_answer": "Yes.", "language": "tlh"})  # fmt: skip


def test_too_long_texts_are_refused(server: Server) -> None:
    expect(server, 422, "question_too_long", json={"question": "x" * 2001, "user_answer": "Yes."})
    expect(server, 422, "text_too_long", json={"question": QUESTION, "user_answer": "x" * 20_001})


def test_a_broken_body_is_refused(server: Server) -> None:
    with server.client() as client:
        for content, kind in (
            (b'{"question":', "application/json"),
            (b"[1, 2]", "application/json"),
            (b"no boundary here", "multipart/form-data; boundary=x"),
            (b"--x\r\n", "multipart/form-data"),
        ):
            answer = client.post("/interview_speech_evaluation", content=content,
                                 headers={"content-type": kind})  # fmt: skip
            assert 400 <= answer.status_code < 500, (content, answer.text)
        answer = client.post("/interview_speech_evaluation", content=b"a=b",
                             headers={"content-type": "text/plain"})  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_body")


def test_guests_are_refused_where_the_operator_says_so(tmp_path: Path) -> None:
    with serving(tmp_path / "data", guests="off") as closed:
        expect(closed, 401, "guests_not_allowed", json={"question": QUESTION, "user_answer": "Yes"})
