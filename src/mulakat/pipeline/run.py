"""One answer through all stages: decode, transcribe, delivery, evaluate, report.

The pipeline takes windows as they come, so an answer that is still arriving needs another
source of windows and nothing else.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from mulakat.errors import Invalid, SpeechRefused, TranscriberUnavailable
from mulakat.pipeline import gate, report
from mulakat.pipeline.decode import windows as decoded_windows
from mulakat.pipeline.delivery import measure
from mulakat.pipeline.sound import SoundMeter, metered
from mulakat.providers.protocols import Evaluator, RemoteTranscriber, Transcriber, Unheard
from mulakat.providers.values import Material, Sound, Window, Word
from mulakat.settings import MAX_AUDIO_SECONDS

RETRY_SECONDS = 30
"""When a recording may be sent again that no provider heard (design decision)."""

ABOUT_THE_RECORDING = {"rejected", "blocked", "too_large"}
"""Reasons (mulakat.providers.remote.REASONS) that stay the same however often it is sent."""

Recogniser = Callable[[], AbstractContextManager[Transcriber]]
"""Lends the recogniser of this machine, loaded."""

Progress = Callable[[str, int | None], None]
"""Told each stage ("decoding", "transcribing", "evaluating") and its per cent, if known."""


@dataclass(frozen=True, slots=True)
class Job:
    """One answer to process: a recording on disk and its container, or a typed text."""

    question: str
    language: str
    reader: str
    audio: Path | None = None
    container: str | None = None
    typed_text: str | None = None
    additional_text: str = ""
    key_points: tuple[str, ...] = ()
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Tools:
    """The heavy parts, each held only for the stage that needs it.

    Where there is a `remote` recogniser it hears the answers, and `transcriber` only those it
    failed with; `transcriber` is None where no model here can hear.
    """

    transcriber: Recogniser | None
    evaluator: Callable[[], AbstractContextManager[Evaluator]]
    remote: RemoteTranscriber | None = None


@dataclass(frozen=True, slots=True)
class _Listened:
    """What came of a recording; `fallback` says why the remote recogniser did not hear it."""

    words: tuple[Word, ...]
    sound: Sound
    engine: str
    fallback: str | None = None


@dataclass(slots=True)
class _Spent:
    """Seconds spent inside an iterator, told apart from its consumer's."""

    seconds: float = 0.0

    def over(self, items: Iterable[Window]) -> Iterator[Window]:
        iterator = iter(items)
        while True:
            began = time.perf_counter()
            item = next(iterator, None)
            self.seconds += time.perf_counter() - began
            if item is None:
                return
            yield item


def run(job: Job, tools: Tools, progress: Progress) -> dict[str, object]:
    """Return the result that is stored and served (its shape: `report.result`).

    Raises Invalid("no_speech") for a recording without speech, decode's errors for one that
    cannot be read, and, where a provider that should hear it does not and no model here can,
    TranscriberUnavailable or SpeechRefused.
    """
    began = time.perf_counter()
    spent: dict[str, float] = {}
    heard: _Listened | None = None
    sound: Sound | None = None
    if job.audio is not None:
        heard = _listen(job, job.audio, tools, progress, spent)
        words, sound = heard.words, heard.sound
        text = " ".join(word.text for word in words)
        if not text:
            raise Invalid("no_speech")
    else:
        text = (job.typed_text or "").strip()
        words = tuple(Word(word, 0.0, 0.0) for word in text.split())
    progress("evaluating", None)
    evaluating = time.perf_counter()
    delivery = measure(sound, words, job.language) if sound else None
    material = Material(
        question=job.question,
        language=job.language,
        reader=job.reader,
        text=text,
        words=words,
        typed=job.audio is None,
        additional_text=job.additional_text,
        delivery=delivery,
        key_points=job.key_points,
        example=job.example,
    )
    assessment = gate.not_scored(material)
    if assessment is None:
        with tools.evaluator() as evaluator:
            assessment = evaluator.evaluate(material)
    spent["evaluate"] = time.perf_counter() - evaluating
    spent["total"] = time.perf_counter() - began
    timings = {stage: round(seconds, 3) for stage, seconds in spent.items()}
    if sound:
        timings["audio_seconds"] = round(sound.seconds, 2)
        timings["real_time_factor"] = round(spent["total"] / max(sound.seconds, 0.1), 3)
    return report.result(
        material=material,
        assessment=assessment,
        sound=sound,
        transcriber=heard.engine if heard else None,
        timings=timings,
        transcriber_fallback=heard.fallback if heard else None,
    )


def _listen(
    job: Job, audio: Path, tools: Tools, progress: Progress, spent: dict[str, float]
) -> _Listened:
    progress("decoding", None)
    failure: str | None = None
    if tools.remote:
        try:
            return _listen_elsewhere(job, audio, tools.remote, progress, spent)
        except Unheard as unheard:
            failure = unheard.reason
    if tools.transcriber is None:
        if failure in ABOUT_THE_RECORDING:
            raise SpeechRefused
        raise TranscriberUnavailable(RETRY_SECONDS)
    heard = _listen_here(job, audio, tools.transcriber, progress, spent)
    return replace(heard, fallback=failure)


def _listen_elsewhere(
    job: Job, audio: Path, remote: RemoteTranscriber, progress: Progress, spent: dict[str, float]
) -> _Listened:
    """Decode first: what cannot be read, is too long or holds no voice is not sent to anyone."""
    began = time.perf_counter()
    meter = SoundMeter()
    with audio.open("rb") as file:
        source = decoded_windows(file, job.container or "", cap_seconds=MAX_AUDIO_SECONDS)
        for _ in metered(source, meter):
            pass
    sound = meter.result()
    spent["decode"] = time.perf_counter() - began
    if not sound.speech_seconds:
        raise Invalid("no_speech")
    progress("transcribing", None)
    began = time.perf_counter()
    words = remote.transcribe_file(audio, job.container or "", job.language, sound)
    spent["transcribe"] = time.perf_counter() - began
    return _Listened(words, sound, remote.engine)


def _listen_here(
    job: Job, audio: Path, recogniser: Recogniser, progress: Progress, spent: dict[str, float]
) -> _Listened:
    meter, decoding = SoundMeter(), _Spent()
    words: list[Word] = []
    began = time.perf_counter()
    size = max(1, audio.stat().st_size)
    with audio.open("rb") as file, recogniser() as transcriber:
        loaded = time.perf_counter()
        source = decoded_windows(file, job.container or "", cap_seconds=MAX_AUDIO_SECONDS)
        windows = metered(decoding.over(source), meter)
        for heard in transcriber.transcribe(_told(windows, progress, file, size), job.language):
            words.extend(heard.words)
        name = transcriber.engine
    spent["load"] = loaded - began
    spent["decode"] = decoding.seconds
    spent["transcribe"] = time.perf_counter() - loaded - decoding.seconds
    return _Listened(tuple(words), meter.result(), name)


def _told(
    windows: Iterable[Window], progress: Progress, file: BinaryIO, size: int
) -> Iterator[Window]:
    """Report how far we are: by bytes read, since a header's duration may lie."""
    done = 0
    for window in windows:
        progress("transcribing", done)
        yield window
        done = min(99, 100 * file.tell() // size)
        progress("transcribing", done)
