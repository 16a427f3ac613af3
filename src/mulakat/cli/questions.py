"""`mulakat questions`: check, list and extend a question bank."""

import json
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import click

from mulakat.interview import bank_check
from mulakat.interview.bank import (
    CATEGORIES,
    LEVELS,
    TRIGGERS,
    Bank,
    BankError,
    Question,
    files,
    parse,
)
from mulakat.interview.bank_lint import lint as faults
from mulakat.languages import codes

_FOLDER = click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)


@click.group()
def questions() -> None:
    """The question bank: ours, or one of your own in a folder (docs/questions.md)."""


@questions.command()
@_FOLDER
def lint(folder: Path | None) -> None:
    """Check a bank; print each fault with its place. Without FOLDER: ours."""
    found = faults(folder)
    for one in found:
        click.echo(one)
    if found:
        raise click.ClickException(f"{len(found)} faults")
    bank = Bank(folder)
    counts = ", ".join(
        f"{code} {len(bank.questions(code))} in {len(bank.fields(code))} fields"
        for code in bank.languages
    )
    click.echo(f"No fault: {counts}.")


@questions.command("list")
@_FOLDER
@click.option("--field", help="Only this field.")
@click.option("--category", type=click.Choice(CATEGORIES), help="Only this category.")
@click.option("--level", type=click.Choice(LEVELS), help="Only this level.")
@click.option("--language", default="en", show_default=True, type=click.Choice(codes()))
@click.option("--json", "as_json", is_flag=True, help="Everything about each, as JSON.")
def list_(  # noqa: PLR0917  # one parameter an option
    folder: Path | None, field: str | None, category: str | None, level: str | None,
    language: str, as_json: bool,
) -> None:  # fmt: skip
    """List questions; without FOLDER ours."""
    try:
        found = Bank(folder).questions(language, field)
    except BankError as error:
        raise click.ClickException(str(error)) from None
    chosen = [
        one for one in found if category in {None, one.category} and level in {None, one.level}
    ]
    if as_json:
        click.echo(json.dumps([_document(one) for one in chosen], ensure_ascii=False, indent=2))
        return
    for one in chosen:
        click.echo(f"{one.id}  [{one.category}, {one.level}]  {one.text}")
    if not chosen:
        click.echo("None.", err=True)


def _document(one: Question) -> dict[str, Any]:
    return {
        "id": one.id, "field": one.field, "category": one.category, "level": one.level,
        "text": one.text, "key_points": list(one.key_points), "example": one.example,
        "follow_ups": [
            {"when": two.when, "point": two.point, "text": two.text} for two in one.follow_ups
        ],
    }  # fmt: skip


@questions.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("file", type=click.File("rb"), required=False)
def add(folder: Path, file: IO[bytes] | None) -> None:
    """Add questions of FILE (TOML, or - for standard input) to the bank in FOLDER.

    FILE has for each language a table of [[<language>.<field>]] questions, as docs/questions.md
    shows. All or none: the bank with them must be without a fault. Existing files keep their
    text; comments in them stay. Without FILE, on a terminal: your editor opens with a form.
    """
    if file is not None or not sys.stdin.isatty():
        return _add(folder, (file or sys.stdin.buffer).read())
    text: str | None = _form()
    while True:
        text = click.edit(text, extension=".toml")
        if text is None:
            raise click.ClickException("Nothing was added: the form was not saved.")
        try:
            return _add(folder, text.encode())
        except click.ClickException as error:
            error.show()
            click.confirm("Open the form again?", default=True, abort=True)


def _form() -> str:
    text = (
        f"# Write your field's key for FIELD. Categories: {', '.join(CATEGORIES)}.\n"
        f"# Levels: {', '.join(LEVELS)}. When to follow up: {', '.join(TRIGGERS)}.\n"
    )
    for code in codes():
        text += f"""
[[{code}.FIELD]]
id = "FIELD-two-words"
category = "motivation"
level = "junior"
text = ""
key_points = [
    "",
    "",
    "",
]
example = ""

[[{code}.FIELD.follow_up]]
when = "no_result"
text = ""

[[{code}.FIELD.follow_up]]
when = "point_missing"
point = 1
text = ""
"""
    return text


