"""Coverage: does the answer say all that the question asks for, at enough length."""

from mulakat.providers.rubric.reading import Judged, Reading, between, judged
from mulakat.providers.rubric.sentences import Sentence

LENGTH = 0.45
"""The part of length; the rest is what was asked (estimate)."""

_PARTS = {"situation": ("situation", "task"), "action": ("action",), "result": ("result",)}
_MARKS = {
    "situation": ("situation", "task"),
    "action": ("own_action", "team"),
    "result": ("result",),
    "reason": ("reason",),
}


def wanted(reading: Reading) -> list[str]:
    """Return what the question asks for: situation, action, result, reason."""
    kinds = []
    if reading.asks("asks_story"):
        kinds += ["situation", "action", "result"]
    for kind in ("action", "result", "reason"):
        if kind not in kinds and reading.asks(f"asks_{kind}"):
            kinds.append(kind)
    return kinds or ["reason", "action"]


def judge(reading: Reading) -> Judged:
    """Judge by the asked-for kinds present and by the number of words."""
    norm = reading.text_norms
    length = between(len(reading.words), norm["least_answer_words"] / 2, norm["full_answer_words"])
    kinds = wanted(reading)
    story = "situation" in kinds
    shares: dict[str, float] = {}
    evidence: list[Sentence] = []
    for kind in kinds:
        found = _told(reading, kind) if story else _marked(reading, kind)
        # One sentence is a mention; two are an account. A result needs one.
        shares[kind] = min(1.0, len(found) / (1 if kind in {"result", "reason"} else 2))
        evidence += [one for one in found if one not in evidence][:1]
    missing = [kind for kind in kinds if shares[kind] == 0]
    advice = missing[0] if missing else "short" if length < 0.75 else "good"
    value = LENGTH * length + (1 - LENGTH) * sum(shares.values()) / len(kinds)
    at = (reading.sentences[-1] if advice == "result" else None) if reading.sentences else None
    return judged(value, evidence[:3], advice, at)


def _told(reading: Reading, kind: str) -> list[Sentence]:
    """Return the sentences that tell what was asked for; what "we" did counts here."""
    numbers = {one.number for part in _PARTS.get(kind, ()) for one in reading.story[part]}
    team = "team" if kind == "action" else "reason" if kind == "reason" else None
    return [
        one
        for i, one in enumerate(reading.sentences)
        if i in numbers or (team and reading.marks(team, one))
    ]


def _marked(reading: Reading, kind: str) -> list[Sentence]:
    return [one for one in reading.sentences if any(reading.marks(k, one) for k in _MARKS[kind])]
