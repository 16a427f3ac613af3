"""Untrusted audio to windows: every container, every kind of damage."""

import io
import itertools
import struct

import numpy as np
import pytest

import speech
from mulakat.errors import Invalid, NotAudio
from mulakat.pipeline.decode import MAX_FRAME_VALUES, windows
from mulakat.providers.values import SAMPLE_RATE, WINDOW_SECONDS


def joined(source, container, **options):
    parts = list(windows(source, container, **options))
    for before, after in itertools.pairwise(parts):
        assert after.index == before.index + 1
        assert after.start == pytest.approx(before.start + before.seconds)
    return np.concatenate([part.samples for part in parts])


def refused(source, container, **options):
    with pytest.raises((Invalid, NotAudio)) as caught:
        list(windows(source, container, **options))
    return caught.value.code


@pytest.mark.parametrize("container", sorted(speech.CONTAINERS))
def test_every_container_comes_out_as_16_khz_mono_float(container, tmp_path):
    original = speech.said("beckett")
    out = joined(speech.encode(original, tmp_path / "a", container), container)
    assert out.dtype == np.float32
    assert len(out) == pytest.approx(len(original), abs=0.15 * SAMPLE_RATE)
    assert np.abs(out).max() == pytest.approx(np.abs(original).max(), rel=0.2)


def test_a_file_object_gives_the_same_as_a_path(tmp_path):
    path = speech.encode(speech.said("beckett"), tmp_path / "a.webm")
    assert np.array_equal(joined(io.BytesIO(path.read_bytes()), "webm"), joined(path, "webm"))


def test_windows_end_in_silence_so_that_no_word_is_split(tmp_path):
    sound = np.concatenate([np.r_[speech.tone(3.4), speech.silence(0.4)] for _ in range(20)])
    path = speech.encode(sound, tmp_path / "a.wav", "wav", rate=16_000)
    parts = list(windows(path, "wav"))
    assert len(parts) == 3
    for part in parts:
        assert part.seconds <= WINDOW_SECONDS
        assert np.abs(part.samples[-800:]).max() == 0
    assert sum(len(part.samples) for part in parts) == len(sound)


def test_more_than_the_cap_is_too_long(tmp_path):
    path = speech.encode(speech.tone(62), tmp_path / "a.webm")
    with pytest.raises(Invalid) as caught:
        list(windows(path, "webm", cap_seconds=60))
    assert (caught.value.code, caught.value.params) == ("audio_too_long", {"limit_minutes": 1})


def test_what_its_header_calls_too_long_is_refused_before_the_first_window(tmp_path):
    path = speech.encode(speech.tone(62), tmp_path / "a.flac", "flac")
    with pytest.raises(Invalid, match="audio_too_long"):
        next(windows(path, "flac", cap_seconds=60))


def test_exactly_the_cap_is_accepted_with_the_encoders_padding(tmp_path):
    for container in ("mp3", "mp4", "webm"):
        path = speech.encode(speech.tone(60), tmp_path / f"a.{container}", container)
        assert len(joined(path, container, cap_seconds=60)) >= 60 * SAMPLE_RATE


def test_a_header_that_claims_one_second_does_not_hide_more(tmp_path):
    wav = bytearray(speech.encode(speech.tone(5), tmp_path / "a", "wav", rate=16_000).read_bytes())
    at = wav.index(b"data") + 4
    # 0xFFFFFFFF is what a recorder writes that cannot seek: "until the end".
    wav[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    assert refused(io.BytesIO(wav), "wav", cap_seconds=3) == "audio_too_long"


def test_a_header_that_claims_two_hours_decides_nothing(tmp_path):
    flac = bytearray(speech.encode(speech.tone(5), tmp_path / "a", "flac").read_bytes())
    total = int.from_bytes(flac[18:26]) & ~((1 << 36) - 1) | 44_100 * 7200
    flac[18:26] = total.to_bytes(8)  # STREAMINFO: the last 36 bits are the sample count
    assert len(joined(io.BytesIO(flac), "flac")) == pytest.approx(5 * SAMPLE_RATE, abs=800)


@pytest.mark.parametrize("container", ["wav", "flac"])
def test_eight_channels_at_192_khz_are_read(container, tmp_path):
    path = speech.encode(
        speech.said("beckett"), tmp_path / "a", container, rate=192_000, channels=8
    )
    assert len(joined(path, container)) == pytest.approx(9.96 * SAMPLE_RATE, abs=800)


def wav_header(channels: int, rate: int, data: bytes) -> io.BytesIO:
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data))
    return io.BytesIO(b"RIFF" + struct.pack("<I", len(head) + len(data)) + head + data)


@pytest.mark.parametrize(
    ("channels", "rate"), [(9, 16_000), (255, 16_000), (1, 1), (1, 384_000), (2, 3_000)]
)
def test_what_nobody_records_is_refused(channels, rate):
    source = wav_header(channels, rate, bytes(channels * 2 * 10_000))
    assert refused(source, "wav") == "audio_broken"


def test_one_frame_is_bounded():
    assert MAX_FRAME_VALUES >= 65_535 * 8  # FLAC's largest must pass


@pytest.mark.parametrize("container", sorted(speech.CONTAINERS))
def test_no_bytes_and_text_are_refused(container):
    assert refused(io.BytesIO(b""), container) == "audio_empty"
    text = io.BytesIO(b"Hello, this is a text.\n" * 500)
    assert refused(text, container) in {"audio_broken", "audio_empty"}


def test_a_container_without_samples_is_empty():
    assert refused(wav_header(1, 16_000, b""), "wav") in {"audio_empty", "audio_broken"}


def test_an_unknown_container_is_no_audio():
    assert refused(io.BytesIO(b"#EXTM3U"), "m3u8") == "not_audio"


@pytest.mark.parametrize("container", sorted(speech.CONTAINERS))
def test_a_recording_cut_in_the_middle_gives_what_there_is_or_is_broken(container, tmp_path):
    whole = speech.encode(speech.said("beckett"), tmp_path / "a", container).read_bytes()
    if container == "mp4":  # its index stands at the end
        assert refused(io.BytesIO(whole[: len(whole) // 2]), container) == "audio_broken"
        return
    half = joined(io.BytesIO(whole[: len(whole) // 2]), container)
    assert 3 * SAMPLE_RATE < len(half) < 7 * SAMPLE_RATE


def test_random_damage_is_never_anything_but_a_refusal(tmp_path):
    random = np.random.default_rng(7)
    short = speech.said("beckett")[: 3 * SAMPLE_RATE]
    for container in speech.CONTAINERS:
        whole = speech.encode(short, tmp_path / container, container).read_bytes()
        for _ in range(40):
            hurt = np.frombuffer(whole, np.uint8).copy()
            places = random.integers(0, len(hurt), random.integers(1, 60))
            hurt[places] = random.integers(0, 256, len(places))
            cut = int(random.integers(len(hurt) // 2, len(hurt)))
            try:
                out = joined(io.BytesIO(hurt[:cut].tobytes()), container)
            except (Invalid, NotAudio):
                continue
            assert np.isfinite(out).all()
            assert np.abs(out).max(initial=0) <= 1


def test_floating_point_rubbish_is_held_within_bounds(tmp_path):
    path = speech.encode(speech.tone(2), tmp_path / "a", "wav", rate=16_000, codec="pcm_f32le")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 8
    data[at : at + 12] = struct.pack("<3f", float("nan"), float("inf"), -1e30)
    out = joined(io.BytesIO(data), "wav")
    assert out[0] == 0
    assert out[1] == 1
    assert out[2] == -1
