"""The scripts of the pages on which one answers: small, and with a sentence for all they say."""

import re

import pytest

from mulakat.languages import codes, messages
from mulakat.web.static_files import FOLDER, modules

ROOM = sorted({*modules("room.js"), *modules("interview.js"), *modules("pending.js")})

MOST_LINES = 200


@pytest.mark.parametrize("language", codes())
def test_every_sentence_that_a_script_of_the_room_says_is_there(language: str) -> None:
    live = messages(language)["answering"]["live"]
    for name in ROOM:
        script = (FOLDER / name).read_text()
        for key in re.findall(r'\bsay\(\s*"(\w+)"', script):
            assert key in live, f"{name} says {key}"
        for key in re.findall(r'NoRecording\([^)]*"(\w+)"|\.tell\("(\w+)"', script):
            named = key[0] or key[1]
            assert {named, f"{named}_title"} <= set(live), f"{name} tells {named}"


def test_no_script_of_the_room_is_long() -> None:
    for name in [*ROOM, *modules("setup.js")]:
        assert len((FOLDER / name).read_text().splitlines()) <= MOST_LINES, name
