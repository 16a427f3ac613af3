"""`mulakat soak`: does a server hold its memory, its files and its answers under load?"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mulakat.cli import soak_load, soak_report
from mulakat.cli.soak_client import Ask, Client, Told
from mulakat.cli.soak_growth import growth, verdict
from mulakat.cli.soak_plot import Span
from mulakat.cli.soak_server import (
    OwnProbe,
    Probe,
    RemoteProbe,
    Sampler,
    ServerTrouble,
    floors,
    own_server,
)

SCENARIOS = ("sequential", "burst", "mixed", "all")

SPEECH_PACKAGE = "moonshine-voice"
"""The development tools bring real speech: assets/beckett.wav of this wheel, ten seconds."""

SETTLE_SECONDS = 0.2
"""Between an answer and the next where they go one at a time: the worker gives its memory back
after it has answered, and what is left then is what would grow."""

SWEEP_SECONDS = 15.0
"""How long the last files may take to go: the worker deletes them after it has answered."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    scenario: str
    requests: int
    concurrency: int
    audio: tuple[Path, ...]
    language: str
    url: str | None
    admin_token: str
    out: Path


def run(options: Options, environ: Mapping[str, str]) -> int:
    """Drive a server, print and save what was seen; return 0 when all was well, else 1."""
    console = Console(highlight=False)
    recordings = _recordings(options.audio)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        with _server(options, environ) as (url, probe):
            report = drive(options, recordings, url, probe, console)
    except ServerTrouble as trouble:
        raise click.ClickException(str(trouble)) from None
    soak_report.show(report, console)
    page = soak_report.save(report, options.out)
    console.print(f"Drawn in {page}, every sample in {page.with_suffix('.json')}", markup=False)
    return 1 if report.faults else 0


@contextmanager
def _server(options: Options, environ: Mapping[str, str]) -> Iterator[tuple[str, Probe]]:
    if options.url is None:
        with own_server(environ, options.out) as own:
            yield own.url, OwnProbe(own.pid, own.data)
        return
    probe = RemoteProbe(Client(options.url), options.admin_token)
    probe.check()
    yield options.url, probe


def drive(
    options: Options,
    recordings: Sequence[soak_load.Recording],
    url: str,
    probe: Probe,
    console: Console,
) -> soak_report.Report:
    """Send what the options say to the server at `url`, while `probe` looks; return the report."""
    client = Client(url)
    runs: list[soak_report.Run] = []
    with Sampler(probe) as sampler, _progress(console) as bar:
        for name in SCENARIOS[:-1] if options.scenario == "all" else (options.scenario,):
            if name == "sequential":
                runs += _rounds(options, recordings, client, sampler, bar)
            else:
                made = getattr(soak_load, name)(recordings, options.language)
                runs.append(_once(made, client, sampler, bar))
        left = _files_left(probe)
    samples = tuple(sorted(sampler.samples, key=lambda one: one.at))
    return soak_report.Report(url, tuple(runs), samples, left if samples else None)


def _rounds(
    options: Options,
    recordings: Sequence[soak_load.Recording],
    client: Client,
    sampler: Sampler,
    bar: Progress,
) -> list[soak_report.Run]:
    """Run the sequential scenario, longer each time, until growth stops or is believed."""
    runs: list[soak_report.Run] = []
    while True:
        scenario = soak_load.sequential(
            recordings,
            options.language,
            options.requests * (len(runs) + 1),
            options.concurrency,
        )
        done = _once(scenario, client, sampler, bar)
        ends = [told.ended for told in done.told if told.ended]
        inside = [one for one in sampler.samples if one.at >= done.span.began]
        grown = growth(floors(inside, ends))
        runs.append(soak_report.Run(done.span, done.told, grown))
        if verdict([one.growth for one in runs if one.growth]) != "again":
            return runs


def _once(
    scenario: soak_load.Scenario, client: Client, sampler: Sampler, bar: Progress
) -> soak_report.Run:
    task = bar.add_task(scenario.name, total=len(scenario.asks))
    began = time.monotonic()

    def send(ask: Ask) -> Told:
        told = client.send(ask)
        if scenario.concurrency == 1:
            time.sleep(SETTLE_SECONDS)
        sampler.look()
        bar.advance(task)
        return told

    with ThreadPoolExecutor(scenario.concurrency) as pool:
        told = tuple(pool.map(send, scenario.asks))
    return soak_report.Run(Span(scenario.name, began, time.monotonic()), told, None)


def _files_left(probe: Probe) -> int:
    """Return the temporary files once there are none, or after SWEEP_SECONDS."""
    deadline = time.monotonic() + SWEEP_SECONDS
    left = 0
    while time.monotonic() < deadline:
        seen = probe.look()
        if seen:
            left = seen.files
            if left == 0:
                break
        time.sleep(probe.period)
    return left


def _recordings(paths: Sequence[Path]) -> list[soak_load.Recording]:
    try:
        return [soak_load.read(path) for path in paths or (_development_speech(),)]
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _development_speech() -> Path:
    try:
        files = metadata.files(SPEECH_PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "beckett.wav":
            return Path(str(file.locate()))
    raise click.ClickException("Say which speech to send: --audio FILE (may be given repeatedly)")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
