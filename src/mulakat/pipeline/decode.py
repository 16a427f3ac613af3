"""Untrusted audio to windows of 16 kHz mono, in bounded memory.

The container was recognised by its content before; here FFmpeg (through PyAV) is held to that
one demuxer and to a short list of decoders, reads from our file object and may open nothing
else: a playlist or SDP cannot fetch, since no protocol is allowed. Headers are not believed:
samples are counted as they are decoded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from mulakat.errors import Invalid, NotAudio
from mulakat.providers.values import SAMPLE_RATE, WINDOW_SECONDS, Window
from mulakat.settings import MAX_AUDIO_SECONDS

DEMUXERS = {
    "webm": "matroska",
    "ogg": "ogg",
    "wav": "wav",
    "mp3": "mp3",
    "mp4": "mov",
    "flac": "flac",
    "aac": "aac",
}
"""FFmpeg's demuxer for each container that intake recognises."""

DECODERS = (
    "opus,libopus,vorbis,libvorbis,aac,mp3float,mp3,flac,alac,"
    "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_s16be,pcm_alaw,pcm_mulaw"
)
"""The decoders that may run: what browsers, phones and recorders write, nothing exotic."""

MIN_RATE, MAX_RATE = 4_000, 192_000
"""Hz. Telephone speech has 8,000; a rate of 1 Hz would make 16,000 samples out of each."""

MAX_CHANNELS = 8

MAX_FRAME_VALUES = 1 << 20
"""Samples x channels of one decoded frame; the largest honest one is FLAC's, 65,535 x 8."""

CUT_SECONDS = 5.0
"""How far before a window's end the cut may lie: a breath comes at least that often."""

LEAST_SECONDS = 1.0
"""What must be decoded of a damaged recording for it to be worth hearing."""

PADDING_SECONDS = 0.25
"""Allowed over the cap: encoders pad (MP3 by 1,681 samples at 16 kHz, 105 ms)."""

_WINDOW = int(WINDOW_SECONDS * SAMPLE_RATE)
_FRAME = SAMPLE_RATE // 50
_CUT_FRAMES = 10
"""200 ms: a stop consonant's closure is quiet for 50-100 ms, within a word."""


