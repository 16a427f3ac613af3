"""Speech to text by providers elsewhere, which take a recording whole, as it was made."""

from pathlib import Path
from typing import Protocol

from mulakat.observe.log import logger
from mulakat.providers.exchange import Address, Limits
from mulakat.providers.protocols import Unheard
from mulakat.providers.remote import Errand, Failed, Lines, Remote, Service, Times
from mulakat.providers.transcribe.gemini import Gemini
from mulakat.providers.transcribe.openai_compatible import OpenAICompatible
from mulakat.providers.values import Sound, Word
from mulakat.settings import Speech

MOST_BYTES = 2 * 1024 * 1024
"""Of a response; ten minutes of speech have at most 6,000 words, with times about 70 bytes each,
and once more in the segments."""


class SpeechService(Protocol):
    """A provider's recogniser."""

    @property
    def service(self) -> Service:
        """Who it is and where."""
        ...

    def hear(
        self, audio: Path, container: str, language: str, sound: Sound, errand: Errand
    ) -> tuple[Word, ...]:
        """Return the words of a recording. Raises remote.Failed."""
        ...


def connect(speech: Speech, times: Times | None = None) -> SpeechService:
    """Return the recogniser elsewhere that the settings choose; nothing is sent yet."""
    key, name = speech.speech_key, speech.provider_model
    address = Address.of(speech.url)
    limits = Limits(read=speech.speech_timeout, most_bytes=MOST_BYTES)
    if speech.speech_engine == "gemini":
        headers = {"x-goog-api-key": key} if key else {}
        service = Service("gemini", name.removeprefix("models/"), address, headers, limits)
        return Gemini(Remote(service, times))
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return OpenAICompatible(Remote(Service("openai", name, address, headers, limits), times))


class Elsewhere:
    """A RemoteTranscriber: a provider for one answer, whose requests `lines` note."""

    def __init__(
        self, chosen: SpeechService, seconds: float, lines: Lines, times: Times | None = None
    ) -> None:
        self._chosen = chosen
        self._seconds = seconds
        self._lines = lines
        self._times = times or Times()
        self._log = logger("transcribe")

    @property
    def engine(self) -> str:
        """Model and provider, stored with the result."""
        service = self._chosen.service
        return f"{service.model} ({service.provider})"

    def transcribe_file(
        self, audio: Path, container: str, language: str, sound: Sound
    ) -> tuple[Word, ...]:
        """Return the words in order; raises Unheard with remote.REASONS' code."""
        until = self._times.monotonic() + self._seconds
        errand = Errand("transcribe", until, self._lines)
        try:
            return self._chosen.hear(audio, container, language, sound, errand)
        except Failed as failure:
            self._log.warning(
                "a provider did not hear the recording",
                host=str(self._chosen.service.address),
                reason=failure.reason,
            )
            raise Unheard(failure.reason) from None
