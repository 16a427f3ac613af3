"""`mulakat evaluate`: one answer through the pipeline, without a server."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from mulakat import errors
from mulakat.cli.speech_model import footing, resolved
from mulakat.intake.sniff import HEAD_BYTES, container
from mulakat.languages import codes, say
from mulakat.settings import MAX_AUDIO_BYTES, MIB, Settings


def run(
    settings: Settings,
    *,
    audio: str | None,
    text: str | None,
    question: str,
    language: str,
    reader: str,
    as_json: bool,
) -> int:
    """Evaluate and print; return the exit status (0, or 1 with the error's sentence)."""
    for code in (language, reader):
        if code not in codes():
            raise click.BadParameter(f"{code!r} is not one of {', '.join(codes())}")
    reader_console = Console(highlight=False)
    try:
        result = _evaluate(settings, audio, text, question, language, reader)
    except errors.MulakatError as error:
        sentence = say(reader, f"error.{error.code}", **error.params)
        if as_json:
            click.echo(json.dumps({"code": error.code, "detail": sentence}, ensure_ascii=False))
        else:
            click.echo(sentence, err=True)
        return 1
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        _print(reader_console, result, reader)
    return 0


def _evaluate(  # noqa: PLR0917  # handed on as they came
    settings: Settings,
    audio: str | None,
    text: str | None,
    question: str,
    language: str,
    reader: str,
) -> dict[str, Any]:
    if (audio is None) == (text is None):
        raise errors.Invalid("answer_missing" if audio is None else "answer_ambiguous")
    path = Path(audio) if audio else None
    kind = None
    if path:
        size = path.stat().st_size
        if size == 0:
            raise errors.Invalid("audio_empty")
        if size > MAX_AUDIO_BYTES:
            raise errors.TooLarge(limit_mib=MAX_AUDIO_BYTES // MIB)
        with path.open("rb") as file:
            kind = container(file.read(HEAD_BYTES))
        if kind is None:
            raise errors.NotAudio
    from mulakat.pipeline.run import Job
    from mulakat.pipeline.run import run as process
    from mulakat.providers.remote import NoLines
    from mulakat.worker.tools import Workshop

    job = Job(question, language, reader, audio=path, container=kind, typed_text=text)
    # The bar goes to stderr, so that --json can be piped.
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(say(reader, "cli.starting"), total=100)

        def progress(stage: str, per_cent: int | None) -> None:
            bar.update(task, description=say(reader, f"cli.{stage}"), completed=per_cent or 0)

        ready = resolved(settings)
        holds = footing(ready).rung is not None
        tools = Workshop(ready.speech, ready.language, holds=holds).tools(NoLines())
        return process(job, tools, progress)


def _print(console: Console, result: dict[str, Any], reader: str) -> None:
    def label(key: str, **params: object) -> str:
        return say(reader, f"cli.{key}", **params)

    console.print(f"[bold]{label('transcript')}[/bold]")
    console.print(Padding(result["transcribed_text"], (0, 0, 1, 2)), markup=False)
    if result["scored"]:
        console.print(f"[bold]{label('score', score=result['score'])}[/bold]")
    console.print(Padding(result["evaluation"], (0, 0, 1, 2)), markup=False)
    if result["criteria"]:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for one in result["criteria"]:
            quote = f"“{one['evidence'][0]['quote']}”" if one["evidence"] else ""
            table.add_row(one["name"], f"{one['score']}", quote)
            table.add_row("", "", f"→ {one['advice']}")
        console.print(table)
    delivery = result["delivery"]
    if delivery:
        console.print(f"\n[bold]{label('delivery')}[/bold]")
        measures = {
            "words_per_minute": delivery["words_per_minute"],
            "articulation_rate": delivery["articulation_rate"],
            "pauses": delivery["pauses"]["count"],
            "longest_pause": delivery["pauses"]["longest"],
            "fillers": delivery["fillers"]["count"],
        }
        for key, value in measures.items():
            if value is not None:
                console.print(f"  {label(key, value=value)}")
    timings = result["timings"]
    console.print(f"\n[dim]{label('took', seconds=round(timings['total'], 1))}[/dim]")
