"""Google's Gemini by its own interface, generateContent.

Wire format: ai.google.dev/api/generate-content. Its schemas are a part of OpenAPI 3.0's: types in
capitals, no `additionalProperties`.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mulakat.providers.exchange import Request, Response
from mulakat.providers.language.protocol import (
    Accept,
    Data,
    Prompt,
    Reply,
    Sampling,
    Schema,
    count,
    decoded,
    first,
    mapping,
)
from mulakat.providers.remote import Errand, Failed, Remote, Service

_BLOCKED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}
"""Reasons to finish that another try does not change."""


class Gemini:
    """A LanguageModel."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    @property
    def service(self) -> Service:
        """Who it is and where."""
        return self._remote.service

    def ask(
        self,
        prompt: Prompt,
        schema: Schema,
        sampling: Sampling,
        errand: Errand,
        accept: Accept[Data],
    ) -> Reply[Data]:
        """Return a reply whose data `accept` made. Raises remote.Failed."""
        path = f"/models/{quote(self.service.model, safe='')}:generateContent"

        def make(number: int) -> Request:
            body = {
                "systemInstruction": {"parts": [{"text": prompt.system}]},
                "contents": [{"role": "user", "parts": [{"text": prompt.user}]}],
                "generationConfig": {
                    "temperature": sampling.temperature,
                    # Another seed after a useless reply: the same would most likely be useless.
                    "seed": sampling.seed + 1000 * number,
                    "responseMimeType": "application/json",
                    "responseSchema": _schema(schema),
                },
            }
            return Request(path, json.dumps(body, ensure_ascii=False).encode())

        return self._remote.ask(make, lambda response: reply(response, accept), errand)

    def models(self, errand: Errand) -> tuple[str, ...]:
        """Return the names of models that the provider offers. Raises remote.Failed."""
        return self._remote.ask(lambda _: Request("/models?pageSize=1000"), _names, errand)


def _schema(schema: Schema) -> dict[str, Any]:
    """Return a JSON schema as Gemini takes it; the order of properties is kept."""
    out: dict[str, Any] = {"type": str(schema["type"]).upper()}
    if "properties" in schema:
        properties: Mapping[str, Schema] = schema["properties"]
        out["properties"] = {name: _schema(one) for name, one in properties.items()}
        out["required"] = out["propertyOrdering"] = list(properties)
    if "items" in schema:
        out["items"] = _schema(schema["items"])
    return out


def reply(response: Response, accept: Accept[Data]) -> Reply[Data]:
    """Return what `accept` makes of a response's JSON. Raises ValueError, and remote.Failed."""
    found = mapping(json.loads(response.body))
    if mapping(found.get("promptFeedback", {})).get("blockReason"):
        raise Failed("blocked")
    candidate = first(found.get("candidates"))
    if candidate.get("finishReason") in _BLOCKED:
        raise Failed("blocked")
    parts = mapping(candidate.get("content")).get("parts")
    if not isinstance(parts, list):
        raise ValueError("no parts")  # noqa: TRY004  # wrong content, not a wrong call
    said = [mapping(part) for part in parts]
    text = "".join(str(part.get("text", "")) for part in said if not part.get("thought"))
    usage, version = found.get("usageMetadata"), found.get("modelVersion")
    return Reply(
        accept(decoded(text)),
        count(usage, "promptTokenCount"),
        count(usage, "candidatesTokenCount", "thoughtsTokenCount"),
        version if isinstance(version, str) else None,
    )


def _names(response: Response) -> tuple[str, ...]:
    listed = mapping(json.loads(response.body)).get("models")
    if not isinstance(listed, list):
        raise ValueError("no list")  # noqa: TRY004  # wrong content, not a wrong call
    return tuple(str(mapping(one).get("name")).removeprefix("models/") for one in listed)
