"""Recordings for tests: real human speech from a wheel, and what is made out of it.

The wheel's files are found through its metadata; its code is never imported.
"""

import ctypes
import functools
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000

Samples = NDArray[np.float32]

TEXTS = {
    "beckett": "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.",
    "two_cities": (
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was "
        "the age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it "
        "was the season of light, it was the season of darkness, it was the spring of hope, it "
        "was the winter of despair, we had everything before us, we had nothing before us, we "
        "were all going direct to heaven, we were all going direct the other way; in short, the "
        "period was so far like the present period, that some of its noisiest authorities "
        "insisted on its being received, for good or for evil, in the superlative degree of "
        "comparison only."
    ),
}
"""What is said: beckett 10 s, two_cities 44 s, both English."""

CONTAINERS = {
    "webm": ("webm", "libopus", 48_000),
    "ogg": ("ogg", "libopus", 48_000),
    "mp4": ("mp4", "aac", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "flac": ("flac", "flac", 44_100),
    "wav": ("wav", "pcm_s16le", 44_100),
    "aac": ("adts", "aac", 44_100),
}
"""Muxer, encoder and rate with which each container is written."""


@functools.cache
def recording(name: str) -> Path:
    """Return the path of beckett.wav or two_cities.wav."""
    for file in metadata.files("moonshine-voice") or ():
        if file.name == f"{name}.wav":
            return Path(str(file.locate()))
    raise LookupError(name)


@functools.cache
def _said(name: str) -> Samples:
    samples = _decoded(recording(name))
    samples.flags.writeable = False
    return samples


def said(name: str) -> Samples:
    """Return a recording as 16 kHz mono samples."""
    return _said(name).copy()


def silence(seconds: float) -> Samples:
    """Return digital silence."""
    return np.zeros(round(seconds * RATE), np.float32)


def tone(seconds: float, hertz: float = 300.0, peak: float = 0.3) -> Samples:
    """Return a sine."""
    time = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(peak * np.sin(2 * np.pi * hertz * time), np.float32)


def vowel(
    seconds: float,
    hertz: float = 120.0,
    formants: tuple[float, float, float] = (500.0, 1400.0, 2500.0),
    fall: float = 0.0,
    seed: int = 1,
) -> Samples:
    """A sung-out vowel, as in "um" or "ııı": harmonics under formants, with a voice's small waver.

    `fall` is how many semitones the pitch falls in a second.
    """
    draw = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    knots = max(3, round(seconds * 20))
    waver = np.interp(time, np.linspace(0, seconds, knots), draw.normal(0, 0.004, knots))
    phase = 2 * np.pi * np.cumsum(hertz * 2 ** (-fall * time / 12) * (1 + waver)) / RATE
    total = np.zeros(len(time))
    for k in range(1, round(4000 / hertz)):
        gain = 0.02 + sum(1 / (1 + ((k * hertz - f) / (60 + 0.05 * f)) ** 2) for f in formants)
        total += gain / k**0.5 * np.sin(k * phase + k)
    edges = np.clip(np.minimum(time / 0.04, (seconds - time) / 0.06), 0, 1)
    return np.asarray(0.15 * edges * total / np.abs(total).max(), np.float32)


def noise(seconds: float, level: float = 0.05, seed: int = 1) -> Samples:
    """Return white noise; `level` is its standard deviation."""
    made = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return np.asarray(level * made, np.float32)


def minutes(count: float, name: str = "two_cities") -> Samples:
    """Return that many minutes of a recording, repeated."""
    return np.resize(said(name), round(count * 60 * RATE))


def encode(
    samples: Samples | Iterable[Samples],
    path: Path,
    container: str = "webm",
    *,
    rate: int | None = None,
    channels: int = 1,
    codec: str | None = None,
) -> Path:
    """Write samples, or pieces of them, as a file of this container; return its path."""
    muxer, usual, usual_rate = CONTAINERS[container]
    rate = rate or usual_rate
    layout = {1: "mono", 2: "stereo", 8: "7.1"}[channels]
    pieces = [samples] if isinstance(samples, np.ndarray) else samples
    with av.open(str(path), "w", format=muxer) as media:
        stream = media.add_stream(codec or usual, rate=rate, layout=layout)
        resampler = av.AudioResampler(stream.format.name, layout, rate, stream.frame_size or 0)
        for piece in pieces:
            for start in range(0, len(piece), RATE):
                block = np.ascontiguousarray(piece[start : start + RATE])
                frame = av.AudioFrame.from_ndarray(block[None, :], format="flt", layout="mono")
                frame.sample_rate = RATE
                for shaped in resampler.resample(frame):
                    media.mux(stream.encode(shaped))
        for shaped in resampler.resample(None):
            media.mux(stream.encode(shaped))
        media.mux(stream.encode(None))
    return path


def spoken(text: str, voice: str = "tr") -> Samples:
    """Return what the espeak-ng synthesiser says, as 16 kHz mono samples."""
    rate, pieces = _synthesise(text, voice)
    raw = np.concatenate(pieces).astype(np.float32) / 32768
    frame = av.AudioFrame.from_ndarray(raw[None, :], format="flt", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler("flt", "mono", RATE)
    out = [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
    out += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    return np.concatenate(out)


def _decoded(path: Path) -> Samples:
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(str(path)) as media:
        pieces = [p.to_ndarray()[0] for f in media.decode(audio=0) for p in resampler.resample(f)]
    pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    return np.concatenate(pieces)


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@functools.cache
def _espeak() -> tuple[ctypes.CDLL, int]:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    # AUDIO_OUTPUT_SYNCHRONOUS = 2; returns the sample rate.
    data = espeakng_loader.get_data_path().encode()
    return library, int(library.espeak_Initialize(2, 0, data, 0))


def _synthesise(text: str, voice: str) -> tuple[int, list[NDArray[np.int16]]]:
    library, rate = _espeak()
    pieces: list[NDArray[np.int16]] = []

    @_CALLBACK
    def take(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    library.espeak_SetSynthCallback(take)
    library.espeak_SetVoiceByName(voice.encode())
    said = text.encode() + b"\0"
    # espeakCHARS_UTF8 = 1
    library.espeak_Synth(said, len(said), 0, 0, 0, 1, None, None)
    library.espeak_Synchronize()
    return rate, pieces
