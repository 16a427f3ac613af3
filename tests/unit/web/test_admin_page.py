"""What the operator's page says is in both catalogues, and nothing else is."""

import re
from pathlib import Path

from mulakat.languages import codes, messages
from mulakat.web import pages

HERE = Path(pages.__file__).parent


def shape(table: object) -> object:
    if isinstance(table, dict):
        return {key: shape(value) for key, value in table.items()}
    return sorted(re.findall(r"\{\w+\}", str(table)))


def test_both_catalogues_have_the_same_sentences() -> None:
    shapes = [shape(messages(code)["admin"]) for code in codes()]
    assert all(one == shapes[0] for one in shapes)


def test_each_sentence_is_said_and_each_that_is_said_is_there() -> None:
    script = "".join(one.read_text() for one in (HERE / "static").glob("admin*.js"))
    live = messages("en")["admin"]["live"]
    for key in re.findall(r'(?:say|standing|oldest|fact)\("(\w+)"', script):
        assert key in live
    computed = re.compile(r"state_|role_|series_|release_(released|none|busy)$")
    for key in live:
        assert computed.match(key) or f'"{key}"' in script, key


def test_each_text_of_the_templates_is_there_and_none_is_left_over() -> None:
    templates = "".join(one.read_text() for one in (HERE / "templates").glob("admin*.html"))
    used = set(re.findall(r"page\.(\w+)", templates)) | {"live"}
    for action in re.findall(r'action\("(\w+)"', templates):
        used |= {action, f"{action}_hint"}
    assert used == messages("en")["admin"].keys()
