"""The error tree and its sentences."""

from collections.abc import Iterator

import pytest

from mulakat import errors
from mulakat.languages import codes, messages


def _all(kind: type[errors.MulakatError]) -> Iterator[type[errors.MulakatError]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _all(sub)


CODES = {
    kind.code for kind in _all(errors.MulakatError) if "code" in vars(kind)
} | errors.INVALID_CODES | {"internal"}  # fmt: skip


@pytest.mark.parametrize("language", codes())
def test_every_code_has_a_title_and_a_sentence_in_every_language(language: str) -> None:
    for table in ("error", "error_title"):
        assert set(messages(language)[table]) == CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_stored_code_becomes_its_error_again(code: str) -> None:
    error = errors.from_code(code, {"attempts": 3})
    assert error.code == code
    assert error.params.get("attempts") == (None if code == "internal" else 3)


def test_an_unknown_stored_code_is_an_internal_error() -> None:
    assert isinstance(errors.from_code("of_a_later_version"), errors.Internal)


def test_an_undeclared_invalid_code_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="undeclared"):
        errors.Invalid("nonsense")
