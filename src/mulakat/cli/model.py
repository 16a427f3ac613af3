"""`mulakat model …`: install and verify the speech model."""

import click

from mulakat.cli.speech_model import resolved
from mulakat.errors import ModelError
from mulakat.providers import encoder_files, model_files
from mulakat.settings import Settings


def install(settings: Settings) -> int:
    """Put the speech model and the sentence encoder in place; quick when they are there."""
    target = model_files.installed_dir(settings.speech)
    try:
        model_files.install(target, click.echo)
        encoder_files.prepare(encoder_files.home())
    except ModelError as error:
        raise click.ClickException(f"The speech model: {error.params['reason']}") from None
    return 0


def verify(settings: Settings) -> int:
    """Hash every file."""
    target = model_files.installed_dir(resolved(settings).speech)
    try:
        model_files.verify(target)
    except ModelError as error:
        raise click.ClickException(
            f"{error.params['reason']}. Run: mulakat model install"
        ) from None
    click.echo(f"{target}: every file is the pinned one.")
    return 0
