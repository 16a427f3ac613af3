"""A language model's server on a real socket: the true wire formats, and every way to fail.

It speaks OpenAI's chat completions (/v1) and Gemini's generateContent (/v1beta), refuses what
the real ones refuse, and answers a request as the next of its `acts` says. The official clients
talk to it too (test_official_clients.py): that is what holds it to the truth.
"""

import json
import re
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

KEY = "key-canary-7d1f0c52"
MODEL = "judge-small"
OTHER_MODEL = "judge-large"


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


Act = Callable[["Handler"], None]


def good(data: Any = None, **more: Any) -> Act:
    """Reply with JSON data; without any, with what the request's schema asks for."""

    def act(handler: "Handler") -> None:
        made = data if data is not None else filled(handler.schema())
        handler.send_text(json.dumps(made), **more)

    return act


def text(said: str, /, **more: Any) -> Act:
    """Reply with a text that need not be JSON; `more` changes the choice or the candidate."""
    return lambda handler: handler.send_text(said, **more)


def status(code: int, told: str = "no", **headers: str) -> Act:
    """Refuse with an error of the dialect; `Retry_After` makes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.refuse(code, told, named)


def raw(data: bytes) -> Act:
    """Write these bytes in place of a response and close."""

    def act(handler: "Handler") -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return act


def half(handler: "Handler") -> None:
    """Promise more bytes than come."""
    body = handler.completion(json.dumps(filled(handler.schema())))
    raw(_head(len(body)) + body[: len(body) // 2])(handler)


def boast(handler: "Handler") -> None:
    """Promise more bytes than any memory holds."""
    raw(_head(10**13) + b'{"choices": [')(handler)


def half_chunk(handler: "Handler") -> None:
    """Promise a chunk that never comes whole."""
    raw(_CHUNKED + b"ffffffffff\r\n{")(handler)


def reset(handler: "Handler") -> None:
    """Cut the connection without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def silent(handler: "Handler") -> None:
    """Say nothing until the client goes away."""
    handler.connection.recv(1)
    handler.close_connection = True


def endless(handler: "Handler") -> None:
    """Send a body that does not end."""
    handler.wfile.write(_CHUNKED)
    with suppress(OSError):
        while True:
            handler.wfile.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
    handler.close_connection = True


def dripping_head(handler: "Handler") -> None:
    """Send a head that does not end, a byte at a time, each before any time-out of a read."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-More: ")
        while True:
            handler.wfile.write(b"a")
            handler.server.tick.wait(0.01)
    handler.close_connection = True


_CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def _head(length: int) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    return head.encode()


def filled(schema: Mapping[str, Any]) -> Any:
    """Return data of a JSON schema, of either dialect: 50 for a number, nothing else said."""
    match schema["type"].lower():
        case "object":
            return {name: filled(one) for name, one in schema["properties"].items()}
        case "array":
            return []
        case "integer":
            return 50
        case "boolean":
            return False
    return "said"


class Handler(BaseHTTPRequestHandler):
    """Speaks both dialects; which one, the path tells."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def log_message(self, *_: object) -> None:
        return

    @property
    def gemini(self) -> bool:
        return self.path.startswith("/v1beta/")

    def schema(self) -> Mapping[str, Any]:
        """Return the schema that the request asked for."""
        if self.gemini:
            config = self.asked["generationConfig"]
            found = config.get("responseSchema") or config.get("responseJsonSchema")
        else:
            found = self.asked["response_format"]["json_schema"]["schema"]
        return dict(found)

    def do_GET(self) -> None:
        self._note(None)
        path = self.path.partition("?")[0]
        if not self._may():
            return
        if act := self.server.next_act():
            act(self)
        elif path == "/v1/models":
            listed = [{"id": name, "object": "model", "created": 1, "owned_by": "us"}
                      for name in (MODEL, OTHER_MODEL)]  # fmt: skip
            self.send(200, {"object": "list", "data": listed})
        elif path == "/v1beta/models":
            listed = [{"name": f"models/{name}", "version": "1", "displayName": name,
                       "supportedGenerationMethods": ["generateContent"]}
                      for name in (MODEL, OTHER_MODEL)]  # fmt: skip
            self.send(200, {"models": listed})
        else:
            self.refuse(404, "no such path", {})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.asked = json.loads(self.rfile.read(length))
        self._note(self.asked)
        if not self._may():
            return
        trouble = gemini_trouble(self) if self.gemini else _openai_trouble(self)
        if trouble:
            self.refuse(*trouble, {})
            return
        act = self.server.next_act() or good()
        with suppress(BrokenPipeError, ConnectionResetError):
            act(self)

    def _note(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen(self.command, self.path, headers, body))
        self.server.came.set()

    def _may(self) -> bool:
        given = self.headers.get("x-goog-api-key" if self.gemini else "Authorization")
        if given == (KEY if self.gemini else f"Bearer {KEY}"):
            return True
        # The real ones quote a part of the key; this one all of it, the worst they could do.
        self.refuse(403 if self.gemini else 401, f"Incorrect API key provided: {given}", {})
        return False

    def send(self, code: int, document: Any, headers: Mapping[str, str] | None = None) -> None:
        """Send a JSON document."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, code: int, told: str, headers: Mapping[str, str]) -> None:
        """Send an error as the dialect has it."""
        if self.gemini:
            names = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
                     429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}  # fmt: skip
            error = {"code": code, "message": told, "status": names.get(code, "INTERNAL")}
        else:
            error = {"message": told, "type": "error", "param": None, "code": None}
        self.send(code, {"error": error}, headers)

    def send_text(self, said: str, /, **more: Any) -> None:
        self.send(200, self.completion(said, **more))

    def completion(self, said: str, /, **more: Any) -> bytes:
        """Return a whole response that carries a text; `more` changes choice or candidate."""
        if self.gemini:
            candidate = {"content": {"parts": [{"text": said}], "role": "model"},
                         "finishReason": "STOP", "index": 0} | more  # fmt: skip
            usage = {"promptTokenCount": 700, "candidatesTokenCount": 80, "totalTokenCount": 780}
            return json.dumps(
                {"candidates": [candidate], "usageMetadata": usage,
                 "modelVersion": f"{MODEL}-001", "responseId": "r"}
            ).encode()  # fmt: skip
        message = {"role": "assistant", "content": said, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None} | more
        usage = {"prompt_tokens": 700, "completion_tokens": 80, "total_tokens": 780}
        return json.dumps(
            {"id": "chatcmpl-1", "object": "chat.completion", "created": 1,
             "model": f"{MODEL}-001", "choices": [choice], "usage": usage}
        ).encode()  # fmt: skip


def _openai_trouble(handler: Handler) -> tuple[int, str] | None:
    """Return what the real interface would object to."""
    asked = handler.asked
    if handler.path != "/v1/chat/completions":
        return 404, "no such path"
    known = {"model", "messages", "temperature", "seed", "response_format"}
    for name in sorted(set(asked) - (known - handler.server.unsupported)):
        return 400, f"Unsupported parameter: '{name}' is not supported with this model."
    if asked["model"] not in {MODEL, OTHER_MODEL}:
        return 404, f"The model '{asked['model']}' does not exist"
    for message in asked["messages"]:
        if message["role"] not in {"system", "user"} or not isinstance(message["content"], str):
            return 400, "Invalid value: 'messages'"
    shape = asked.get("response_format", {"type": "text"})
    if shape["type"] in handler.server.unsupported:
        return 400, f"Invalid parameter: 'response_format' of type '{shape['type']}'"
    if shape["type"] == "json_schema":
        named = shape["json_schema"]
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", named["name"]) or named["strict"] is not True:
            return 400, "Invalid 'response_format.json_schema'"
        if not _strict(named["schema"]):
            return 400, "Invalid schema for response_format 'reply'"
    return None


def _strict(schema: Mapping[str, Any]) -> bool:
    """Whether OpenAI's structured output takes a schema."""
    if schema["type"] == "array":
        return set(schema) == {"type", "items"} and _strict(schema["items"])
    if schema["type"] != "object":
        return set(schema) == {"type"}
    return (
        schema["additionalProperties"] is False
        and schema["required"] == list(schema["properties"])
        and all(_strict(one) for one in schema["properties"].values())
    )


