"""`mulakat questions`: check, list and extend a question bank."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mulakat.interview import bank_check
from mulakat.interview.bank import CATEGORIES, LEVELS, Bank, BankError, Question, files, parse
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
@click.argument("file", type=click.File("rb"), default="-")
def add(folder: Path, file: Any) -> None:
    """Add questions of FILE (TOML, or - for standard input) to the bank in FOLDER.

    FILE has for each language a table of [[<language>.<field>]] questions, as docs/questions.md
    shows. All or none: the bank with them must be without a fault. Existing files keep their
    text; comments in them stay.
    """
    import tomllib

    try:
        given = tomllib.loads(file.read().decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"This is no TOML in UTF-8: {error}") from None
    unknown = sorted(set(given) - set(codes()))
    if unknown or not given:
        raise click.ClickException(
            f"Tables must be named by language ({', '.join(codes())}): [[en.data]]"
        )
    changed: dict[Path, str] = {}
    for language, fields in given.items():
        for field, entries in fields.items():
            path = folder / language / f"{field}.toml"
            changed[path] = _extended(path, field, entries)
    with tempfile.TemporaryDirectory() as trial:
        # The whole bank as it would be, in a copy: only a faultless one is written.
        for code in codes():
            for path in files(folder, code):
                _write(Path(trial) / code / path.name, path.read_text(encoding="utf-8"))
        for path, text in changed.items():
            _write(Path(trial) / path.parent.name / path.name, text)
        found = [one.replace(f"{trial}{os.sep}", "") for one in faults(Path(trial))]
    if found:
        raise click.ClickException("Nothing was added:\n" + "\n".join(found))
    for path, text in changed.items():
        _replace(path, text)
    click.echo(f"Added to {', '.join(str(path) for path in changed)}.")


def _extended(path: Path, field: str, entries: Any) -> str:
    """Return a field's file with more questions at its end."""
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


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".toml.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
