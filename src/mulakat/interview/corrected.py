"""What a candidate corrects of what the recogniser heard: pure functions over a stored result.

A word is named by its index among the words as they were heard, which stays the same however
many corrections follow: each entry of a corrected result's `words` stands for one of them, empty
for one that was never said, with spaces for several that were said in its place.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mulakat import errors

MOST_WORDS = 30
MOST_SHARE = 0.2
"""Words that may be corrected: MOST_WORDS, or this share of a long answer. Near speech has a
tenth of its words wrong, Turkish with the smallest models nearly half (docs/decisions/0001): the
answer is corrected, not written anew."""

MOST_OF_SHORT = 0.5
"""Of a short answer, no more than this share: it stays what was said."""

MOST_CHARACTERS = 100
"""In the place of one word (design decision)."""

UNSURE = 0.5
"""Word probability below which a word is shown as likely misheard. Of 632 words that Whisper base
heard in a reading with noise 10 dB below to 2 dB above it, and in synthetic Turkish: below 0.5,
64 in 100 were wrong, and these are 58 in 100 of all wrong ones; from 0.5 to 0.6 every second one
was, above 0.9 three in 100."""

Word = Sequence[Any]
"""As it is stored: text, start and end in seconds, probability or None."""


def most(words: int) -> int:
    """Return how many words of an answer of so many may be corrected."""
    return max(1, min(max(MOST_WORDS, int(MOST_SHARE * words)), int(MOST_OF_SHORT * words)))


def merged(result: Mapping[str, Any], changes: Mapping[int, str]) -> dict[int, str]:
    """Return all corrections of an answer by index: those it has, with `changes` over them.

    A word that is again as it was heard is no longer among them. Raises NotCorrectable where no
    words are kept, and Invalid for what is no word of the answer, too long, or too much in all.
    """
    heard = heard_words(result)
    if not heard:
        raise errors.NotCorrectable
    after = made(result)
    for index, text in changes.items():
        clean = " ".join(text.split())
        # One that cannot be shown would make two answers look the same that are not.
        if not 0 <= index < len(heard) or len(clean) > MOST_CHARACTERS or not clean.isprintable():
            raise errors.Invalid("field_invalid", field="words")
        after[index] = clean
        if clean == heard[index][0]:
            del after[index]
    size = sum(max(1, len(text.split())) for text in after.values())
    if size > most(len(heard)):
        raise errors.Invalid("correction_too_much", most=most(len(heard)), words=size)
    return dict(sorted(after.items()))


def made(result: Mapping[str, Any]) -> dict[int, str]:
    """Return the corrections that are in a result already, by index."""
    correction = result.get("correction") or {}
    return {one["index"]: one["after"] for one in correction.get("words", ())}


def unsure(result: Mapping[str, Any]) -> list[int]:
    """Return the indices of the words that are likely misheard and not corrected."""
    words = result.get("words") or ()
    return [i for i, one in enumerate(words) if one[3] is not None and one[3] < UNSURE]


def heard_words(result: Mapping[str, Any]) -> Sequence[Word]:
    """Return the words as the recogniser heard them."""
    words = [list(one) for one in result.get("words") or ()]
    for one in (result.get("correction") or {}).get("words", ()):
        words[one["index"]][0] = one["before"]
        words[one["index"]][3] = one["probability"]
    return words


def shown_words(heard: Sequence[Word], corrections: Mapping[int, str]) -> list[list[Any]]:
    """Return an entry for each word heard, with the corrected text; of those, no probability."""
    return [
        [corrections[index], start, end, None]
        if index in corrections
        else [text, start, end, probability]
        for index, (text, start, end, probability) in enumerate(heard)
    ]


def correction(
    before: Mapping[str, Any], after: Mapping[str, Any], corrections: Mapping[int, str]
) -> dict[str, Any] | None:
    """Return what a corrected result says of its correction; None when all was undone.

    `heard` is what the answer was scored as it was heard; `cost` what the recogniser had cost,
    in points, in all and by criterion: None where scores were made with different engines, which
    are not set side by side.
    """
    if not corrections:
        return None
    heard = heard_words(before)
    was = (before.get("correction") or {}).get("heard") or _scores(before)
    now = _scores(after)
    cost = None
    if was["engine"] == now["engine"]:
        cost = {
            "score": _difference(was["score"], now["score"]),
            "criteria": {
                key: score - was["criteria"][key]
                for key, score in now["criteria"].items()
                if key in was["criteria"]
            },
        }
    return {
        "words": [
            {"index": index, "before": heard[index][0], "after": text,
             "probability": heard[index][3]}
            for index, text in corrections.items()
        ],
        "most": most(len(heard)),
        "heard": was,
        "cost": cost,
    }  # fmt: skip


def _scores(result: Mapping[str, Any]) -> dict[str, Any]:
    engine = result.get("engine") or {}
    return {
        "score": result.get("score"),
        "criteria": {one["key"]: one["score"] for one in result.get("criteria") or ()},
        "engine": {key: engine.get(key) for key in ("evaluator", "embedder", "fallback")},
    }


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before
