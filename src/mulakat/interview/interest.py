"""Which field of the bank somebody means who says what they are interested in."""

from mulakat.interview.bank import Bank
from mulakat.interview.chooser import GENERAL
from mulakat.languages.matching import fold, tokens

LEAST_LETTERS = 4
"""Of a word that tells a field by itself: shorter ones ("and", "ve", "IT") stand in several."""


def field_of(bank: Bank, interest: str | None) -> str:
    """Return the field that an interest names: by its key, its name, or most words of its name.

    Anything else, and nothing, is the general field.
    """
    if not interest:
        return GENERAL
    wanted, best, most = _words(interest), GENERAL, 0
    for language in bank.languages:
        for field in bank.fields(language):
            if fold(interest).strip() in {fold(field.key), fold(field.name)}:
                return field.key
            common = len(wanted & (_words(field.name) | {fold(field.key)}))
            if common > most:
                best, most = field.key, common
    return best


def _words(text: str) -> set[str]:
    return {one.folded for one in tokens(text) if len(one.folded) >= LEAST_LETTERS}
