"""The spelling of our question bank, by the dictionaries of hunspell."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mulakat import languages
from mulakat.interview import bank_lint
from mulakat.interview.bank import SOURCES, Bank

DICTIONARIES = {"tr": "tr_TR", "en": "en_GB"}
PLACES = (Path("/usr/share/hunspell"), Path("/usr/share/myspell/dicts"))
ALLOWED = Path(__file__).parents[2] / "fixtures" / "spelling"
FOLDED = str.maketrans("âîû", "aiu")


def words(language: str, text: str) -> str:
    """The text as a dictionary wants it, without the places of a template."""
    text = re.sub(r"\{\w+\}", "", text)
    if language == "tr":
        # A suffix after an apostrophe is no word, and the dictionary writes kağıt for kâğıt.
        return re.sub(r"[’”]\w+", "", text).translate(FOLDED)
    return text.replace("’", "'")


def plain(language: str, word: str) -> str:
    """A word in small letters; Turkish has two kinds of I."""
    return (word.replace("I", "ı").replace("İ", "i") if language == "tr" else word).lower()


def unknown(language: str) -> set[str]:
    """The words of our bank that the dictionary does not know."""
    bank = Bank()
    asked = [*bank.questions(language)]
    for source in SOURCES:
        asked += bank.templates(language, source)
    texts = [words(language, text) for one in asked for _, text in bank_lint.texts(one)]
    done = subprocess.run(
        [shutil.which("hunspell") or "", "-d", DICTIONARIES[language], "-l", "-i", "utf-8"],
        input="\n".join(texts), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = {word.partition("'")[0] for word in done.stdout.split()}
    return {word for word in found if len(word) > 1}


@pytest.mark.parametrize("language", languages.codes())
def test_our_bank_is_spelt_as_the_dictionary_has_it(language: str) -> None:
    name = DICTIONARIES[language]
    found = any((place / f"{name}.dic").exists() for place in PLACES)
    if not (shutil.which("hunspell") and found):
        pytest.skip(f"no hunspell with {name}: tools/ensure-spelling installs it")
    allowed = (ALLOWED / f"{language}.txt").read_text(encoding="utf-8").split()
    assert allowed == sorted(set(allowed)), "sorted, each word once"
    strange = unknown(language)
    known = {word for word in strange if word in allowed or plain(language, word) in allowed}
    assert sorted(strange - known) == [], "mend them, or add field terms to the list"
    needed = known | {plain(language, word) for word in known}
    assert sorted(set(allowed) - needed) == [], "no longer needed"
