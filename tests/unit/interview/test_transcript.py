"""What was said, sentence by sentence: from words with times, from typed text, from old results."""

from typing import Any

from mulakat.interview.transcript import Line, line_of, lines

SAID = "Last year we were late. I wrote a plan and called. In the end, 2. quarter, we shipped."


def spoken(text: str = SAID, *, each: float = 0.5, **more: Any) -> dict[str, Any]:
    """Return a result in which each word takes so many seconds."""
    words = [
        [word, at * each, (at + 1) * each, 0.1 if word == "plan" else 0.9]
        for at, word in enumerate(text.split())
    ]
    return {"transcribed_text": text, "words": words, **more}


def texts(found: tuple[Line, ...]) -> list[str]:
    return [line.text for line in found]


def span(quote: str, part: str, text: str = SAID) -> dict[str, Any]:
    first = text.index(quote)
    place = {"quote": quote, "first": first, "after": first + len(quote), "start": 0, "end": 99}
    return {"part": part, "state": "found", "evidence": [place]}


def test_a_line_is_a_sentence_and_an_ordinal_ends_none() -> None:
    assert texts(lines(spoken())) == [
        "Last year we were late.",
        "I wrote a plan and called.",
        "In the end, 2. quarter, we shipped.",
    ]


def test_a_long_pause_ends_a_line_where_no_full_stop_was_heard() -> None:
    result = spoken("we were late in the year then I wrote a plan")
    for word in result["words"][6:]:
        word[1:3] = word[1] + 2, word[2] + 2
    assert texts(lines(result)) == ["we were late in the year", "then I wrote a plan"]


def test_a_line_knows_its_words_and_its_time() -> None:
    second = lines(spoken())[1]
    assert (second.number, second.first, second.after) == (2, 5, 11)
    assert (second.start, second.end) == (2.5, 5.5)
    assert second.unsure


def test_a_part_of_the_story_is_found_by_its_characters() -> None:
    found = lines(spoken(story=[span("wrote a plan", "action"), span("plan and called", "result")]))
    assert [(run.part, " ".join(one.text for one in run.tokens)) for run in found[1].runs] == [
        (None, "I"),
        ("action", "wrote a plan"),
        ("result", "and called."),
    ]


def test_a_part_of_an_older_result_is_found_by_its_time_or_its_words() -> None:
    timed = {"quote": "", "start": 2.5, "end": 3.5}
    quoted = {"quote": "We were LATE", "start": None, "end": None}
    for place, words in ((timed, "I wrote"), (quoted, "we were late.")):
        story = [{"part": "task", "state": "found", "evidence": [place]}]
        runs = [run for line in lines(spoken(story=story)) for run in line.runs if run.part]
        assert [" ".join(one.text for one in run.tokens) for run in runs] == [words]


def test_what_was_added_in_writing_is_marked_nowhere() -> None:
    place = {"quote": "not in here", "start": None, "end": None, "first": None, "after": None}
    story = [{"part": "task", "state": "found", "evidence": [place]}]
    assert all(run.part is None for line in lines(spoken(story=story)) for run in line.runs)


def test_a_typed_answer_keeps_its_paragraphs_and_has_no_times() -> None:
    found = lines({"transcribed_text": "First of all\nthe plan. Then the rest.", "words": []})
    assert texts(found) == ["First of all", "the plan.", "Then the rest."]
    assert {(line.start, line.first) for line in found} == {(None, None)}


def test_a_corrected_word_keeps_its_place_and_tells_what_was_heard() -> None:
    result = spoken("I wrote a plant and sent it off .")
    result["words"][3][0] = "plan with dates"
    result["words"][8][0] = ""
    result["transcribed_text"] = "I wrote a plan with dates and sent it off"
    result["correction"] = {
        "words": [
            {"index": 3, "before": "plant", "after": "plan with dates"},
            {"index": 8, "before": ".", "after": ""},
        ]
    }
    (line,) = lines(result)
    assert line.text == result["transcribed_text"]
    assert [(one.text, one.before) for one in line.tokens if one.before] == [
        ("plan with dates", "plant"),
        ("", "."),
    ]


def test_a_quote_leads_to_its_sentence_by_time_else_by_words() -> None:
    found = lines(spoken())
    assert line_of(found, "whatever", 2.5) == found[1]
    assert line_of(found, "we shipped", None) == found[2]
    assert line_of(found, "nobody said this", None) is None


def test_a_result_without_its_words_has_no_lines() -> None:
    assert lines({"transcribed_text": "", "words": [], "redacted": True}) == ()
    assert lines({}) == ()
