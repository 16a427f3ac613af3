import io
import zipfile

import av
import numpy as np
import pytest

from mulakat.intake.sniff import CONTAINERS, HEAD_BYTES, container
from mulakat.pipeline.decode import DEMUXERS

WRITERS = {
    "webm": ("webm", "libopus", 48_000, "webm"),
    "matroska": ("matroska", "libopus", 48_000, "webm"),
    "ogg opus": ("ogg", "libopus", 48_000, "ogg"),
    "wav": ("wav", "pcm_s16le", 16_000, "wav"),
    "mp3, MPEG-1": ("mp3", "libmp3lame", 44_100, "mp3"),
    "mp3, MPEG-2": ("mp3", "libmp3lame", 16_000, "mp3"),
    "mp3, MPEG-2.5": ("mp3", "libmp3lame", 8_000, "mp3"),
    "m4a": ("ipod", "aac", 48_000, "mp4"),
    "mp4": ("mp4", "aac", 16_000, "mp4"),
    "3gp": ("3gp", "aac", 16_000, "mp4"),
    "mov": ("mov", "aac", 48_000, "mp4"),
    "flac": ("flac", "flac", 16_000, "flac"),
    "aac": ("adts", "aac", 16_000, "aac"),
}


def written(form: str, codec: str, rate: int, options: dict[str, str] | None = None) -> bytes:
    """Return two seconds of a rising tone in a real container."""
    file = io.BytesIO()
    with av.open(file, "w", format=form, options=options or {}) as media:
        stream = media.add_stream(codec, rate=rate, layout="mono")
        tone = np.sin(np.cumsum(np.linspace(0.05, 0.3, 2 * rate))).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tone[None] * 0.3, format="fltp", layout="mono")
        frame.rate = rate
        resampler = av.AudioResampler(stream.codec_context.format, "mono", rate)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            media.mux(stream.encode(piece))
        media.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("name", WRITERS)
def test_a_real_recording_is_recognised_and_the_decoder_agrees(name: str) -> None:
    form, codec, rate, expected = WRITERS[name]
    data = written(form, codec, rate)
    assert container(data[:HEAD_BYTES]) == expected
    with av.open(io.BytesIO(data), format=DEMUXERS[expected]) as media:
        assert next(media.decode(audio=0)).samples


def test_a_fragmented_mp4_as_browsers_record_it_is_recognised() -> None:
    data = written("mp4", "aac", 48_000, {"movflags": "frag_keyframe+empty_moov"})
    assert container(data[:HEAD_BYTES]) == "mp4"


def test_an_rf64_file_is_wav() -> None:
    data = written("wav", "pcm_s16le", 16_000, {"rf64": "always"})
    assert data.startswith(b"RF64")
    assert container(data[:HEAD_BYTES]) == "wav"


def test_an_mp3_without_its_tag_is_recognised_by_its_frames() -> None:
    data = written("mp3", "libmp3lame", 44_100, {"id3v2_version": "0"})
    assert data[0] == 0xFF
    assert container(data[:HEAD_BYTES]) == "mp3"


def tag(size: int) -> bytes:
    octets = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + octets + b"\x01" * size


def test_a_cover_picture_before_the_sound_does_not_hide_an_mp3() -> None:
    assert container(tag(200_000)[:HEAD_BYTES]) == "mp3"


def test_a_tag_before_aac_frames_is_seen_through() -> None:
    data = written("adts", "aac", 16_000)
    assert container((tag(100) + data)[:HEAD_BYTES]) == "aac"


def test_the_decoder_has_a_demuxer_for_each_container() -> None:
    assert set(CONTAINERS) == set(DEMUXERS)


def an_archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("answer.wav", b"RIFF")
    return file.getvalue()


NOT_AUDIO = {
    "nothing": b"",
    "text": b"Once upon a time there was an answer.\n" * 200,
    "Turkish text": "Ekip içinde yaşadığım bir anlaşmazlık\n".encode() * 100,
    "UTF-16 text": "answer, a long one, in UTF-16".encode("utf-16") * 100,
    "HTML": b"<!doctype html><audio src=http://127.0.0.1/>",
    "HLS playlist": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/\n",
    "ffconcat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "SDP": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=audio 5004 RTP/AVP 0\r\n",
    "ZIP": an_archive(),
    "PNG": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\xff\xfb\x90" * 100,
    "WEBP": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "AVI": b"RIFF\x24\x00\x00\x00AVI LIST",
    "MIDI": b"MThd\x00\x00\x00\x06",
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1isom",
    "unknown brand": b"\0\0\0\x14ftypcrx \0\0\0\0crx ",
    "ftyp of no size": b"\0\0\0\0ftypisom\0\0\0\0isom",
    "EBML of another kind": b"\x1a\x45\xdf\xa3\x87\x42\x82\x84mkvx",
    "EBML without an end": b"\x1a\x45\xdf\xa3",
    "EBML of size zero": b"\x1a\x45\xdf\xa3\x00",
    "EBML with a broken element": b"\x1a\x45\xdf\xa3\x87\x42\x86\x00\x00\x00\x00",
    "a tag and nothing": tag(10),
    "a tag and text": tag(10) + b"Once upon a time there was an answer",
    "a broken tag": b"ID3\x04\x00\x00\xff\xff\xff\xff" + b"x" * 100,
    "one MP3 header": b"\xff\xfb\x90\x00",
    "one MP3 header and zeros": b"\xff\xfb\x90\x00" + b"\0" * 4096,
    "one ADTS header": b"\xff\xf1\x60\x40\x02\x1f\xfc",
    "ones": b"\xff" * HEAD_BYTES,
    "zeros": b"\0" * HEAD_BYTES,
}


@pytest.mark.parametrize("name", NOT_AUDIO)
def test_what_is_no_audio_is_not_recognised(name: str) -> None:
    assert container(NOT_AUDIO[name][:HEAD_BYTES]) is None


@pytest.mark.parametrize("name", WRITERS)
def test_no_beginning_of_a_recording_breaks_it(name: str) -> None:
    form, codec, rate, expected = WRITERS[name]
    data = written(form, codec, rate)
    assert {container(data[:length]) for length in range(300)} <= {None, expected}


def test_chance_is_not_taken_for_sound() -> None:
    chance = np.random.default_rng(7)
    found = [container(b"\xff" + chance.bytes(HEAD_BYTES - 1)) for _ in range(2000)]
    assert sum(name is not None for name in found) <= 2
