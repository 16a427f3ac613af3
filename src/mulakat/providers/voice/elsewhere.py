"""Voices of providers elsewhere: a question's text goes there, sound comes back."""

from typing import Protocol

from mulakat.providers.exchange import Address, Limits
from mulakat.providers.remote import Errand, Remote, Service, Times
from mulakat.providers.voice.gemini import Gemini
from mulakat.providers.voice.openai_compatible import OpenAICompatible
from mulakat.providers.voice.wave import MOST_BYTES, MOST_FILE, Writing
from mulakat.settings import KIB, Voice

MOST_BASE64 = 4 * MOST_BYTES // 3 + 256 * KIB
"""Bytes of a response that carries the longest sound in JSON."""


class SpeakingService(Protocol):
    """A provider's voice."""

    @property
    def service(self) -> Service:
        """Who it is and where."""
        ...

    def speak(self, text: str, name: str, writing: Writing, errand: Errand) -> None:
        """Write what is said, by the voice of this name, as a whole file of WAV or Ogg.

        Raises remote.Failed, and UnknownVoice where the provider has none of this name.
        """
        ...


def connect(voice: Voice, times: Times | None = None) -> SpeakingService:
    """Return the voice elsewhere that the settings choose; nothing is sent yet."""
    key, name, address = voice.voice_key, voice.provider_model, Address.of(voice.url)
    if voice.voice_engine == "gemini":
        headers = {"x-goog-api-key": key} if key else {}
        limits = Limits(read=voice.voice_timeout, most_bytes=MOST_BASE64)
        service = Service("gemini", name.removeprefix("models/"), address, headers, limits)
        return Gemini(Remote(service, times))
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    limits = Limits(read=voice.voice_timeout, most_bytes=MOST_FILE)
    return OpenAICompatible(Remote(Service("openai", name, address, headers, limits), times))
