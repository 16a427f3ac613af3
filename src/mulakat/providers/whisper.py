"""Whisper through faster-whisper and CTranslate2, held so that it invents nothing."""

import os
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulakat.memory.release import give_back
from mulakat.providers import model_files
from mulakat.providers.values import Heard, Window, Word

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


class Whisper:
    """A loaded model; one transcription at a time, which is the caller's to see to.

    Takes 166 MB at loading from int8 files. Raises ModelError(reason) when a file is not the
    pinned one; never reaches for a network.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Load from `folder`; `threads` 0 means one for each core this process may use."""
        model_files.check(folder)
        from faster_whisper import WhisperModel

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
        return f"{model_files.NAME} (faster-whisper {metadata.version('faster-whisper')})"

    def transcribe(self, windows: Iterable[Window], language: str) -> Iterator[Heard]:
        """Yield one Heard for each window, in order; words in order with times that rise.

        Windows without voice energy are not shown to the model at all. Freed memory goes
        back to the system after each window.
        """
        last = 0.0
        for window in windows:
            words = tuple(self._window(window, language, last))
            if words:
                last = words[-1].end
            give_back()
            yield Heard(window.index, words)

    def close(self) -> None:
        """Unload the model and give its memory back; nothing works afterwards."""
        self._model = None
        give_back()

    def _window(self, window: Window, language: str, last: float) -> Iterator[Word]:
        from mulakat.providers.loudness import levels, voice

        spoken = voice(levels(window.samples))
        if not spoken.any():
            return
        segments = self._segments(window, language, spoken)
        if any(segment.compression_ratio > MAX_COMPRESSION for segment in segments):
            segments = self._segments(window, language, spoken, **RETRY_OPTIONS)
        end = window.start + window.seconds
        for segment in segments:
            if not _believable(segment, spoken):
                continue
            for word in segment.words:
                text = word.word.strip()
                if not text:
                    continue
                start = min(max(window.start + float(word.start), last), end)
                last = min(max(window.start + float(word.end), start), end)
                yield Word(text, round(start, 3), round(last, 3), round(float(word.probability), 4))

    def _segments(
        self, window: Window, language: str, spoken: "NDArray[np.bool_]", **more: Any
    ) -> list[Any]:
        if self._model is None:
            raise RuntimeError("the model is closed")
        found, _ = self._model.transcribe(window.samples, language=language, **OPTIONS, **more)
        segments = []
        for segment in found:
            segments.append(segment)
            if not spoken[_frame(segment.end) :].any():
                # The rest is silence: another pass of the encoder would cost a second and
                # find nothing, or worse, something.
                break
        return segments


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
