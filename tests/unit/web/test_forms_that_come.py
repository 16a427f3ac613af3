"""Forms as browsers send them: read once, bounded, the longest answer among them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mulakat.settings import MAX_TEXT_CHARACTERS
from mulakat.web.bodies import MOST_BYTES, MOST_FORM_BYTES
from page_site import Reader, site

LONGEST = "ğ…" * (MAX_TEXT_CHARACTERS // 2)


async def test_the_longest_answer_that_may_be_typed_comes_whole(tmp_path: Path) -> None:
    async with site(tmp_path) as (app, here), Reader(app) as web:
        form = {"question": "Why?", "answer": LONGEST, "language": "tr"}
        sent = await web.post("/practice", data=form)
        assert sent.status_code == 303
        found = await here.answers.get(sent.headers["location"].removeprefix("/answers/"))
        assert found
        assert found.typed_text == LONGEST
        assert here.governor.budget.reserved == 0


@pytest.mark.parametrize("logged_in", [True, False])
async def test_what_is_longer_is_refused_before_it_is_kept(tmp_path: Path, logged_in: bool) -> None:
    async with site(tmp_path) as (app, here), Reader(app) as web:
        if logged_in:
            await web.come_in()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        long = b"answer=" + b"x" * MOST_FORM_BYTES
        assert (await web.post("/practice", content=long, headers=kind)).status_code == 400

        async def unsaid() -> AsyncIterator[bytes]:
            yield b"answer=" + b"x" * MOST_BYTES

        assert (await web.post("/practice", content=unsaid(), headers=kind)).status_code == 400
        fields = b"&".join(b"a%d=1" % number for number in range(33))
        assert (await web.post("/practice", content=fields, headers=kind)).status_code == 400
        assert here.governor.budget.reserved == 0
        assert (await here.answers.depth()).queued == 0