def gemini_trouble(handler: Handler) -> tuple[int, str] | None:
    found = re.fullmatch(r"/v1beta/models/([^/:]+):generateContent", handler.path)
    if not found or found[1] not in {MODEL, OTHER_MODEL}:
        return 404, "models/… is not found for API version v1beta"
    asked = handler.asked
    for name in sorted(set(asked) - {"systemInstruction", "contents", "generationConfig"}):
        return 400, f'Unknown name "{name}": Cannot find field.'
    config = asked["generationConfig"]
    known = {"temperature", "seed", "responseMimeType", "responseSchema"}
    for name in sorted(set(config) - known):
        return 400, f"Unknown name \"{name}\" at 'generation_config': Cannot find field."
    if config["responseMimeType"] != "application/json" or not _openapi(config["responseSchema"]):
        return 400, "Invalid value at 'generation_config.response_schema'"
    if any(content["role"] != "user" for content in asked["contents"]):
        return 400, "Please use a valid role: user, model."
    return None


def _openapi(schema: Mapping[str, Any]) -> bool:
    """Whether Gemini takes a schema."""
    kinds = {"OBJECT", "ARRAY", "STRING", "INTEGER", "BOOLEAN"}
    # Protocol buffers take a field by both its names.
    known = {"type", "properties", "required", "propertyOrdering", "property_ordering", "items"}
    inner = [*schema.get("properties", {}).values()]
    inner += [schema["items"]] if "items" in schema else []
    return set(schema) <= known and schema["type"] in kinds and all(map(_openapi, inner))


@dataclass
class _Script:
    seen: list[Seen] = field(default_factory=list)
    acts: deque[Act] = field(default_factory=deque)
    always: Act | None = None
    unsupported: set[str] = field(default_factory=set)


class Server(ThreadingHTTPServer):
    """A running server.

    `acts` are used up one a request, then `always`, then a good reply; `seen` are the requests;
    `unsupported` are the parameters and formats that it refuses, as older servers do.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = _Script()
        self.tick = threading.Event()
        self.came = threading.Event()
        self.scheme = "https" if context else "http"
        if context:
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def seen(self) -> list[Seen]:
        return self.script.seen

    @property
    def unsupported(self) -> set[str]:
        return self.script.unsupported

    def then(self, *acts: Act) -> None:
        """Act so on the next requests."""
        self.script.acts.extend(acts)

    def always(self, act: Act) -> None:
        """Act so on all requests that nothing else was said for."""
        self.script.always = act

    def next_act(self) -> Act | None:
        return self.script.acts.popleft() if self.script.acts else self.script.always

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away; they are the tests'."""

    def url(self, dialect: str) -> str:
        """Return the base address of a dialect: openai or gemini."""
        path = "/v1beta" if dialect == "gemini" else "/v1"
        return f"{self.scheme}://localhost:{self.server_address[1]}{path}"


@contextmanager
def language_server(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server for the length of a block."""
    with running(Server(context)) as server:
        yield server


Running = TypeVar("Running", bound=Server)


@contextmanager
def running(server: Running) -> Iterator[Running]:
    """Have a server serve for the length of a block."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.tick.set()
        server.shutdown()
        server.server_close()
        thread.join()