def _add(folder: Path, raw: bytes) -> None:
    changed = {
        folder / language / f"{field}.toml": _extended(folder / language, field, entries)
        for language, fields in _given(raw).items()
        for field, entries in fields.items()
    }
    try:
        found = _tried(folder, changed)
        if not found:
            _write(changed)
    except OSError as error:
        raise click.ClickException(f"Nothing was added: {error}") from None
    if found:
        raise click.ClickException("Nothing was added:\n" + "\n".join(found))
    click.echo(f"Added to {', '.join(str(path) for path in changed)}.")


def _tried(folder: Path, changed: Mapping[Path, str]) -> list[str]:
    """Return what would be wrong with the whole bank, tried in a copy."""
    with tempfile.TemporaryDirectory() as trial:
        for code in codes():
            (Path(trial) / code).mkdir()
            for path in files(folder, code):
                shutil.copy(path, Path(trial) / code)
        for path, text in changed.items():
            (Path(trial) / path.parent.name / path.name).write_text(text, encoding="utf-8")
        return [one.replace(f"{trial}{os.sep}", "") for one in faults(Path(trial))]


def _given(raw: bytes) -> dict[str, dict[str, Any]]:
    """Return the questions by language and field. Raises ClickException."""
    try:
        given = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"This is no TOML in UTF-8: {error}") from None
    if not given or not all(code in codes() and isinstance(t, dict) for code, t in given.items()):
        raise click.ClickException(
            f"Tables must be named by language ({', '.join(codes())}): [[en.data]]"
        )
    return given


def _extended(folder: Path, field: str, entries: Any) -> str:
    """Return a field's file with more questions at its end."""
    if not bank_check.FIELD.fullmatch(field):
        raise click.ClickException(f"{field}: a field's key has small letters and _ only")
    path = folder / f"{field}.toml"
    if path.is_file():
        _, problems = parse(path)
        if problems:
            raise click.ClickException("\n".join(problems))
        text = path.read_text(encoding="utf-8").rstrip() + "\n"
    else:
        text = f"[field]\nname = {_quoted(field.replace('_', ' ').capitalize())}\n"
    listed = entries if isinstance(entries, list) else [entries]
    for one in listed:
        if not isinstance(one, dict):
            raise click.ClickException(f"{field}: each question is a table, [[<language>.{field}]]")
        problems = bank_check.form(path, {"field": {"name": field}, "question": [one]})
        if problems:
            raise click.ClickException("Nothing was added:\n" + "\n".join(problems))
        text += _toml(one)
    return text


def _toml(one: Mapping[str, Any]) -> str:
    lines = ["", "[[question]]"]
    lines += [f"{key} = {_quoted(one[key])}" for key in ("id", "category", "level", "text")]
    lines += ["key_points = [", *(f"    {_quoted(point)}," for point in one["key_points"]), "]"]
    lines += [f"example = {_quoted(one['example'])}"]
    for two in one["follow_up"]:
        lines += ["", "[[question.follow_up]]", f"when = {_quoted(two['when'])}"]
        lines += [f"point = {two['point']}"] if "point" in two else []
        lines += [f"text = {_quoted(two['text'])}"]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # JSON's strings are TOML's basic strings, for all characters that JSON leaves as they are.
    return json.dumps(text, ensure_ascii=False)


def _write(changed: Mapping[Path, str]) -> None:
    """Write all files beside the old ones first, so that a full disk leaves the bank as it was."""
    new = {path.with_suffix(".toml.new"): path for path in changed}
    try:
        for beside, path in new.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="utf-8") as file:
                file.write(changed[path])
                file.flush()
                os.fsync(file.fileno())
    except OSError:
        for beside in new:
            with suppress(OSError):
                beside.unlink()
        raise
    for beside, path in new.items():
        beside.replace(path)
