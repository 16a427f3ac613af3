"""What a language model must do for us: answer one prompt with JSON of a schema."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from mulakat.providers.remote import Errand, Service

Schema = Mapping[str, Any]
"""JSON schema: objects with all properties required and no others, arrays, strings, integers,
booleans. What every provider's structured output takes."""

Data = TypeVar("Data")

Accept = Callable[[Any], Data]
"""Makes what was asked for of a reply's JSON. Raises ValueError where it is not that; then the
model is asked again."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What we say (`system`) and what it is about (`user`), which is a stranger's."""

    system: str = field(repr=False)
    user: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn; the seed is told where the provider takes one."""

    temperature: float = 0.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Reply(Generic[Data]):
    """What came, the tokens it took (None: not told), the model's own version name."""

    data: Data = field(repr=False)
    tokens_in: int | None = None
    tokens_out: int | None = None
    version: str | None = None


class LanguageModel(Protocol):
    """A provider's model."""

    @property
    def service(self) -> Service:
        """Who it is and where."""
        ...

    def ask(
        self,
        prompt: Prompt,
        schema: Schema,
        sampling: Sampling,
        errand: Errand,
        accept: Accept[Data],
    ) -> Reply[Data]:
        """Return a reply whose data `accept` made. Raises remote.Failed."""
        ...

    def models(self, errand: Errand) -> tuple[str, ...]:
        """Return the names of models that the provider offers. Raises remote.Failed."""
        ...


def decoded(text: object) -> Any:
    """Return the JSON object of a reply's text, also of one wrapped in talk or a code fence.

    Raises ValueError where there is none.
    """
    if not isinstance(text, str):
        raise ValueError("no text")  # noqa: TRY004  # wrong content, not a wrong call
    return json.loads(text[text.find("{") : text.rfind("}") + 1])


def count(usage: object, *keys: str) -> int | None:
    """Return the sum of a usage record's numbers, None where it has none of them."""
    if not isinstance(usage, Mapping):
        return None
    found = [usage[key] for key in keys if type(usage.get(key)) is int]
    return sum(found) if found else None


def mapping(value: object) -> Mapping[str, Any]:
    """Return the value, which must be a JSON object. Raises ValueError."""
    if not isinstance(value, Mapping):
        raise ValueError("no object")  # noqa: TRY004  # wrong content, not a wrong call
    return value


def first(value: object) -> Mapping[str, Any]:
    """Return the first object of a list. Raises ValueError."""
    if not isinstance(value, list) or not value:
        raise ValueError("no list")
    return mapping(value[0])
