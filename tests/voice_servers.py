"""A server that reads aloud, on a real socket: the true wire formats, and every way to fail.

It speaks OpenAI's /audio/speech (/v1) and Gemini's generateContent with AUDIO (/v1beta), refuses
what the real ones refuse, and answers a request as the next of its `acts` says (contract_servers).
"""

import base64
import json
import re
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from contract_servers import Act, Handler, Server, raw

MODEL = "reader-small"
VOICES = {"alloy", "Kore", "nova", "Puck"}
RATE = 24_000
SAMPLES = struct.pack("<8h", *range(-4, 4)) * 3000  # one second


def wav(samples: bytes = SAMPLES, *, stated: int | None = None) -> bytes:
    """Return a WAV file; `stated` is written as its sizes, as servers that stream do."""
    size = len(samples) if stated is None else stated
    riff = min(0xFFFFFFFF, 36 + size)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", riff, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16,
        b"data", size,
    ) + samples  # fmt: skip


def ogg() -> bytes:
    """Return the beginning of an Ogg file with Opus (RFC 7845 §5.1), its checksums left out."""
    opus = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 312, RATE, 0, 0)
    page = struct.pack("<4sBBqIIIBB", b"OggS", 0, 2, 0, 1, 0, 0, 1, len(opus))
    return page + opus + b"OggS" + bytes(200)


def sound(data: bytes, kind: str = "audio/wav", *, chunked: bool = True) -> Act:
    """Reply with a file, as it comes or with its length."""

    def act(handler: Handler) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
        if not chunked:
            raw(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)(handler)
            return
        handler.wfile.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for at in range(0, len(data), 4000):
            piece = data[at : at + 4000]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        raw(b"0\r\n\r\n")(handler)

    return act


def samples(
    pcm: bytes = SAMPLES,
    kind: str = "audio/L16;codec=pcm;rate=24000",
    *,
    escaped: bool = False,
    **more: Any,
) -> Act:
    """Reply as Gemini does, its JSON spaced as Google's is; `more` changes the candidate."""

    def act(handler: Handler) -> None:
        data = base64.b64encode(pcm).decode()
        part = {"inlineData": {"mimeType": kind, "data": data}}
        content = {"parts": [part], "role": "model"}
        document = {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0} | more],
            "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 50},
            "modelVersion": f"{MODEL}-001",
        }
        text = json.dumps(document, indent=2)
        if escaped:
            held = data.replace("/", "\\/").replace("=", "\\u003d")
            text = text.replace(data, held)
        handler.send(200, text.encode())

    return act


def half(handler: Handler) -> None:
    """Promise more bytes than come."""
    file = wav()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: {len(file)}\r\n\r\n"
    raw(head.encode() + file[: len(file) // 2])(handler)


def half_file(handler: Handler) -> None:
    """End the response well in the middle of the sound."""
    if handler.gemini:
        text = b'{"candidates": [{"content": {"parts": [{"inlineData": {"data": "AAAA'
        handler.send(200, text)
    else:
        sound(wav()[:-1000])(handler)


def page(handler: Handler) -> None:
    """Send a page for people, as a proxy in front of a server that is down."""
    sound(b"<!doctype html><html><title>Welcome</title></html>", "text/html")(handler)


def endless(handler: Handler) -> None:
    """Send sound that does not end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    start = b'{"candidates": [{"content": {"parts": [{"inlineData": {"data": "'
    start = start if handler.gemini else wav(b"", stated=0xFFFFFFFF)
    with suppress(OSError):
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(start), start))
        while True:
            handler.wfile.write(b"10000\r\n" + b"A" * 65536 + b"\r\n")
    handler.close_connection = True


def slow(handler: Handler) -> None:
    """Send a byte at a time, each before any time-out of a read."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for at in range(1_000_000):
            handler.wfile.write(wav()[at : at + 1])
            handler.server.tick.wait(0.05)
    handler.close_connection = True


class VoiceHandler(Handler):
    """Both dialects of reading aloud."""

    def do_POST(self) -> None:  # noqa: N802  # the library's name
        self.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._note(self.asked)
        if not self._may():
            return
        trouble = _gemini_trouble(self) if self.gemini else _openai_trouble(self)
        if trouble:
            self.refuse(*trouble, {})
            return
        usual = samples() if self.gemini else sound(wav())
        with suppress(BrokenPipeError, ConnectionResetError):
            (self.server.next_act() or usual)(self)


def _openai_trouble(handler: Handler) -> tuple[int, str] | None:
    asked: Mapping[str, Any] = handler.asked
    if handler.path != "/v1/audio/speech":
        return 404, "no such path"
    for name in sorted({"model", "input", "voice"} - set(asked)):
        return 400, f"Missing required parameter: '{name}'"
    if set(asked) - {"model", "input", "voice", "response_format", "speed", "instructions"}:
        return 400, "Unrecognized request argument supplied"
    if asked["model"] != MODEL:
        return 404, f"The model '{asked['model']}' does not exist"
    if asked["voice"] not in VOICES:
        return 400, "Input should be 'alloy' or 'nova' [param: voice]"
    if asked["response_format"] in handler.server.unsupported:
        return 400, f"Invalid value: '{asked['response_format']}' (response_format)"
    return None


def _gemini_trouble(handler: Handler) -> tuple[int, str] | None:
    found = re.fullmatch(r"/v1beta/models/([^/:]+):generateContent", handler.path)
    if not found or found[1] != MODEL:
        return 404, "models/… is not found for API version v1beta"
    config = camel(handler.asked["generationConfig"])
    if config["responseModalities"] != ["AUDIO"]:
        return 400, "The requested combination of response modalities is not supported."
    named = config["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"]
    if named not in VOICES:
        return 400, f"Voice name {named} is not supported. Allowed voice names are: …"
    return None


def camel(found: Any) -> Any:
    """Return JSON with its names in camel case: protocol buffers take a field by both its names."""
    if isinstance(found, dict):
        return {
            re.sub("_([a-z])", lambda m: m[1].upper(), name): camel(one)
            for name, one in found.items()
        }
    return [camel(one) for one in found] if isinstance(found, list) else found


class VoiceServer(Server):
    """A running server (contract_servers.Server)."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(context)
        self.RequestHandlerClass = VoiceHandler


@contextmanager
def voice_server(context: ssl.SSLContext | None = None) -> Iterator[VoiceServer]:
    """Run a server for the length of a block."""
    server = VoiceServer(context)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.tick.set()
        server.shutdown()
        server.server_close()
        thread.join()
