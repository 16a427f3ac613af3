"""Google's Gemini, generateContent with AUDIO as the only way to answer.

Wire format: ai.google.dev/gemini-api/docs/speech-generation. The sound comes as base64 within
JSON, 16-bit mono samples without a head; it goes into the file as it comes.
"""

import base64
import binascii
import json
import re
from importlib.resources import files
from urllib.parse import quote

from mulakat.providers.exchange import Request
from mulakat.providers.language.protocol import first, mapping
from mulakat.providers.remote import Errand, Failed, Remote, Service
from mulakat.providers.voice import UnknownVoice
from mulakat.providers.voice.wave import HEADER, NoSound, Writing

_BLOCKED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}
"""Reasons to finish that another try does not change."""

_DATA = re.compile(rb'"data"\s*:\s*"')
"""Where sound begins; within a text its quotation marks would be escaped."""

_LONGEST_MARK = 64
_MOST_JSON = 256 * 1024
"""Bytes of a response besides its sound: counts of tokens, and why it ended."""

_SAMPLES = re.compile(r"audio/(?:l16|pcm)\b(?:.*?\brate=(\d{4,6})\b)?", re.IGNORECASE)
_USUAL_RATE = 24_000


class Gemini:
    """A SpeakingService."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    @property
    def service(self) -> Service:
        """Who it is and where."""
        return self._remote.service

    def speak(self, text: str, name: str, writing: Writing, errand: Errand) -> None:
        """Write what is said as WAV. Raises remote.Failed and UnknownVoice."""
        path = f"/models/{quote(self.service.model, safe='')}:generateContent"
        # Without being told to read, it now and then answers a question, which it then refuses.
        told = files(__package__).joinpath("prompts/read.txt").read_text("utf-8")
        asked = {
            "contents": [{"role": "user", "parts": [{"text": f"{told}\n{text}"}]}],
            "generationConfig": {
                "responseModalities": ["AUDIO"],
                "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": name}}},
            },
        }
        body = json.dumps(asked, ensure_ascii=False).encode()
        coming = Unpacking(writing)

        def make(_number: int) -> Request:
            coming.again()
            return Request(path, body, take=coming.take)

        try:
            self._remote.ask(make, lambda _: _whole(coming, writing), errand)
        except Failed as failure:
            if failure.reason == "rejected" and "oice" in failure.told:
                raise UnknownVoice from None
            raise


class Unpacking:
    """Takes a response as it comes: the sound goes into the file, the JSON around it is kept."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self.json = bytearray()
        self.again()

    def again(self) -> None:
        """Begin anew."""
        self._writing.again(HEADER)
        self.json.clear()
        self._left = b""
        self._seen = 0
        self._within = False
        self.broken = False

    def take(self, piece: bytes) -> None:
        """Take the next bytes; what is none of ours is noted in `broken`, and dropped."""
        while piece and not self.broken:
            piece = self._sound(piece) if self._within else self._around(piece)

    def _around(self, piece: bytes) -> bytes:
        known = max(self._seen, len(self.json) - _LONGEST_MARK)
        self.json += piece
        found = _DATA.search(self.json, known)
        if not found:
            self.broken = len(self.json) > _MOST_JSON
            return b""
        rest = bytes(self.json[found.end() :])
        del self.json[found.end() :]
        self._within = True
        return rest

    def _sound(self, piece: bytes) -> bytes:
        inside, quote_mark, rest = piece.partition(b'"')
        # JSON may escape what base64 has: "/" as "\/", "=" at the end as "\u003d".
        text = (self._left + inside).replace(b"\\/", b"/").replace(b"\\u003d", b"=")
        whole = len(text) if quote_mark else _decodable(text)
        self._left = text[whole:]
        try:
            self._writing.add(base64.b64decode(text[:whole], validate=True))
        except binascii.Error:
            self.broken = True
        self.broken |= len(self._left) > _LONGEST_MARK
        if quote_mark:
            self._within, self._left = False, b""
            self.json += quote_mark
            self._seen = len(self.json)
        return rest


def _decodable(text: bytes) -> int:
    """Return how much can be decoded before more comes: fours, nothing of an escape or the end."""
    escape = text.find(b"\\")
    return (len(text) if escape < 0 else escape) // 4 * 4


def _whole(coming: Unpacking, writing: Writing) -> None:
    if writing.trouble:
        raise Failed("too_large")
    if coming.broken:
        raise NoSound("no sound as JSON carries it")
    found = mapping(json.loads(coming.json))
    if mapping(found.get("promptFeedback", {})).get("blockReason"):
        raise Failed("blocked")
    candidate = first(found.get("candidates"))
    if candidate.get("finishReason") in _BLOCKED:
        raise Failed("blocked")
    part = first(mapping(candidate.get("content")).get("parts"))
    kind = _SAMPLES.match(str(mapping(part.get("inlineData")).get("mimeType")))
    if not kind:
        raise NoSound("no samples")
    writing.begin(int(kind[1] or _USUAL_RATE))
