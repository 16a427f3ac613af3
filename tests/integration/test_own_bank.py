"""A question bank of the operator's own: served as it is, or the server does not start."""

from dataclasses import replace
from pathlib import Path

import pytest

import few_questions
from mulakat.interview.bank import BankError
from mulakat.settings import Interviews, Settings, Store
from webapp import ask, running


def settings(tmp_path: Path) -> Settings:
    own = Interviews(questions_dir=tmp_path / "bank")
    return replace(Settings(store=Store(data_dir=tmp_path / "data")), interviews=own)


async def test_an_own_bank_is_what_is_asked_from(tmp_path: Path) -> None:
    few_questions.write(tmp_path / "bank")
    async with running(settings(tmp_path)) as (app, _):
        status, body = await ask(app, "GET", "/api/v1/questions/fields", {"accept-language": "en"})
    assert status == 200
    assert "Software engineering" in body


async def test_with_a_faulty_or_an_empty_bank_the_server_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    for content in (None, "[field]\nname = 3\n"):
        if content:
            (tmp_path / "bank" / "en").mkdir()
            (tmp_path / "bank" / "en" / "software.toml").write_text(content)
        with pytest.raises(BankError) as found:
            async with running(settings(tmp_path)):
                pass
        assert found.value.problems
