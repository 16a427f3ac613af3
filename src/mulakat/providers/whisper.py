"""Whisper through faster-whisper and CTranslate2, held so that it invents nothing."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulakat.memory.release import give_back
from mulakat.providers import model_files
from mulakat.providers.values import SAMPLE_RATE, WINDOW_SECONDS, Heard, Window, Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OPTIONS: dict[str, Any] = {
    "beam_size": 1,  # beam 5 is 0.45 against 0.46 word error rate in Turkish, at twice the time
    "word_timestamps": True,
    "condition_on_previous_text": False,  # one wrong window must not lead the next astray
    "temperature": 0.0,  # no sampling: the same answer gives the same text
    "vad_filter": False,
}
"""What each window is transcribed with; the benchmark calls faster-whisper with the same."""

MAX_COMPRESSION = 2.4
"""Text that gzip shrinks more than this is a loop (Radford et al. 2022, §4.5)."""

RETRY_OPTIONS = {"no_repeat_ngram_size": 4}
"""How a window that fell into a loop is tried once more."""

MAX_NO_SPEECH = 0.6
"""Above it Whisper leans to "no speech" (Radford et al. 2022, §4.5) and must be sure of its
words. Measured: real speech stays at 0.6 or below, whispered or in noise 3 dB louder; noise
and silence give 0.62-0.99."""

MIN_LOGPROB, MIN_PROBABILITY = -0.8, 0.5
"""How sure: of the text on average, and of the segment's words on average. Measured: 0.12-0.33
for what base hears in silence and noise, 0.66 and more for speech in loud noise."""

MIN_VOICE = 0.1
"""Share of a segment's time with voice energy in it, below which it was not said."""


class _EnoughHeard(Exception):
    """Ends faster-whisper's own loop before a pass that is not worth its time."""


class Whisper:
    """A loaded model; one transcription at a time, which is the caller's to see to.

    Base takes 166 MB at loading from int8 files. Raises ModelError(reason) when a file is not
    the pinned one, or an operator's own model no Whisper; never reaches for a network.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Load from `folder`; `threads` 0 means one for each core this process may use."""
        model_files.check(folder)
        self.name = folder.name
        from faster_whisper import WhisperModel

        with _memory_errors():
            self._model: Any | None = WhisperModel(
                str(folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=threads or len(os.sched_getaffinity(0)),
                num_workers=1,
                local_files_only=True,
            )

    @property
    def engine(self) -> str:
        """Name and version, stored with the result."""
        return f"{self.name} (faster-whisper {metadata.version('faster-whisper')})"

    def transcribe(self, windows: Iterable[Window], language: str) -> Iterator[Heard]:
        """Yield one Heard for each window, in order, and one more if words remained.

        Words are in order and their times rise. What Whisper leaves unfinished at a window's
        end is heard together with the next window, as faster-whisper does in a whole file:
        a pass of the encoder takes as long for 2 s as for 30 s. Sound without voice energy is
        not shown to the model at all. Freed memory goes back after each window.
        """
        import numpy as np

        index, last, end = 0, 0.0, 0.0
        rest = np.zeros(0, np.float32)
        for window in windows:
            index, end = window.index, window.start + window.seconds
            audio = np.concatenate((rest, window.samples)) if len(rest) else window.samples
            segments, rest = self._listen(audio, language, final=False)
            words = tuple(_words(segments, end - len(audio) / SAMPLE_RATE, last, end))
            last = words[-1].end if words else last
            give_back()
            yield Heard(index, words)
        if len(rest):
            segments, _ = self._listen(rest, language, final=True)
            words = tuple(_words(segments, end - len(rest) / SAMPLE_RATE, last, end))
            give_back()
            if words:
                yield Heard(index, words)

    def close(self) -> None:
        """Unload the model and give its memory back; nothing works afterwards."""
        self._model = None
        give_back()

    def _listen(
        self, audio: "NDArray[np.float32]", language: str, *, final: bool
    ) -> tuple[list[Any], "NDArray[np.float32]"]:
        """Return what is believable in `audio`, and the unfinished rest, which may be empty."""
        from mulakat.providers.loudness import levels, voice

        spoken = voice(levels(audio))
        if not spoken.any():
            return [], audio[:0]
        segments, rest = self._passes(audio, language, spoken, final)
        if any(segment.compression_ratio > MAX_COMPRESSION for segment in segments):
            segments, rest = self._passes(audio, language, spoken, final, **RETRY_OPTIONS)
        return [segment for segment in segments if _believable(segment, spoken)], rest

    def _passes(
        self,
        audio: "NDArray[np.float32]",
        language: str,
        spoken: "NDArray[np.bool_]",
        final: bool,
        **more: Any,
    ) -> tuple[list[Any], "NDArray[np.float32]"]:
        model = self._model
        if model is None:
            raise RuntimeError("the model is closed")
        segments: list[Any] = []
        position = 0.0
        passes = 0

        def encode(features: Any) -> Any:
            nonlocal position, passes
            passes += 1
            if passes > 1:
                heard_to = float(segments[-1].words[-1].end) if segments else 0.0
                # A pass that yields nothing skips its whole 30 s.
                position = heard_to if heard_to > position else position + WINDOW_SECONDS
                left = len(audio) / SAMPLE_RATE - position
                if (not final and left < WINDOW_SECONDS) or not spoken[_frame(position) :].any():
                    raise _EnoughHeard
            return type(model).encode(model, features)

        model.encode = encode  # called once at the start of each pass
        try:
            with _memory_errors():
                found, _ = model.transcribe(audio, language=language, **OPTIONS, **more)
                segments.extend(segment for segment in found)
        except _EnoughHeard:
            first = max(0, round(position * SAMPLE_RATE))
            rest = audio[first:].copy()
            return segments, rest if spoken[_frame(position) :].any() else rest[:0]
        finally:
            del model.encode
        return segments, audio[:0]


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Make a MemoryError of what Intel's library, inside CTranslate2, says in words only."""
    try:
        yield
    except RuntimeError as error:
        if "allocate memory" in str(error):
            raise MemoryError(str(error)) from error
        raise


def _words(segments: list[Any], offset: float, last: float, end: float) -> Iterator[Word]:
    """Yield the words with their times in the answer, held between `last` and `end`."""
    for segment in segments:
        for word in segment.words:
            text = word.word.strip()
            if not text:
                continue
            start = min(max(offset + float(word.start), last), end)
            last = min(max(offset + float(word.end), start), end)
            yield Word(text, round(start, 3), round(last, 3), round(float(word.probability), 4))


def _believable(segment: Any, spoken: "NDArray[np.bool_]") -> bool:
    if segment.compression_ratio > MAX_COMPRESSION:
        return False
    if segment.no_speech_prob > MAX_NO_SPEECH:
        probabilities = [word.probability for word in segment.words]
        mean = sum(probabilities) / max(1, len(probabilities))
        if segment.avg_logprob < MIN_LOGPROB or mean < MIN_PROBABILITY:
            return False
    first = _frame(segment.start)
    heard = spoken[first : max(_frame(segment.end), first + 1)]
    return len(heard) > 0 and float(heard.mean()) >= MIN_VOICE


def _frame(seconds: float) -> int:
    from mulakat.providers.loudness import FRAMES_PER_SECOND

    return max(0, round(float(seconds) * FRAMES_PER_SECOND))
