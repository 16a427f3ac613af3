"""What a language model is asked about an answer, and the shape of what it may reply.

The words are data, prompts/judge-<language of the answer>.txt. What comes from people is fenced
with a delimiter that nobody can guess, so that nothing in it can end the fence (Hines et al.
2024, "Defending Against Indirect Prompt Injection Attacks With Spotlighting").
"""

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from mulakat.languages import codes
from mulakat.languages.matching import find
from mulakat.providers.language.protocol import Prompt, Schema
from mulakat.providers.rubric.sentences import split
from mulakat.providers.values import Material, Word

VERSION = "judge-2"
"""Part of the stamp of every score: it changes with the prompts and with the rules of `held`. A
test holds their text to it."""

FLAG = "addresses_rater"
"""The reply's first property: whether the model saw something that talks to it."""

_HERE = Path(__file__).parent / "prompts"

_CRITERION = re.compile(r"^- (\w+):", re.MULTILINE)


@cache
def template(purpose: str, language: str) -> str:
    """Return the prompt for a purpose in a language."""
    return (_HERE / f"{purpose}-{language}.txt").read_text(encoding="utf-8")


def new_fence() -> str:
    """Return what the lines begin with that stand around what people wrote; 128 random bits."""
    return f"#{secrets.token_hex(16)}"


def without_orders(text: str, language: str, words: Sequence[Word] = ()) -> str:
    """Return a text without its sentences that address whoever assesses it.

    `words` are a spoken text's, with times: they tell where its sentences end.
    """
    return " ".join(
        one.text
        for one in split(text, words, language, typed=not words)
        if not any(find(code, "rater", one.tokens) for code in codes())
    )


def judged(language: str) -> tuple[str, ...]:
    """Return the keys of the criteria that the prompt explains, in its order.

    Delivery is not among them: a text does not tell how it was spoken.
    """
    return tuple(_CRITERION.findall(template("judge", language)))


def shown(material: Material) -> str:
    """Return the answer as it is sent: without sentences that address whoever assesses it."""
    words = () if material.typed else material.words
    return without_orders(material.text, material.language, words)


def prompt(material: Material, answer: str, keys: Sequence[str]) -> Prompt:
    """Return the prompt for an answer as `shown`, asking for the criteria `keys`.

    What was added in writing beside an answer is not sent: less of a person's leaves the server.
    """
    fence = new_fence()
    lines = template("judge", material.language).splitlines()
    known = set(judged(material.language))
    asked = [line for line in lines if not (m := _CRITERION.match(line)) or m[1] in keys]
    if not set(keys) <= known:
        raise ValueError(f"no prompt for {sorted(set(keys) - known)}")
    one = {"score": 0, "quotes": ["…"]}
    form = json.dumps({FLAG: False, **dict.fromkeys(keys, one)}, ensure_ascii=False)
    system = "\n".join(asked).replace("{fence}", fence).replace("{form}", form)
    return Prompt(system, "\n".join(_fenced(fence, material, answer)))


def _fenced(fence: str, material: Material, answer: str) -> Iterator[str]:
    yield f"{fence} question"
    yield material.question
    if material.key_points:
        yield f"{fence} points"
        yield from (f"- {point}" for point in material.key_points)
    yield f"{fence} answer"
    yield answer
    yield f"{fence} end"


def schema(keys: Sequence[str]) -> Schema:
    """Return the JSON schema of a reply about the criteria `keys`."""
    quotes = {"type": "array", "items": {"type": "string"}}
    one = _object({"score": {"type": "integer"}, "quotes": quotes})
    return _object({FLAG: {"type": "boolean"}, **dict.fromkeys(keys, one)})


def _object(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
