"""The worker's heavy parts: nothing here is imported before the first answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from mulakat.memory.resident import Resident
from mulakat.settings import Language, Speech

if TYPE_CHECKING:
    from mulakat.pipeline.run import Tools
    from mulakat.providers.language.protocol import LanguageModel
    from mulakat.providers.protocols import Evaluator
    from mulakat.providers.remote import Lines
    from mulakat.providers.transcribe import Elsewhere, SpeechService
    from mulakat.providers.whisper import Whisper


class Workshop:
    """Holds the recogniser between answers and lends the tools to the pipeline.

    `changed` is called when it was loaded or let go, by whichever thread did it. Providers
    elsewhere that are chosen are kept too, as they remember whether they are well. `holds` says
    whether a model of this machine can hear in the place of one that fails.
    """

    def __init__(
        self,
        speech: Speech,
        language: Language,
        changed: Callable[[], None] = lambda: None,
        *,
        holds: bool = True,
    ) -> None:
        self._speech = speech
        self._holds = holds
        self._elsewhere: SpeechService | None = None
        self._language = language
        self._language_model: LanguageModel | None = None
        self._changed = changed
        self._recogniser: Resident[Whisper] = Resident(self._load, speech.idle_ttl)
        self.loads = 0
        self.unloads = 0
        self.model: str | None = None

    def _load(self) -> "Whisper":
        from mulakat.providers.model_files import installed_dir
        from mulakat.providers.whisper import Whisper

        made = Whisper(installed_dir(self._speech), threads=self._speech.threads)
        self.loads += 1
        self.model = made.name
        self._changed()
        return made

    def tools(self, lines: "Lines") -> "Tools":
        """Return what `pipeline.run` needs; what is sent elsewhere is written to `lines`."""
        from mulakat.pipeline.run import Tools

        evaluator = rubric
        if self._language.language_model != "none":
            evaluator = partial(self._held, lines)
        here = self._recogniser.use
        if self._speech.speech_engine == "whisper":
            return Tools(transcriber=here, evaluator=evaluator)
        remote = self._remote(lines)
        return Tools(here if self._holds else None, evaluator, remote)

    def _remote(self, lines: "Lines") -> "Elsewhere":
        from mulakat.providers.transcribe import Elsewhere, connect

        if self._elsewhere is None:
            self._elsewhere = connect(self._speech)
        return Elsewhere(self._elsewhere, self._speech.speech_timeout, lines)

    @contextmanager
    def _held(self, lines: "Lines") -> "Iterator[Evaluator]":
        """Lend the rubric with a language model within its bounds."""
        from mulakat.providers.language import connect
        from mulakat.providers.language.held import Bounds, Held

        chosen = self._language
        if self._language_model is None:
            self._language_model = connect(chosen)
        bounds = Bounds(chosen.language_band, chosen.language_samples, chosen.language_timeout)
        yield Held(rubric, self._language_model, bounds, lines)

    def expire(self, *, now: bool = False) -> bool:
        """Let a model go that is idle for long enough, or idle `now`; return whether one was."""
        if not self._recogniser.expire(now=now):
            return False
        self.unloads += 1
        self.model = None
        self._changed()
        return True


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
