"""Language models by both wire formats, against a server that holds us to them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import contract_servers as acts
from clocks import HandTimes
from contract_servers import KEY, MODEL, OTHER_MODEL, Server, language_server
from ledgers import MemoryLines
from mulakat.providers.language import connect
from mulakat.providers.language.protocol import LanguageModel, Prompt, Reply, Sampling
from mulakat.providers.remote import TRIES, Errand, Failed, Times
from mulakat.settings import Language

SCHEMA = {
    "type": "object",
    "properties": {
        "word": {"type": "string"},
        "sure": {"type": "boolean"},
        "marks": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["word", "sure", "marks"],
    "additionalProperties": False,
}
DIALECTS = ("openai", "gemini")


@pytest.fixture
def server() -> Iterator[Server]:
    with language_server() as running:
        yield running


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def chosen(server: Server, dialect: str, name: str = MODEL, key: str = KEY) -> LanguageModel:
    times = HandTimes()
    settings = Language(dialect, name, server.url(dialect), key, language_timeout=1)
    return connect(settings, Times(times.monotonic, times.sleep, lambda: 1.0))


def ask(model: LanguageModel, accept: Any = dict, lines: MemoryLines | None = None) -> Reply[Any]:
    errand = Errand("evaluate", 1e9, lines or MemoryLines())
    prompt = Prompt("Say a word.", "Çığ altında — “kalın”")
    return model.ask(prompt, SCHEMA, Sampling(0.0, 7), errand, accept)


def with_word(data: Any) -> Any:
    if "word" not in data:
        raise ValueError("word")
    return data


def fails(model: LanguageModel, **more: Any) -> str:
    with pytest.raises(Failed) as caught:
        ask(model, **more)
    return caught.value.reason


def test_a_reply_comes_with_its_tokens_and_the_models_version(server: Server, dialect: str) -> None:
    reply = ask(chosen(server, dialect))
    assert reply == Reply({"word": "said", "sure": False, "marks": []}, 700, 80, f"{MODEL}-001")
    (seen,) = server.seen
    told = json.dumps(seen.body, ensure_ascii=False)
    assert "Say a word." in told
    assert "Çığ altında — “kalın”" in told
    assert '"temperature": 0.0' in told
    assert '"seed": 7' in told
    assert seen.headers["accept-encoding"] == "identity"


def test_json_in_a_code_fence_or_after_thoughts_is_read(server: Server, dialect: str) -> None:
    server.then(acts.text('<think>hm</think>\n```json\n{"word": "said"}\n```'))
    assert ask(chosen(server, dialect)).data == {"word": "said"}


def test_thoughts_that_gemini_tells_apart_are_left_out(server: Server) -> None:
    parts = [{"text": "{no", "thought": True}, {"text": '{"a"'}, {"text": ": 1}"}]
    server.then(acts.text("", content={"parts": parts, "role": "model"}))
    assert ask(chosen(server, "gemini")).data == {"a": 1}


@pytest.mark.parametrize(
    "act",
    [
        acts.text(""),
        acts.text("I would give it 80."),
        acts.text('{"word": "sa'),
        acts.text("[1, 2]"),
        acts.text('{"word": NaN') ,
        acts.good({"other": 1}),
        acts.half,
        acts.raw(b"HTTP/1.1 200 OK\r\n\r\n{}"),
        acts.raw(b"HTTP/1.1 200 OK\r\n\r\n[]"),
        acts.raw(b'HTTP/1.1 200 OK\r\n\r\n{"choices": [], "candidates": []}'),
        acts.raw(b'HTTP/1.1 200 OK\r\n\r\n{"choices": [{"message": 1}], "candidates": [{}]}'),
        acts.raw(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"choices":' * 20_000),
    ],
)  # fmt: skip
def test_useless_replies_are_asked_for_again_with_another_seed(
    server: Server, dialect: str, act: acts.Act
) -> None:
    server.then(act, act)
    lines = MemoryLines()
    found = ask(chosen(server, dialect), with_word, lines)
    assert found.data["word"] == "said"
    assert lines.outcomes[-1] == "ok"
    assert not {"ok"} & set(lines.outcomes[:-1])
    seeds = [
        seen.body["generationConfig"]["seed"] if dialect == "gemini" else seen.body["seed"]
        for seen in server.seen
    ]
    assert seeds == [7, 1007, 2007]


def test_a_reply_that_is_not_accepted_is_given_up_in_the_end(server: Server, dialect: str) -> None:
    def never(_data: object) -> None:
        raise ValueError

    assert fails(chosen(server, dialect), accept=never) == "invalid"
    assert len(server.seen) == TRIES


@pytest.mark.parametrize(
    ("dialect", "act"),
    [
        ("openai", acts.text("", message={"role": "assistant", "content": None, "refusal": "No"})),
        ("openai", acts.text("", finish_reason="content_filter")),
        ("gemini", acts.text("", finishReason="SAFETY")),
        (
            "gemini",
            acts.raw(b'HTTP/1.1 200 OK\r\n\r\n{"promptFeedback": {"blockReason": "OTHER"}}'),
        ),
    ],
)
def test_a_refusal_to_talk_of_it_is_not_argued_with(
    server: Server, dialect: str, act: acts.Act
) -> None:
    server.always(act)
    assert fails(chosen(server, dialect)) == "blocked"
    assert len(server.seen) == 1


def test_a_wrong_key_and_an_unknown_model_are_told_apart(server: Server, dialect: str) -> None:
    assert fails(chosen(server, dialect, key="wrong")) == "refused"
    assert fails(chosen(server, dialect, name="judge/none")) == "not_found"
    assert len(server.seen) == 2


def test_the_models_that_are_there_are_listed(server: Server, dialect: str) -> None:
    found = chosen(server, dialect).models(Errand("look", 1e9, MemoryLines()))
    assert found == (MODEL, OTHER_MODEL)


def test_what_a_server_does_not_take_is_left_out_from_then_on(server: Server) -> None:
    server.unsupported.update({"temperature", "seed", "json_schema"})
    model = chosen(server, "openai")
    server.then(acts.text('{"word": "said"}'))
    assert ask(model).data == {"word": "said"}
    assert len(server.seen) == 4
    server.then(acts.text('{"word": "said"}'))
    ask(model)
    assert len(server.seen) == 5
    last = server.seen[-1].body
    assert set(last) == {"model", "messages", "response_format"}
    assert last["response_format"] == {"type": "json_object"}


def test_a_server_without_any_structured_output_is_asked_in_words(server: Server) -> None:
    server.unsupported.update({"json_schema", "json_object", "response_format"})
    server.then(acts.text('{"word": "said"}'))
    assert ask(chosen(server, "openai")).data == {"word": "said"}
    assert "response_format" not in server.seen[-1].body


def test_what_is_rejected_for_another_reason_is_not_asked_in_other_ways(server: Server) -> None:
    server.always(acts.status(400, "context_length_exceeded"))
    assert fails(chosen(server, "openai")) == "rejected"
    assert len(server.seen) == 1
    server.always(acts.status(400, "response_format and temperature and seed, always"))
    assert fails(chosen(server, "openai")) == "rejected"
    assert len(server.seen) == 6


def test_a_server_of_ones_own_needs_no_key_and_gets_none() -> None:
    model = connect(Language("openai", MODEL, "http://127.0.0.1:11434/v1"))
    assert model.service.headers == {}
    own = connect(Language("openai", MODEL, "", KEY)).service
    assert (str(own.address), own.address.path) == ("api.openai.com", "/v1")
    own = connect(Language("gemini", f"models/{MODEL}", "", KEY)).service
    assert (str(own.address), own.model) == ("generativelanguage.googleapis.com", MODEL)


def test_a_key_is_in_nothing_that_is_printed(server: Server, dialect: str) -> None:
    model = chosen(server, dialect)
    assert KEY not in repr(model.service)
    assert KEY not in repr(Language(language_key=KEY))
    with pytest.raises(Failed) as caught:
        ask(chosen(server, dialect, key=f"{KEY}2"))
    assert f"{KEY}2" in caught.value.told  # the server quotes it, and there it stays
    assert KEY not in repr(caught.value) + str(caught.value) + repr(caught.getrepr())
