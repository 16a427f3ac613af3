"""What a result says of a provider that was chosen and had no part in it."""

from collections.abc import Mapping
from typing import Any

from mulakat.languages import messages, say

PARTS = {"fallback": "evaluator", "transcriber_fallback": "transcriber"}
"""Parts of a result's engine that hold the code of a reason, and whose it is."""


def told(engine: Mapping[str, Any], reader: str) -> dict[str, Any]:
    """Return a result's engine with a sentence beside each code: `fallback_text`,
    `transcriber_fallback_text`, None where nothing stood in.
    """
    known = messages(reader)["fallback"]["reason"]
    out = dict(engine)
    for part, whose in PARTS.items():
        code = engine.get(part)
        reason = say(reader, f"fallback.reason.{code if code in known else 'unknown'}")
        out[f"{part}_text"] = say(reader, f"fallback.{whose}", reason=reason) if code else None
    return out
