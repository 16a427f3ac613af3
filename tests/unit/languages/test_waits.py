"""How long to wait is said in the reader's words, never too short."""

import pytest

from mulakat.languages import say


@pytest.mark.parametrize(
    ("seconds", "english", "turkish"),
    [
        (1, "a second", "1 saniye"),
        (59, "59 seconds", "59 saniye"),
        (60, "a minute", "1 dakika"),
        (61, "2 minutes", "2 dakika"),
        (300, "5 minutes", "5 dakika"),
    ],
)
def test_a_wait_is_said_in_seconds_or_in_whole_minutes(
    seconds: int, english: str, turkish: str
) -> None:
    key = "error.too_many_tries"
    assert f"Try again in {english}." in say("en", key, retry_after=seconds)
    assert f" {turkish} sonra" in say("tr", key, retry_after=seconds)
