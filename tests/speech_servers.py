"""A recogniser's server on a real socket: the true wire formats, and every way to fail.

It speaks OpenAI's /audio/transcriptions and Gemini's generateContent with a recording inside, and
refuses what the real ones refuse. How it fails is contract_servers' acts.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from contract_servers import KEY, Act, Handler, Server, gemini_trouble, running

MODEL = "judge-small"
"""One that contract_servers has, for both dialects."""

TEXT = "Last year I led a small project and, in the end, we delivered it two weeks early."

WORDS = [(word, 0.5 + 0.5 * i, 0.9 + 0.5 * i) for i, word in enumerate(TEXT.split())]
"""With the seconds at which a server of ours says they were said: 0.5 to 8.9."""

_NAMES = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
"""Ends of file names that OpenAI takes."""

_ALPHABET = str.maketrans("-_", "+/")

_FIELDS = {"model", "language", "response_format", "timestamp_granularities[]", "file"}


def said(text: str) -> Act:
    """Reply with a text alone, as the dialect has it."""

    def act(handler: Handler) -> None:
        assert isinstance(handler, SpeechHandler)
        if handler.gemini:
            handler.send_text(json.dumps({"text": text}))
        else:
            handler.send(200, {"text": text, "usage": {"type": "duration", "seconds": 10}})

    return act


def document(reply: Any) -> Act:
    """Reply with this JSON."""
    return lambda handler: handler.send(200, reply)


def heard(handler: Handler) -> None:
    """Reply with TEXT, its times as far as they are asked for."""
    assert isinstance(handler, SpeechHandler)
    if handler.gemini or handler.field("response_format") == "json":
        said(TEXT)(handler)
        return
    reply: dict[str, Any] = {"task": "transcribe", "language": "english", "duration": 10.0}
    reply["text"] = TEXT
    asked = [value for name, value in handler.fields if name == "timestamp_granularities[]"]
    if "word" in asked:
        # The real one leaves the words' punctuation out.
        reply["words"] = [{"word": word.strip(".,"), "start": start, "end": end}
                          for word, start, end in WORDS]  # fmt: skip
    if "segment" in asked or not asked:
        reply["segments"] = [
            {"id": 0, "seek": 0, "start": 0.5, "end": 8.9, "text": f" {TEXT}", "tokens": [50364],
             "temperature": 0.0, "avg_logprob": -0.3, "compression_ratio": 1.2,
             "no_speech_prob": 0.01}
        ]  # fmt: skip
    handler.send(200, reply)


class SpeechHandler(Handler):
    """Takes recordings; `seen` tells their sha256 in place of their bytes."""

    def do_POST(self) -> None:  # noqa: N802  # http.server's name
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.fields: list[tuple[str, str]] = []
        trouble = self._read_gemini(data) if self.gemini else self._read_form(data)
        if not self._may():
            return
        if trouble:
            self.refuse(*trouble, {})
            return
        act = self.server.next_act() or heard
        with suppress(BrokenPipeError, ConnectionResetError):
            act(self)

    def field(self, name: str) -> str | None:
        """Return a form's field."""
        return dict(self.fields).get(name)

    def schema(self) -> dict[str, Any]:
        return dict(super().schema()) if self.gemini else {"type": "string"}

    def completion(self, said: str, /, **more: Any) -> bytes:
        if self.gemini:
            return super().completion(said, **more)
        return json.dumps({"text": said} | more).encode()

    def _read_gemini(self, data: bytes) -> tuple[int, str] | None:
        self.asked = json.loads(data)
        inline = self.asked["contents"][0]["parts"][-1]["inlineData"]
        # Protocol buffers in JSON take a field by both its names and either alphabet of base64;
        # the official client sends the other ones.
        if "mime_type" in inline:
            inline["mimeType"] = inline.pop("mime_type")
        try:
            audio = base64.b64decode(inline["data"].translate(_ALPHABET), validate=True)
        except binascii.Error:
            return 400, "Invalid value at 'contents[0].parts[0].inline_data.data'"
        inline["data"] = hashlib.sha256(audio).hexdigest()
        self._note(self.asked)
        if inline["mimeType"] in self.server.unsupported:
            return 400, f"Unsupported MIME type: {inline['mimeType']}"
        return gemini_trouble(self)

    def _read_form(self, data: bytes) -> tuple[int, str] | None:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = list(BytesParser(policy=HTTP).parsebytes(head + data).iter_parts())
        named = [(part.get_param("name", header="content-disposition"), part) for part in parts]
        files = [part for name, part in named if name == "file"]
        told = {}
        for name, part in named:
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            if name == "file":
                told = {"name": part.get_filename(), "type": part.get_content_type(),
                        "sha256": hashlib.sha256(content).hexdigest()}  # fmt: skip
            else:
                self.fields.append((str(name), content.decode()))
        self._note({"fields": self.fields, "file": told})
        if self.path != "/v1/audio/transcriptions":
            return 404, "no such path"
        if len(files) != 1 or not {name for name, _ in named} <= _FIELDS:
            return 400, "Unrecognized request argument supplied"
        if str(told["name"]).rpartition(".")[2] not in _NAMES:
            return 400, f"Unrecognized file format. Supported formats: {list(_NAMES)}"
        return self._trouble_of_fields()

    def _trouble_of_fields(self) -> tuple[int, str] | None:
        if self.field("model") != MODEL:
            return 404, f"The model '{self.field('model')}' does not exist"
        if len(self.field("language") or "") != 2:
            return 400, "Invalid language. Language parameter must be specified in ISO-639-1."
        shape = self.field("response_format")
        detail = self.field("timestamp_granularities[]")
        if detail and (shape != "verbose_json" or "words" in self.server.unsupported):
            return 400, "Invalid parameter: 'timestamp_granularities[]'"
        if shape not in {"json", "verbose_json"} or shape in self.server.unsupported:
            return 400, f"response_format '{shape}' is not compatible with model"
        return None


class SpeechServer(Server):
    """A running server; `unsupported` may hold words, verbose_json and media types."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = SpeechHandler


@contextmanager
def speech_server() -> Iterator[SpeechServer]:
    """Run a server for the length of a block."""
    with running(SpeechServer()) as server:
        yield server


__all__ = ["KEY", "MODEL", "TEXT", "WORDS", "SpeechServer", "heard", "said", "speech_server"]
