"""What an answer lacks that a follow-up question could ask for.

The names are those by which a question bank says when to follow up.
"""

from mulakat.providers.rubric import coverage, relevance
from mulakat.providers.rubric.reading import Reading


def gaps(reading: Reading) -> tuple[str, ...]:
    """Return the triggers that apply, the gravest first.

    `no_result`, `no_action` and `no_example` only where the question asks for a story.
    """
    found = []
    if reading.themes and relevance.share(reading) < relevance.OFF:
        found.append("off_question")
    if "situation" in coverage.wanted(reading):
        story = reading.story
        if not story["situation"]:
            found.append("no_example")
        if not story["action"]:
            found.append("no_action")
        if not story["result"]:
            found.append("no_result")
    if not reading.count("numbers"):
        found.append("no_number")
    if any(one.state == "missing" for one in reading.points):
        found.append("point_missing")
    return tuple(found)
