"""The bank's question in a language model's words, or as the bank has it.

What a person said comes into the prompt, so the model may be talked into another question, or an
easier one. Its words are taken only where they are one question in the interview's language
that means what the bank's means.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mulakat.languages import codes, say
from mulakat.languages.matching import written_in
from mulakat.providers.language.prompt import new_fence, template, without_orders
from mulakat.providers.language.protocol import Prompt, Schema, mapping
from mulakat.providers.remote import Failed

if TYPE_CHECKING:
    from mulakat.providers.protocols import Embedder

LEAST_CHARACTERS, MOST_CHARACTERS = 25, 320
"""The bank's own questions have 30 to 220 (interview/bank_check.py); following on takes a few."""

MOST_GIST = 300
"""Characters of the last answer that are sent."""

LEAST_LIKENESS = 0.55
"""Cosine to the bank's question. On tests/fixtures/phrasings.toml questions in other words have
0.57 and more, other questions 0.43 and less; of pairs in one category of the bank 1 in 100 has
0.50 (Turkish) or 0.56 (English) and more."""

SCHEMA: Schema = {
    "type": "object",
    "properties": {"question": {"type": "string"}},
    "required": ["question"],
    "additionalProperties": False,
}

_QUOTES = "\"'“”„«»‘’ "

_STRANGE = re.compile(r"[^\w\s.,;:?'’“”\"()%&/–—-]|_|https?:|www\.")
"""What no spoken question has: markup, addresses, exclamations."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the bank, the key of its category, and what was answered last, in short."""

    text: str
    category: str
    language: str
    gist: str = ""


Ask = Callable[[Prompt, Schema], Any]
"""Asks a language model; returns its reply's JSON. Raises remote.Failed."""


def phrased(asked: Asked, ask: Ask, embedder: "Embedder") -> str:
    """Return the question as the model puts it, or the bank's text where that is not to be had."""
    try:
        reply = mapping(ask(prompt(asked), SCHEMA)).get("question")
    except (Failed, ValueError):
        return asked.text
    return accepted(reply, asked, embedder) or asked.text


def prompt(asked: Asked) -> Prompt:
    """Return what the model is asked."""
    fence = new_fence()
    category = say(asked.language, f"interview.category.{asked.category}")
    system = template("phrase", asked.language)
    for name, value in (
        ("{fence}", fence),
        ("{category}", category),
        ("{form}", json.dumps({"question": "…"}, ensure_ascii=False)),
    ):
        system = system.replace(name, value)
    gist = without_orders(asked.gist[:MOST_GIST], asked.language)
    lines = (f"{fence} question", asked.text, f"{fence} answer", gist, f"{fence} end")
    return Prompt(system, "\n".join(lines))


def accepted(reply: object, asked: Asked, embedder: "Embedder") -> str | None:
    """Return a reply's question, tidied; None for one that is not the bank's in other words."""
    if not isinstance(reply, str):
        return None
    text = " ".join(reply.split()).strip(_QUOTES)
    if not LEAST_CHARACTERS <= len(text) <= MOST_CHARACTERS or _STRANGE.search(text):
        return None
    # One sentence more, to follow on; "Tell me about …" asks without a mark, in the bank too.
    asks = _sentences(asked.text)
    if _sentences(text) > asks + 1 or text.count("?") > asks or not text.endswith(("?", ".")):
        return None
    if written_in(text, codes(), "") != asked.language:
        return None
    one, other = embedder.embed([text, asked.text])
    return text if float(one @ other) >= LEAST_LIKENESS else None


def _sentences(text: str) -> int:
    return text.count("?") + text.count(".")
