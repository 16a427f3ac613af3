"""A report in words: its figures and times as the reader writes them, and all of it as Markdown."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from mulakat.languages import say

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_LINE_START = re.compile(r"(?m)^(\s*)([-+>]|\d+[.)])(?=\s)")


def markdown(report: Mapping[str, Any], reader: str) -> str:
    """Return a report (interview/report.py) as CommonMark; what was said is escaped."""
    return "\n".join(_lines(report, reader)).strip() + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, in one paragraph."""
    plain = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _LINE_START.sub(r"\1\\\2", plain)


def moment(at: str, reader: str) -> str:
    """Return a report's RFC 3339 time as the reader writes it, in UTC."""
    found = datetime.fromisoformat(at)
    month = say(reader, f"report.month.{found.month}")
    return say(
        reader, "report.moment",
        day=found.day, month=month, year=found.year, time=found.strftime("%H:%M"),
    )  # fmt: skip


def figure(name: str, value: float | None, reader: str) -> str:
    """Return a measure of the delivery as the reader writes it."""
    if value is None:
        return "–"
    if name == "speech_ratio":
        return say(reader, "report.percent", value=round(100 * value))
    digits = 0 if name == "words_per_minute" else 1
    return f"{value:.{digits}f}".replace(".", say(reader, "report.decimal"))


def usual(name: str, delivery: Mapping[str, Any], reader: str) -> str:
    """Return a measure's usual range, or nothing where none is known."""
    norm = delivery["norms"].get(name)
    return "–".join(figure(name, end, reader) for end in norm) if norm else ""


def _lines(report: Mapping[str, Any], reader: str) -> Iterator[str]:
    def told(key: str, **params: object) -> str:
        return say(reader, f"report.{key}", **params)

    yield f"# {told('title', field=escaped(report['field']))}"
    yield ""
    level = say(reader, f"interview.level.{report['level']}")
    yield f"{moment(report['start_time'], reader)} · {level}"
    yield ""
    for line in report["final_evaluation"].split("\n"):
        yield f"{escaped(line)}  "
    if report["score"]:
        yield ""
        yield f"## {told('criteria')}"
        yield ""
        yield f"- **{told('overall')}**: {_score(report['score'], reader)}"
        for one in report["criteria"]:
            yield f"- {escaped(one['name'])}: {_score(one, reader)}"
        yield ""
        yield told("interval")
    for key in ("strongest", "weakest"):
        if quote := report[key]:
            yield ""
            yield f"## {told(key)}"
            yield ""
            yield f"> {escaped(quote['quote'])}"
            yield ""
            yield told("quote_of", index=quote["question_index"], name=escaped(quote["criterion"]))
    if delivery := report["delivery"]:
        yield ""
        yield f"## {told('delivery')}"
        yield ""
        for name, value in delivery["mean"].items():
            if value is not None:
                line = f"- {told('measure.' + name)}: {figure(name, value, reader)}"
                norm = usual(name, delivery, reader)
                yield f"{line} ({told('usual')}: {norm})" if norm else line
    if report["practise"]:
        yield ""
        yield f"## {told('practise')}"
        for number, one in enumerate(report["practise"], 1):
            yield ""
            head = f"{number}. **{escaped(one['name'])}** ({one['score']})"
            yield f"{head}: {escaped(one['advice'] or '')}"
            for question in one["questions"]:
                yield f"   - {escaped(question['text'])}"
    yield ""
    yield f"## {told('questions')}"
    for one in report["questions"]:
        yield from _question(one, reader)


def _question(one: Mapping[str, Any], reader: str) -> Iterator[str]:
    def told(key: str, **params: object) -> str:
        return say(reader, f"report.{key}", **params)

    yield ""
    yield f"### {one['question_index']}. {escaped(one['question'])}"
    yield ""
    yield f"*{escaped(one['why'])}*"
    yield ""
    status = told(f"status.{one['status']}")
    if one["score"]:
        status = _score(one["score"], reader)
    yield f"{status} {escaped(one['reason'] or '')}".strip()
    if one["transcript"]:
        yield ""
        yield f"> {escaped(one['transcript'])}"
    elif one["redacted"]:
        yield ""
        yield told("redacted")
    for point in one["points"]:
        state = told(f"point.{point['state']}")
        yield f"- {state}: {escaped(point['text'])}"
    for line in one["improvements"]:
        yield f"- {escaped(line)}"
    if one["model_answer"]:
        yield ""
        yield f"**{told('model_answer')}**: {escaped(one['model_answer'])}"


def _score(shown: Mapping[str, Any], reader: str) -> str:
    return say(
        reader, "report.score",
        word=shown["word"], score=shown["score"], low=shown["low"], high=shown["high"],
    )  # fmt: skip