class _Nameless:
    """A file object without a name, so that FFmpeg has nothing to guess from."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


def windows(
    source: Path | BinaryIO, container: str, *, cap_seconds: float = MAX_AUDIO_SECONDS
) -> Iterator[Window]:
    """Yield the first audio stream as windows of at most 30 s, cut where it is quiet.

    `source` is a path or a seekable binary file, `container` a key of DEMUXERS. Holds one
    window, however long the audio. Raises NotAudio for an unknown container or one without
    an audio stream; Invalid("audio_empty") when there are no samples, Invalid("audio_broken")
    when it cannot be read, Invalid("audio_too_long", limit_minutes) when more than
    `cap_seconds` come out. A recording that breaks off yields what was decoded, if that is
    LEAST_SECONDS or more.
    """
    if container not in DEMUXERS:
        raise NotAudio
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield from windows(file, container, cap_seconds=cap_seconds)
        return
    if not source.read(1):
        raise Invalid("audio_empty")
    _refuse_if_too_long(source, container, cap_seconds)
    with _opened(source, container) as (media, stream):
        yield from _windows(_Decoding(media, stream, cap_seconds))


def _windows(decoding: "_Decoding") -> Iterator[Window]:
    buffer = np.empty(_WINDOW, np.float32)
    held = index = start = 0
    for chunk in decoding.samples():
        taken = 0
        while taken < len(chunk):
            count = min(_WINDOW - held, len(chunk) - taken)
            buffer[held : held + count] = chunk[taken : taken + count]
            held, taken = held + count, taken + count
            if held == _WINDOW:
                cut = _quietest(buffer)
                yield Window(index, start / SAMPLE_RATE, buffer[:cut].copy())
                buffer[: held - cut] = buffer[cut:held].copy()
                held, index, start = held - cut, index + 1, start + cut
    if held:
        yield Window(index, start / SAMPLE_RATE, buffer[:held].copy())


def _quietest(samples: NDArray[np.float32]) -> int:
    """Return the sample amid the last quiet 200 ms within CUT_SECONDS of the end.

    Quiet is within 3 dB of the quietest; the last such place, since every window costs a
    whole pass of the encoder however short it is.
    """
    span = int(CUT_SECONDS * SAMPLE_RATE)
    frames = samples[-span:].reshape(-1, _FRAME)
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64)
    around = np.convolve(power, np.ones(_CUT_FRAMES), mode="valid")
    last = int(np.flatnonzero(around <= 2 * around.min())[-1])
    return len(samples) - span + (last + _CUT_FRAMES // 2) * _FRAME


class _Decoding:
    """Frames to samples, every claim checked as it comes."""

    def __init__(self, media: InputContainer, stream: AudioStream, cap_seconds: float) -> None:
        self._media = media
        self._stream = stream
        self._cap = cap_seconds
        self._damaged = False

    def frames(self) -> Iterator[AudioFrame]:
        """Yield decoded frames up to the cap, skipping what is damaged.

        Raises Invalid("audio_too_long") and, for frames nobody records, ("audio_broken").
        """
        seconds = 0.0
        for frame in self._decoded():
            channels, rate = frame.layout.nb_channels, frame.sample_rate
            if not (MIN_RATE <= rate <= MAX_RATE and 1 <= channels <= MAX_CHANNELS):
                raise Invalid("audio_broken")
            if frame.samples * channels > MAX_FRAME_VALUES:
                raise Invalid("audio_broken")
            seconds += frame.samples / rate
            if seconds > self._cap + PADDING_SECONDS:
                raise Invalid("audio_too_long", limit_minutes=round(self._cap / 60))
            yield frame
        if seconds == 0:
            raise Invalid("audio_broken" if self._damaged else "audio_empty")
        if self._damaged and seconds < LEAST_SECONDS:
            raise Invalid("audio_broken")

    def samples(self) -> Iterator[NDArray[np.float32]]:
        """Yield 16 kHz mono float32 pieces of shape (n,)."""
        resampler: av.AudioResampler | None = None
        shape: tuple[str, str, int] | None = None
        try:
            for frame in self.frames():
                frame.pts = None  # gaps and jumps in time stamps are not filled with silence
                now = (frame.format.name, frame.layout.name, frame.sample_rate)
                if resampler is None or now != shape:
                    # A stream may change its form midway (chained Ogg, AAC with SBR).
                    if resampler is not None:
                        yield from _mono(resampler, None)
                    resampler, shape = av.AudioResampler("flt", "mono", SAMPLE_RATE), now
                yield from _mono(resampler, frame)
            if resampler is not None:
                yield from _mono(resampler, None)
        except av.FFmpegError:
            raise Invalid("audio_broken") from None

    def _decoded(self) -> Iterator[AudioFrame]:
        packets = self._media.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.EOFError):
                return
            except av.FFmpegError:
                self._damaged = True
                return
            try:
                decoded = packet.decode()
            except av.EOFError:
                return
            except av.FFmpegError:
                self._damaged = True
                continue
            yield from decoded


def _mono(resampler: av.AudioResampler, frame: AudioFrame | None) -> Iterator[NDArray[np.float32]]:
    for piece in resampler.resample(frame):
        samples: NDArray[np.float32] = piece.to_ndarray()[0]
        # Decoders of floating-point streams may hand over anything.
        yield np.clip(np.nan_to_num(samples, copy=False, posinf=1, neginf=-1), -1, 1)


@contextmanager
def _opened(file: BinaryIO, container: str) -> Iterator[tuple[InputContainer, AudioStream]]:
    file.seek(0)
    demuxer = DEMUXERS[container]
    try:
        media = av.open(
            _Nameless(file),
            mode="r",
            metadata_errors="replace",
            format=demuxer,
            options={
                "format_whitelist": demuxer,
                "codec_whitelist": DECODERS,
                "protocol_whitelist": "none",  # no protocol is called so
            },
        )
    except av.FFmpegError:
        raise Invalid("audio_broken") from None
    with media:
        if not media.streams.audio:
            raise NotAudio
        stream = media.streams.audio[0]
        if stream.codec_context is None or stream.codec_context.name not in DECODERS.split(","):
            raise Invalid("audio_broken")
        stream.codec_context.thread_count = 1
        yield media, stream


def _refuse_if_too_long(file: BinaryIO, container: str, cap_seconds: float) -> None:
    """Count the samples at once where the header already claims too many.

    Else the reader would learn it only after the cap's worth was transcribed. The claim
    alone decides nothing.
    """
    with _opened(file, container) as (media, stream):
        if media.duration is None or media.duration / av.time_base <= cap_seconds:
            return
        for _ in _Decoding(media, stream, cap_seconds).frames():
            pass
