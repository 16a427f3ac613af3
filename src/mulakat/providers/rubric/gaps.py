"""What an answer lacks that a follow-up question could ask for.

The names are those by which a question bank says when to follow up.
"""

from mulakat.providers.rubric import coverage, relevance
from mulakat.providers.rubric.reading import Reading
from mulakat.providers.values import Point


def gaps(reading: Reading, points: tuple[Point, ...]) -> tuple[str, ...]:
    """Return the triggers that apply, the gravest first.

    `no_result`, `no_action` and `no_example` only where the question asks for a story.
    """
    found = []
    if reading.themes and relevance.share(reading) < relevance.OFF:
        found.append("off_question")
    if "situation" in coverage.wanted(reading):
        if not reading.marked("situation"):
            found.append("no_example")
        if not reading.marked("own_action"):
            found.append("no_action")
        if not reading.marked("result"):
            found.append("no_result")
    if not reading.count("numbers"):
        found.append("no_number")
    if any(one.state == "missing" for one in points):
        found.append("point_missing")
    return tuple(found)
