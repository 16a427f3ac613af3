import json
import tracemalloc
from contextlib import suppress

import pytest

from mulakat import errors
from mulakat.intake import MAX_JSON_BYTES
from mulakat.intake.form import Audio, Submission, fields_of_json, submission
from mulakat.memory.budget import COSTS

LANGUAGES = ("tr", "en")
AUDIO = Audio(bytes=3, sha256="ab" * 32, container="webm")


def checked(fields: dict[str, str], audio: Audio | None = None, default: str = "tr") -> Submission:
    return submission(fields, audio, languages=LANGUAGES, default_language=default)


def code_of(fields: dict[str, str], audio: Audio | None = None) -> str:
    with pytest.raises(errors.Invalid) as raised:
        checked(fields, audio)
    return raised.value.code


def test_a_spoken_answer_needs_no_more_than_its_question() -> None:
    made = checked({"question": "Why us?"}, AUDIO)
    assert (made.question, made.audio, made.typed_text) == ("Why us?", AUDIO, None)


async def test_a_typed_answer_has_no_recording_to_store() -> None:
    made = checked({"question": "Why us?", "answer": "Because."})
    assert made.typed_text == "Because."
    assert await made.store_audio() is None


def test_the_older_name_of_the_typed_answer_is_read_too() -> None:
    assert checked({"question": "Why us?", "user_answer": "Because."}).typed_text == "Because."


def test_the_language_is_the_readers_where_none_is_given() -> None:
    assert checked({"question": "?"}, AUDIO, default="en").language == "en"
    assert checked({"question": "?", "language": " "}, AUDIO, default="en").language == "en"
    assert checked({"question": "?", "language": "TR"}, AUDIO, default="en").language == "tr"


@pytest.mark.parametrize("question", [None, "", " \r\n\t", "\u00a0"])
def test_a_question_of_nothing_is_missing(question: str | None) -> None:
    assert code_of({} if question is None else {"question": question}, AUDIO) == "question_missing"


def test_limits_are_in_characters_of_any_script() -> None:
    assert len(checked({"question": "ş" * 2000}, AUDIO).question) == 2000
    assert len(checked({"question": "😀" * 2000}, AUDIO).question) == 2000
    assert code_of({"question": "ş" * 2001}, AUDIO) == "question_too_long"
    assert code_of({"question": "?", "answer": "x" * 20_001}) == "text_too_long"
    assert code_of({"question": "?", "additional_text": "x" * 20_001}, AUDIO) == "text_too_long"
    assert code_of({"question": "?", "voice_name": "x" * 201}, AUDIO) == "field_invalid"


def test_the_line_ends_of_forms_do_not_count_twice() -> None:
    made = checked({"question": "?", "answer": "x\r\n" * 10_000})
    assert made.typed_text == ("x\n" * 10_000).strip()


def test_neither_and_both_are_refused() -> None:
    assert code_of({"question": "?"}) == "answer_missing"
    assert code_of({"question": "?", "answer": "  "}) == "answer_missing"
    assert code_of({"question": "?", "answer": "x"}, AUDIO) == "answer_ambiguous"
    assert code_of({"question": "?", "answer": "x", "user_answer": "y"}) == "answer_ambiguous"


def test_an_empty_text_beside_a_recording_is_an_unused_input() -> None:
    assert checked({"question": "?", "answer": ""}, AUDIO).audio == AUDIO


def test_an_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(errors.Invalid) as raised:
        checked({"question": "?", "language": "xx"}, AUDIO)
    assert raised.value.code == "language_unknown"
    assert raised.value.params == {"language": "xx", "known": "tr, en"}


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_what_no_database_can_hold_is_refused(text: str) -> None:
    assert code_of({"question": text}, AUDIO) == "field_invalid"


