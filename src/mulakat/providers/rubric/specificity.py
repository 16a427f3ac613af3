"""Specificity: numbers, names, dates, what the speaker did, a result one could check."""

from mulakat.languages.matching import is_content
from mulakat.providers.rubric.reading import Judged, Reading, between, judged
from mulakat.providers.rubric.sentences import Sentence


def names(reading: Reading, sentence: Sentence) -> int:
    """Return how many capitalised words stand inside a sentence, its first word left out."""
    return sum(
        token.text[:1].isupper() and len(token.text) > 1 and is_content(reading.language, token)
        for token in sentence.tokens[1:]
    )


def judge(reading: Reading) -> Judged:
    """Judge by counts that saturate: the third number adds little, the tenth nothing."""
    numbers = reading.count("numbers")
    named = sum(names(reading, one) for one in reading.sentences)
    dates = reading.count("dates")
    own, team = reading.count("own_action"), reading.count("team")
    measured = [one for one in reading.marked("result") if reading.marks("numbers", one)]
    vague = 100 * reading.count("hedges") / max(1, len(reading.words))
    value = (
        0.3 * between(numbers, 0, 4)
        + 0.2 * between(named + dates, 0, 3)
        + 0.3 * between(own, 0, 4)
        + 0.2 * bool(measured)
        - 0.25 * between(vague, 2, 12)
    )
    if not numbers:
        advice = "no_number"
    elif own == 0 and team:
        advice = "team_only"
    elif vague > 4:
        advice = "vague"
    elif not measured:
        advice = "no_measured_result"
    else:
        advice = "good" if named + dates else "no_names"

    def weight(one: Sentence) -> int:
        return 2 * reading.marks("numbers", one) + names(reading, one) + reading.marks("dates", one)

    dense = sorted(reading.sentences, key=weight, reverse=True)
    return judged(value, [one for one in dense[:2] if weight(one)], advice)
