"""The drawing of an answer: bars, pauses, fillers and parts of the story, in their places."""

from typing import Any

from mulakat.interview.strip import BARS, LABEL_PERCENT, REACH, drawing


def heard(seconds: float = 60.0, **more: Any) -> dict[str, Any]:
    step = 0.5
    return {
        "strip": {"envelope": [50] * int(seconds / step), "step": step, "seconds": seconds},
        "delivery": {"pauses": {"longer": []}, "fillers": {"items": []}},
        **more,
    }


def test_a_typed_or_deleted_answer_has_no_drawing() -> None:
    assert drawing({"strip": None}) is None
    assert drawing({}) is None
    assert drawing({"strip": {"envelope": [], "step": 0.5, "seconds": 0}}) is None


def test_each_bar_is_as_high_as_its_loudest_moment() -> None:
    strip = drawing(heard())
    assert strip
    assert strip.bars.count("M") == BARS
    assert strip.bars.startswith(f"M0.5 {REACH / 2:.1f}v{REACH:.1f}")


def test_a_long_pause_is_a_gap_with_its_length() -> None:
    result = heard()
    result["delivery"]["pauses"]["longer"] = [[6.0, 9.0], [12.0, 12.4]]
    strip = drawing(result)
    assert strip
    (pause,) = strip.pauses
    assert (pause.left, pause.width, pause.seconds, pause.labelled) == (10.0, 5.0, 3.0, True)
    assert strip.bars.count("M") == BARS - 6


def test_of_pauses_close_together_the_longest_is_labelled() -> None:
    result = heard()
    result["delivery"]["pauses"]["longer"] = [[1, 2], [3, 6], [50, 52]]
    strip = drawing(result)
    assert strip
    assert [pause.labelled for pause in strip.pauses] == [False, True, True]
    assert all(LABEL_PERCENT / 2 <= one.middle <= 100 - LABEL_PERCENT / 2 for one in strip.pauses)


def test_pauses_of_an_older_result_are_found_between_its_words() -> None:
    result = heard(words=[["one", 0.0, 1.0, 1.0], ["two", 4.0, 5.0, 1.0]]) | {"delivery": None}
    strip = drawing(result)
    assert strip
    assert [(pause.start, pause.seconds) for pause in strip.pauses] == [(1.0, 3.0)]


def test_parts_of_the_story_stand_in_order_and_their_letters_apart() -> None:
    def part(name: str, start: float, end: float) -> dict[str, Any]:
        return {"part": name, "state": "found", "evidence": [{"start": start, "end": end}]}

    story = [part("result", 30, 90), part("situation", 0, 1), part("action", 1, 2)]
    strip = drawing(heard(story=story))
    assert strip
    assert [(one.what, one.labelled) for one in strip.parts] == [
        ("situation", True),
        ("action", False),
        ("result", True),
    ]
    assert strip.parts[-1].left + strip.parts[-1].width == 100  # cut where the answer ends


def test_a_filler_is_a_tick_where_it_was_said() -> None:
    result = heard()
    result["delivery"]["fillers"]["items"] = [{"text": "um", "start": 30.0, "end": 30.4}]
    strip = drawing(result)
    assert strip
    assert [(one.what, one.left) for one in strip.fillers] == [("um", 50.0)]
