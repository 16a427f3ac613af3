"""Google's Gemini, which writes down what it hears in a generateContent request.

Wire format: ai.google.dev/gemini-api/docs/audio. The recording goes inside the request, in base64:
up to 100 MB are taken so (Google, "Increased file size limits", January 2026), and the largest we
accept makes 22.4. Its Files API would keep the recording for two days. Times are estimated from
the sound: those that a language model writes are guesses.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mulakat.providers.exchange import Request, Response
from mulakat.providers.language.gemini import reply
from mulakat.providers.language.protocol import mapping
from mulakat.providers.remote import Errand, Remote, Service
from mulakat.providers.transcribe.bodies import TYPES, FileBody
from mulakat.providers.transcribe.replies import plain
from mulakat.providers.values import Sound, Word

_PROMPT = Path(__file__).parent / "prompts" / "gemini.txt"

_PLACE = "AUDIO-GOES-HERE"


class Gemini:
    """A SpeechService."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    @property
    def service(self) -> Service:
        """Who it is and where."""
        return self._remote.service

    def hear(
        self, audio: Path, container: str, language: str, sound: Sound, errand: Errand
    ) -> tuple[Word, ...]:
        """Return the words of a recording. Raises remote.Failed."""
        path = f"/models/{quote(self.service.model, safe='')}:generateContent"
        prompt = _PROMPT.read_text(encoding="utf-8").format(language=language)

        def make(number: int) -> Request:
            inline = {"mimeType": TYPES[container], "data": _PLACE}
            body = {
                "systemInstruction": {"parts": [{"text": prompt}]},
                "contents": [{"role": "user", "parts": [{"inlineData": inline}]}],
                "generationConfig": {
                    "temperature": 0.0,
                    # Another seed after a useless reply: the same would most likely be useless.
                    "seed": 1 + 1000 * number,
                    "responseMimeType": "application/json",
                    "responseSchema": {
                        "type": "OBJECT",
                        "properties": {"text": {"type": "STRING"}},
                        "required": ["text"],
                    },
                },
            }
            before, _, after = json.dumps(body).partition(_PLACE)
            size = audio.stat().st_size
            return Request(path, FileBody(before.encode(), audio, size, after.encode(), True))

        def accept(data: Any) -> tuple[Word, ...]:
            text = mapping(data).get("text")
            if not isinstance(text, str):
                raise ValueError("no text")  # noqa: TRY004  # wrong content, not a wrong call
            return plain(text, sound)

        def read(response: Response) -> tuple[Word, ...]:
            return reply(response, accept).data

        return self._remote.ask(make, read, errand)
