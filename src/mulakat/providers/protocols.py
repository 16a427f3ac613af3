"""What each kind of provider must do; an implementation is one small file beside this one."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mulakat.providers.values import Assessment, Heard, Material, Sound, Window, Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Transcriber(Protocol):
    """Speech to words, window by window, so that an answer may still be arriving."""

    @property
    def engine(self) -> str:
        """A name with version and size, stored with the result."""
        ...

    def transcribe(self, windows: Iterable[Window], language: str) -> Iterator[Heard]:
        """Yield one Heard for each window, in order, and one more if words remained at the end.

        The language is given, never guessed.
        """
        ...


class Unheard(Exception):
    """A provider elsewhere gave no usable answer, after its retries; `reason` is a short code."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class RemoteTranscriber(Protocol):
    """Speech to words by a provider elsewhere, which takes the whole file as it was recorded."""

    @property
    def engine(self) -> str:
        """Provider and model, stored with the result."""
        ...

    def transcribe_file(
        self, audio: Path, container: str, language: str, sound: Sound
    ) -> tuple[Word, ...]:
        """Return the words in order, their times rising, within the sound's length.

        Where the provider gives none, times are estimated from where the sound has voice. Raises
        Unheard.
        """
        ...


class Embedder(Protocol):
    """Sentences to vectors, close when the meaning is, across languages."""

    @property
    def engine(self) -> str:
        """A name with version, stored with the result."""
        ...

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return shape (len(texts), dimensions), each row of length 1."""
        ...


class Evaluator(Protocol):
    """An answer to an assessment."""

    def evaluate(self, material: Material) -> Assessment:
        """Assess; raises nothing for poor answers, which get a low score or none."""
        ...
