"""The worker's heavy parts: nothing here is imported before the first answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mulakat.memory.resident import Resident
from mulakat.settings import Speech

if TYPE_CHECKING:
    from mulakat.pipeline.run import Tools
    from mulakat.providers.protocols import Evaluator
    from mulakat.providers.whisper import Whisper


class Workshop:
    """Holds the recogniser between answers and lends the tools to the pipeline."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._recogniser: Resident[Whisper] = Resident(self._load, speech.idle_ttl)
        self.used = False

    def _load(self) -> "Whisper":
        from mulakat.providers.model_files import installed_dir
        from mulakat.providers.whisper import Whisper

        return Whisper(installed_dir(self._speech), threads=self._speech.threads)

    def tools(self) -> "Tools":
        """Return what `pipeline.run` needs."""
        from mulakat.pipeline.run import Tools

        self.used = True
        return Tools(transcriber=self._recogniser.use, evaluator=rubric)

    @property
    def loaded(self) -> bool:
        """Whether the recogniser's model is in memory."""
        return self._recogniser.loaded

    def expire(self) -> bool:
        """Let an idle model go; return whether one was."""
        return self._recogniser.expire()


@contextmanager
def rubric() -> "Iterator[Evaluator]":
    """Lend the deterministic evaluator; its embedder is let go after each answer.

    It stands beside the recogniser only while it is used: both for good would not leave
    512 MB their head-room (docs/decisions/0001).
    """
    from mulakat.providers.embedder import UniversalSentenceEncoder
    from mulakat.providers.rubric import Rubric

    embedder = UniversalSentenceEncoder()
    try:
        yield Rubric(embedder)
    finally:
        embedder.close()
