"""How an answer was spoken, as it is shown: each measure with its unit and its usual range."""

from collections.abc import Iterator, Mapping
from typing import Any

from mulakat.languages import say

MEASURES: Mapping[str, tuple[str, ...]] = {
    "words_per_minute": ("words_per_minute",),
    "articulation_rate": ("articulation_rate",),
    "speech_ratio": ("speech_ratio",),
    "long_pauses_per_minute": ("pauses", "long_per_minute"),
    "pause_longest": ("pauses", "longest"),
    "fillers_per_minute": ("fillers", "per_minute"),
    "pitch_range": ("pitch_range",),
}
"""Each by its norm's name, with its place in a result's `delivery`, in the order of the page."""

WHOLE = frozenset({"words_per_minute"})
SHARES = frozenset({"speech_ratio"})


def number(value: float, reader: str, digits: int = 0) -> str:
    """Return a number as the reader writes it."""
    return f"{value:.{digits}f}".replace(".", say(reader, "report.decimal"))


def percent(ratio: float, reader: str) -> str:
    """Return a ratio as the reader writes it: "40%" or "%40"."""
    return say(reader, "report.percent", value=round(100 * ratio))


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds, "1:05"."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}"


def measured(delivery: Mapping[str, Any] | None, reader: str) -> list[dict[str, Any]]:
    """Return the measures of a spoken answer; what was not measured is left out.

    Each has `key`, `name`, `value`, `unit`, `usual` (a sentence, or None), `off` ("below", "above"
    or None) and `more`: for fillers, which they were.
    """
    return list(_measured(delivery or {}, reader))


def _measured(delivery: Mapping[str, Any], reader: str) -> Iterator[dict[str, Any]]:
    norms = delivery.get("norms") or {}
    for key, place in MEASURES.items():
        value = _found(delivery, place)
        if value is None:
            continue
        norm = norms.get(key)
        yield {
            "key": key,
            "name": say(reader, f"result.measure.{key}"),
            "value": _figure(key, value, reader),
            "unit": say(reader, f"result.unit.{key}"),
            "usual": _usual(key, norm, reader) if norm else None,
            "off": _off(value, norm) if norm else None,
            "more": _fillers(delivery) if key == "fillers_per_minute" else None,
        }


def _found(delivery: Mapping[str, Any], place: tuple[str, ...]) -> float | None:
    found: Any = delivery
    for name in place:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, int | float) else None


def _figure(key: str, value: float, reader: str) -> str:
    if key in SHARES:
        return percent(value, reader)
    return number(value, reader, 0 if key in WHOLE else 1)


def _usual(key: str, norm: list[float], reader: str) -> str:
    low, high = (_figure(key, end, reader) for end in norm)
    if norm[0] <= 0:
        return say(reader, "result.usual_most", high=high)
    return say(reader, "result.usual", low=low, high=high)


def _off(value: float, norm: list[float]) -> str | None:
    return "below" if value < norm[0] else "above" if value > norm[1] else None


def _fillers(delivery: Mapping[str, Any]) -> str | None:
    said = [one["text"] for one in (delivery.get("fillers") or {}).get("items") or ()]
    return ", ".join(f"“{one}”" for one in dict.fromkeys(said)) or None