def test_the_same_said_again_has_the_same_hash_and_anything_else_another() -> None:
    fields = {"question": "Why us?", "answer": "Because.", "voice_name": "v"}
    base = checked(fields).body_hash
    assert checked(dict(reversed(fields.items()))).body_hash == base
    assert checked({**fields, "language": "en", "answer": "Because. "}).body_hash == base
    others = {
        checked({**fields, name: "tr" if name == "language" else "other"}).body_hash
        for name in ("question", "answer", "voice_name", "language", "additional_text")
    }
    spoken = {"question": "Why us?", "voice_name": "v"}
    others.add(checked(spoken, AUDIO).body_hash)
    others.add(checked(spoken, Audio(bytes=3, sha256="cd" * 32, container="webm")).body_hash)
    assert len({base, *others}) == 8


def test_json_gives_its_known_text_fields() -> None:
    body = {"question": "Neden?", "user_answer": "Çünkü", "voice_name": None, "unknown": [1]}
    assert fields_of_json(json.dumps(body).encode()) == {
        "question": "Neden?",
        "user_answer": "Çünkü",
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"question"',
        b"\xff\xfe",
        b'{"question": "a", "question": "b"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 100_000 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json_object_is_malformed(body: bytes) -> None:
    with pytest.raises(errors.Malformed):
        fields_of_json(body)


@pytest.mark.parametrize("value", ["1", "true", "[]", "{}"])
def test_a_field_that_is_no_text_is_named(value: str) -> None:
    with pytest.raises(errors.Invalid) as raised:
        fields_of_json(f'{{"question": {value}}}'.encode())
    assert (raised.value.code, raised.value.params) == ("field_invalid", {"field": "question"})


def test_brackets_and_quotes_within_a_text_are_text() -> None:
    text = '{[,"' * 5_000 + "\\"
    body = json.dumps({"answer": text, "question": "\\"}).encode()
    assert fields_of_json(body) == {"answer": text, "question": "\\"}


@pytest.mark.parametrize(
    ("start", "unit", "end"),
    [
        (b'{"question":[', b'{"":{}},', b"0]}"),
        (b"{", b'"":1,', b'"":1}'),
        (b'{"question":[', b"1,", b"0]}"),
        (b"[", b"[],", b"0]"),
        (b'{"answer":"\xf0\x9f\x98\x80', b"a", b'"}'),
        (b'{"answer":"\xf0\x9f\x98\x80', b"\\n", b'"}'),
        (b'{"\xf0\x9f\x98\x80', b"a", b'":""}'),
        (b'{"answer":"', b'\\"', b'"}'),
    ],
)
def test_no_body_takes_more_memory_than_is_promised_for_one(
    start: bytes, unit: bytes, end: bytes
) -> None:
    body = start + unit * ((MAX_JSON_BYTES - len(start) - len(end)) // len(unit)) + end
    tracemalloc.start()
    with suppress(errors.MulakatError):
        fields_of_json(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak + 2 * len(body) <= COSTS["typed"]  # as it came, and as bytes


def test_a_question_of_the_bank_or_of_an_interview_need_not_be_sent() -> None:
    of_bank = checked({"question_id": "software-old-code", "answer": "Because."})
    assert (of_bank.question, of_bank.question_id) == ("", "software-old-code")
    fields = {"session_id": "i", "question_index": "3", "answer": "Because."}
    of_interview = submission(fields, None, languages=LANGUAGES, default_language="tr", asked=True)
    assert (of_interview.session_id, of_interview.question_index) == ("i", 3)
    assert code_of(fields) == "question_missing"


@pytest.mark.parametrize("index", ["0", "-1", "1.5", "100", "first", "²"])
def test_a_place_in_an_interview_is_a_number_from_1(index: str) -> None:
    assert code_of({"question": "?", "answer": "x", "question_index": index}) == "field_invalid"


def test_a_place_in_an_interview_may_be_a_number_in_json() -> None:
    assert fields_of_json(b'{"question_index": 3}') == {"question_index": "3"}
    for wrong in (b"true", b"1.5", b"[1]"):
        with pytest.raises(errors.Invalid):
            fields_of_json(b'{"question_index": ' + wrong + b"}")


def test_answers_to_two_questions_are_not_the_same() -> None:
    given = {"question": "?", "answer": "x"}
    hashes = {
        checked(given | more).body_hash
        for more in ({}, {"question_index": "1"}, {"question_index": "2"}, {"question_id": "a"})
    }
    assert len(hashes) == 4
