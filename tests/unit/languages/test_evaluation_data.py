"""Both languages carry the same keys of what the evaluation says and listens for."""

from collections.abc import Mapping
from typing import Any

import pytest

from mulakat.languages import codes, lexicon, messages, norms
from mulakat.languages.matching import find, tokens

TABLES = ("criterion", "advice", "strength", "improvement", "evaluation", "gate")


def keys(table: Mapping[str, Any], prefix: str = "") -> set[str]:
    out = set()
    for name, value in table.items():
        out |= keys(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name}
    return out


@pytest.mark.parametrize("code", codes())
def test_every_language_says_the_same_things(code: str) -> None:
    for table in TABLES:
        assert keys(messages(code)[table]) == keys(messages("en")[table])


@pytest.mark.parametrize("code", codes())
def test_every_language_has_the_same_lists_and_norms(code: str) -> None:
    # What only looks like a form, and mute letters, are each language's own affair.
    own = ("not.", "syllables.")
    lists = [{key for key in keys(lexicon(one)) if not key.startswith(own)} for one in (code, "en")]
    assert lists[0] == lists[1]
    assert keys(norms(code)) == keys(norms("en"))


@pytest.mark.parametrize("code", codes())
def test_every_list_compiles_and_finds_nothing_in_nothing(code: str) -> None:
    for key in keys(lexicon(code)):
        if key.startswith(("syllables", "not", "means")) and not key.endswith("asked"):
            continue
        assert find(code, key, tokens("")) == ()


@pytest.mark.parametrize("code", codes())
def test_ranges_go_from_low_to_high(code: str) -> None:
    ranges = [value for value in norms(code).values() if isinstance(value, list)]
    assert len(ranges) == 8
    assert all(low < high for low, high in ranges)
