"""OpenAI's chat completions, which Ollama, vLLM, the llama.cpp server and others speak too.

Wire format: platform.openai.com/docs/api-reference/chat. What a server does not take is left out
from then on: newer models refuse a temperature, older servers a schema.
"""

import json
from typing import Any

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

_FORMATS = ("json_schema", "json_object", "text")
"""How the shape of the reply is asked for, the strictest first; the prompt asks for it too."""


class OpenAICompatible:
    """A LanguageModel."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._optional = {"temperature", "seed"}
        self._format = 0

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
        while True:

            def make(number: int) -> Request:
                # Another seed after a useless reply: the same one would most likely be useless.
                seed = sampling.seed + 1000 * number
                body = self._body(prompt, schema, sampling.temperature, seed)
                return Request("/chat/completions", json.dumps(body, ensure_ascii=False).encode())

            try:
                return self._remote.ask(make, lambda response: _reply(response, accept), errand)
            except Failed as failure:
                if failure.reason != "rejected" or not self._learns(failure.told):
                    raise

    def models(self, errand: Errand) -> tuple[str, ...]:
        """Return the names of models that the provider offers. Raises remote.Failed."""
        return self._remote.ask(lambda _: Request("/models"), _names, errand)

    def _body(
        self, prompt: Prompt, schema: Schema, temperature: float, seed: int
    ) -> dict[str, Any]:
        optional = {"temperature": temperature, "seed": seed}
        body: dict[str, Any] = {
            "model": self.service.model,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
        }
        body |= {name: value for name, value in optional.items() if name in self._optional}
        match _FORMATS[self._format]:
            case "json_schema":
                named = {"name": "reply", "strict": True, "schema": schema}
                body["response_format"] = {"type": "json_schema", "json_schema": named}
            case "json_object":
                body["response_format"] = {"type": "json_object"}
        return body

    def _learns(self, told: str) -> bool:
        """Leave out what an error names; False when it names nothing that can be."""
        for name in sorted(self._optional):
            if name in told:
                self._optional.discard(name)
                return True
        if ("response_format" in told or "schema" in told) and self._format < len(_FORMATS) - 1:
            self._format += 1
            return True
        return False


def _reply(response: Response, accept: Accept[Data]) -> Reply[Data]:
    found = mapping(json.loads(response.body))
    choice = first(found.get("choices"))
    message = mapping(choice.get("message"))
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        raise Failed("blocked")
    usage, version = found.get("usage"), found.get("model")
    return Reply(
        accept(decoded(message.get("content"))),
        count(usage, "prompt_tokens"),
        count(usage, "completion_tokens"),
        version if isinstance(version, str) else None,
    )


def _names(response: Response) -> tuple[str, ...]:
    listed = mapping(json.loads(response.body)).get("data")
    if not isinstance(listed, list):
        raise ValueError("no list")  # noqa: TRY004  # wrong content, not a wrong call
    return tuple(str(mapping(one).get("id")) for one in listed)
