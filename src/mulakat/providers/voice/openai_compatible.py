"""OpenAI's /audio/speech, which Kokoro-FastAPI, LocalAI, Speaches and others speak too.

Wire format: platform.openai.com/docs/api-reference/audio/createSpeech. The response is the file
itself. WAV, as every browser plays it; Opus where a server refuses that.
"""

import json

from mulakat.providers.exchange import Request
from mulakat.providers.remote import Errand, Failed, Remote, Service
from mulakat.providers.voice import UnknownVoice
from mulakat.providers.voice.wave import Writing, finish

_FORMATS = ("wav", "opus")


class OpenAICompatible:
    """A SpeakingService."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    @property
    def service(self) -> Service:
        """Who it is and where."""
        return self._remote.service

    def speak(self, text: str, name: str, writing: Writing, errand: Errand) -> None:
        """Write what is said as WAV or Ogg. Raises remote.Failed and UnknownVoice."""
        for shape in _FORMATS:
            asked = {
                "model": self.service.model,
                "input": text,
                "voice": name,
                "response_format": shape,
            }
            body = json.dumps(asked, ensure_ascii=False).encode()

            def make(_number: int, body: bytes = body) -> Request:
                writing.again()
                return Request("/audio/speech", body, take=writing.add)

            try:
                self._remote.ask(make, lambda _: _whole(writing), errand)
            except Failed as failure:
                if failure.reason == "rejected" and "response_format" in failure.told:
                    if shape != _FORMATS[-1]:
                        continue
                elif failure.reason in {"rejected", "not_found"} and "voice" in failure.told:
                    raise UnknownVoice from None
                raise
            return


def _whole(writing: Writing) -> None:
    if writing.trouble:
        raise Failed("too_large")
    finish(writing.file)
