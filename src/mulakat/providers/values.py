"""The frozen values that travel through the pipeline and across the Protocols."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Hz; what Whisper was trained on (Radford et al. 2022, §2.2)."""

WINDOW_SECONDS = 30.0
"""The longest window; Whisper's encoder always works on 30 s (ibid.)."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most WINDOW_SECONDS of mono sound.

    `start` is in seconds from the beginning of the answer; `samples` has the shape (n,),
    float32 in [-1, 1] at SAMPLE_RATE.
    """

    index: int
    start: float
    samples: "NDArray[np.float32]"

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; `start` and `end` in seconds from the beginning of the answer.

    `probability` is None for recognisers that do not give one.
    """

    text: str
    start: float
    end: float
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser made of one window; no words when it heard no speech."""

    window: int
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence inside the answer, in seconds from its beginning."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Sound:
    """What the audio itself tells, gathered window by window.

    `envelope` is the loudness drawn in the answer strip: integers 0–100, one for each
    `envelope_step` seconds. `speech_seconds` is the time with voice in it, the pauses
    are the silences between the first and the last voiced frame. `held` are the stretches
    where the voice stands still ("um", "ııı"), `pitch_range` the semitones between the 10th and
    90th percentile (None for too little voice), `level` what is wrong with the microphone's
    gain: quiet, clipped, noisy.
    """

    seconds: float
    speech_seconds: float
    first_speech: float
    last_speech: float
    pauses: tuple[Pause, ...]
    envelope: tuple[int, ...]
    envelope_step: float
    held: tuple[Pause, ...] = ()
    pitch_range: float | None = None
    voice_breaks: int = 0
    level: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filler:
    """A filled pause or filler phrase ("um", "şey"), with its time.

    `heard` is True for one that the sound tells and the recogniser left out.
    """

    text: str
    start: float
    end: float
    heard: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the answer was spoken. Rates per minute, durations in seconds, ratios 0–1.

    `words_per_minute` is over the whole span from first to last speech; the articulation
    rate (syllables per second of speech) leaves pauses out (Goldman-Eisler 1968).
    `pauses_by_length` counts those below 0.5 s, 1 s, 2 s and longer ones; `pitch_range` is in
    semitones.
    None where there is nothing to measure.
    """

    words: int
    words_per_minute: float | None
    articulation_rate: float | None
    speech_ratio: float | None
    pause_count: int
    pause_total: float
    pause_longest: float
    pauses_per_minute: float | None
    fillers: tuple[Filler, ...] = ()
    fillers_per_minute: float | None = None
    pauses_by_length: tuple[int, int, int, int] = (0, 0, 0, 0)
    long_pauses_per_minute: float | None = None
    pitch_range: float | None = None
    voice_breaks: int = 0
    level: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """All that an evaluator may look at. `reader` is the language of its sentences.

    For a typed answer `words` carry no times (0.0) and `delivery` is None. `key_points` are
    what a strong answer to this question says, and `example` one that does, where a question bank
    tells.
    """

    question: str
    language: str
    reader: str
    text: str
    words: tuple[Word, ...]
    typed: bool
    additional_text: str = ""
    delivery: Delivery | None = None
    key_points: tuple[str, ...] = ()
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote from the answer, verbatim; times are None for a typed answer."""

    quote: str
    start: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of the rubric: 0–100, its share of the total, its evidence and advice."""

    key: str
    name: str
    weight: float
    score: int
    evidence: tuple[Evidence, ...]
    advice: str


@dataclass(frozen=True, slots=True)
class Point:
    """A key point and whether the answer says it, with the passage that does or comes near."""

    text: str
    state: Literal["covered", "partly", "missing"]
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Span:
    """A passage of the answer, to be underlined: verbatim, with its place.

    `start` and `end` in seconds, None for a typed answer; `first` and `after` in characters of
    Material.text, None for what was added in writing.
    """

    quote: str
    start: float | None
    end: float | None
    first: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class StoryPart:
    """A part of a story (situation, task, action, result) and where the answer tells it."""

    part: str
    state: Literal["found", "missing"]
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do better, at which place; `gain` in points of the total."""

    criterion: str
    text: str
    at: Evidence | None
    gain: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an evaluator says of an answer.

    `score` is None when the evidence gate says "not scored"; then `reason` is its code and
    `evaluation` says it in the reader's language, and there are no criteria. `gaps` are what
    a follow-up question could ask for (mulakat.interview.bank.TRIGGERS). `story` is empty where
    none was asked for and none was told. `model` is what a
    language model had to do with it, `fallback` why it had nothing to do with it although one is
    chosen (mulakat.providers.remote.REASONS).
    """

    engine: str
    score: int | None
    evaluation: str
    criteria: tuple[Criterion, ...] = ()
    strengths: tuple[str, ...] = ()
    improvements: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    gaps: tuple[str, ...] = ()
    story: tuple[StoryPart, ...] = ()
    advice: tuple[Advice, ...] = ()
    reason: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    fallback: str | None = None
    model: dict[str, object] | None = None
