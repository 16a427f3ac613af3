"""Bodies that carry a file without holding it."""

import base64
import tracemalloc
from pathlib import Path

import pytest

from mulakat.providers.transcribe.bodies import BLOCK, FileBody, multipart
from mulakat.settings import MAX_AUDIO_BYTES, MIB


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "0123456789abcdef"
    path.write_bytes(bytes(range(256)) * 700 + b"end")
    return path


def test_a_form_holds_its_fields_and_the_file_under_a_name_that_tells_nothing(audio: Path) -> None:
    body, kind = multipart([("model", "whisper-1"), ("language", "tr")], "file", audio, "webm")
    boundary = kind.partition("boundary=")[2].encode()
    sent = b"".join(body)
    parts = sent.split(b"--" + boundary)
    assert parts[1] == b'\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    head, _, content = parts[3].partition(b"\r\n\r\n")
    assert b'filename="answer.webm"' in head
    assert b"Content-Type: audio/webm" in head
    assert content == audio.read_bytes() + b"\r\n"
    assert parts[4] == b"--\r\n"
    assert audio.name.encode() not in sent


@pytest.mark.parametrize("size", [0, 1, 2, 3, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 2])
@pytest.mark.parametrize("encoded", [False, True])
def test_the_length_is_known_before_and_the_same_each_time(
    tmp_path: Path, size: int, encoded: bool
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xa5" * size)
    body = FileBody(b"<", path, size, b">", encoded)
    first = b"".join(body)
    assert len(first) == len(body)
    assert b"".join(body) == first
    inside = base64.b64decode(first[1:-1], validate=True) if encoded else first[1:-1]
    assert inside == path.read_bytes()


@pytest.mark.parametrize("encoded", [False, True])
def test_a_recording_of_the_largest_size_takes_less_than_a_mebibyte(
    tmp_path: Path, encoded: bool
) -> None:
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.truncate(MAX_AUDIO_BYTES)
    body = FileBody(b"", path, MAX_AUDIO_BYTES, b"", encoded)
    tracemalloc.start()
    try:
        sent = sum(len(block) for block in body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent == len(body)
    assert peak < MIB / 2


def test_a_file_that_has_become_shorter_is_an_error_and_no_short_body(audio: Path) -> None:
    body, _ = multipart([], "file", audio, "ogg")
    audio.write_bytes(b"short")
    with pytest.raises(OSError, match="shorter"):
        b"".join(body)
