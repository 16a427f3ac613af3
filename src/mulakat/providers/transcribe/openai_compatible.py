"""OpenAI's /audio/transcriptions, which speaches, vLLM, LocalAI and others speak too.

Wire format: platform.openai.com/docs/api-reference/audio/createTranscription. What a server does
not take is left out from then on: some models give no times, some servers none of words.
"""

import json
from pathlib import Path

from mulakat.providers.exchange import Request, Response
from mulakat.providers.remote import Errand, Failed, Remote, Service
from mulakat.providers.transcribe.bodies import multipart
from mulakat.providers.transcribe.replies import verbose
from mulakat.providers.values import Sound, Word

_WORDS = "timestamp_granularities[]"

_DETAILS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("response_format", "verbose_json"), (_WORDS, "word"), (_WORDS, "segment")),
    (("response_format", "verbose_json"),),
    (("response_format", "json"),),
)
"""How much is asked for, the most first: times of words, of segments, none."""


class OpenAICompatible:
    """A SpeechService."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._detail = 0

    @property
    def service(self) -> Service:
        """Who it is and where."""
        return self._remote.service

    def hear(
        self, audio: Path, container: str, language: str, sound: Sound, errand: Errand
    ) -> tuple[Word, ...]:
        """Return the words of a recording. Raises remote.Failed."""

        def make(_number: int) -> Request:
            asked = (("model", self.service.model), ("language", language))
            body, kind = multipart(asked + _DETAILS[self._detail], "file", audio, container)
            return Request("/audio/transcriptions", body, kind)

        def read(response: Response) -> tuple[Word, ...]:
            return verbose(json.loads(response.body), sound)

        while True:
            try:
                return self._remote.ask(make, read, errand)
            except Failed as failure:
                if failure.reason != "rejected" or not self._learns(failure.told):
                    raise

    def _learns(self, told: str) -> bool:
        """Ask for less of what an error names; False when it names nothing of it.

        Each lesson costs the recording sent once more, so there are two at most.
        """
        if self._detail == 0 and "timestamp_granularities" in told:
            self._detail = 1
        elif self._detail < len(_DETAILS) - 1 and "response_format" in told:
            self._detail = len(_DETAILS) - 1
        else:
            return False
        return True
