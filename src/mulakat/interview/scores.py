"""Scores as they are shown: never a lone number, always a word, a figure and its interval."""

from collections.abc import Mapping
from typing import Any

from mulakat.interview.noise import Interval, interval
from mulakat.languages import say

BANDS = ((70, "solid"), (45, "fair"), (20, "thin"), (0, "absent"))
"""Least score of each word."""


def shown(found: Interval | None, reader: str) -> dict[str, Any] | None:
    """Return a mean score as it is shown: a word, a figure and its interval."""
    if found is None:
        return None
    band = next(name for least, name in BANDS if found.value >= least)
    return {
        "score": round(found.value),
        "low": round(found.low),
        "high": round(found.high),
        "band": band,
        "word": say(reader, f"result.word.{band}"),
    }


def rated(result: Mapping[str, Any], reader: str) -> dict[str, Any]:
    """Return one answer's score and its criteria as they are shown.

    `overall` is None where nothing was scored; a criterion has its `key`, `name`, `weight` (0–1),
    `quotes` (as they are stored) and `advice` beside what `shown` gives.
    """
    score = result.get("score")
    overall = None if score is None else shown(interval([score]), reader)
    return {
        "overall": overall,
        "criteria": [
            {
                "key": one["key"],
                "name": say(reader, f"criterion.{one['key']}"),
                "weight": one.get("weight"),
                "quotes": [each for each in one.get("evidence") or () if each.get("quote")],
                "advice": one.get("advice"),
                **(shown(interval([one["score"]], one["key"]), reader) or {}),
            }
            for one in result.get("criteria") or ()
        ],
    }
