"""`mulakat doctor`: looks at everything a server needs, and says how to mend what is wrong."""

import asyncio
import os
import platform
import tempfile
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import click

from mulakat import __version__, errors
from mulakat.cli.speech_model import footing, remedy, resolved
from mulakat.memory import gauge, ladder
from mulakat.providers import model_files
from mulakat.providers.voice import MODULE as ESPEAK
from mulakat.settings import MIB, Settings, Voice, show_bytes
from mulakat.store import migrate
from mulakat.store.engine import check as check_database
from mulakat.store.engine import make_engine
from mulakat.store.spool import Spool

_LEAST = next(rung.least for rung in ladder.RUNGS if rung.name == "base")
_PACKAGES = ("fastapi", "uvicorn", "sqlalchemy", "av", "ctranslate2", "faster-whisper", "numpy")


@dataclass(frozen=True, slots=True)
class Finding:
    """One look: what was found, and the remedy when it is not well."""

    name: str
    found: str
    remedy: str | None = None


def doctor(settings: Settings) -> int:
    """Print every finding; return 1 when one needs a remedy."""
    settings = resolved(settings)
    ill = 0
    for look in (
        _python,
        _packages,
        _data,
        _spool,
        _memory,
        _model,
        _hearing,
        _language,
        _voice,
        _database,
    ):
        for finding in look(settings):
            ill += finding.remedy is not None
            mark = click.style("✗", fg="red") if finding.remedy else click.style("✓", fg="green")
            click.echo(f"{mark} {finding.name:<12} {finding.found}")
            if finding.remedy:
                click.echo(f"  {'':<12} → {finding.remedy}")
    return 1 if ill else 0


def _python(_settings: Settings) -> Iterator[Finding]:
    yield Finding(
        "mulakat", f"{__version__}, Python {platform.python_version()}, {os.cpu_count()} cores"
    )


def _packages(_settings: Settings) -> Iterator[Finding]:
    present, missing = [], []
    for name in _PACKAGES:
        try:
            present.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Finding("packages", f"missing: {', '.join(missing)}", "make run installs them")
    else:
        yield Finding("packages", ", ".join(present))


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.store.data_dir.resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        yield Finding(
            "data", f"{folder}: {error.strerror}", "set MULAKAT_DATA_DIR to a folder you may write"
        )
        return
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        yield Finding("data", f"{folder} is open to others ({mode:o})", f"chmod 700 {folder}")
    else:
        yield Finding("data", str(folder))


def _spool(settings: Settings) -> Iterator[Finding]:
    try:
        spool = Spool(settings.store.data_dir / "spool", settings.intake.disk_floor)
        _probe(spool)
    except errors.DiskFull:
        yield Finding(
            "spool",
            f"less than {show_bytes(settings.intake.disk_floor)} free",
            "make room on that disk, or set MULAKAT_DATA_DIR to another",
        )
        return
    except OSError as error:
        yield Finding(
            "spool", f"not writable: {error.strerror}", "give this user the data folder: chown -R"
        )
        return
    kind = spool.filesystem()
    if kind in {"tmpfs", "ramfs"}:
        yield Finding(
            "spool",
            f"writable, but on {kind}: recordings would count as memory",
            "set MULAKAT_DATA_DIR to a folder on a disk",
        )
    else:
        stats = spool.stats()
        yield Finding("spool", f"writable, on {kind}, {stats.files} files, {stats.bytes} bytes")


def _probe(spool: Spool) -> None:
    """Write, name and delete a recording, the way intake does."""
    with spool.open_new() as recording:
        recording.write(b"probe")
        key = recording.link()
    spool.unlink(key)


def _memory(settings: Settings) -> Iterator[Finding]:
    found = gauge.limit(settings.memory.memory_limit)
    text = f"{found.bytes // MIB} MiB, from {found.source}"
    yield Finding("memory", text)
    folder = model_files.installed_dir(settings.speech)
    standing = footing(settings)
    remedy = None
    if found.bytes < _LEAST:
        remedy = f"give it {_LEAST // MIB} MiB or more, or use a smaller model"
    elif not standing.rung and (folder / "model.bin").exists():
        remedy = "use a smaller model (mulakat model list), or give it more memory"
    yield Finding("speech", str(standing), None if standing.hears else remedy)


def _model(settings: Settings) -> Iterator[Finding]:
    folder = model_files.installed_dir(settings.speech)
    if settings.speech.speech_engine != "whisper" and not (folder / "model.bin").exists():
        yield Finding("model", "none installed here to fall back on")
        return
    try:
        model_files.verify(folder)
    except errors.ModelError as error:
        yield Finding("model", str(error.params["reason"]), f"run: {remedy(settings)}")
    else:
        own = model_files.is_own(folder)
        how = "your own, not verified" if own else "every file verified by sha256"
        yield Finding("model", f"{folder.name}, {how}")


LOOK_SECONDS = 10.0
"""How long a provider may take to say which models it has."""

_REMEDIES = {
    "refused": "check MULAKAT_LANGUAGE_KEY",
    "not_found": "check MULAKAT_LANGUAGE_URL: it names the interface too, as in …/v1",
    "certificate": "its certificate is not trusted here; SSL_CERT_FILE names another authority's",
    "invalid": "check MULAKAT_LANGUAGE_URL: what answers there is no such provider",
    "throttled": "it allows no more requests for now; look at the account's limits",
    "unreachable": "check MULAKAT_LANGUAGE_URL, and that the server there runs",
}


def _language(settings: Settings) -> Iterator[Finding]:
    chosen = settings.language
    if chosen.language_model == "none":
        yield Finding("language", "no model, the rubric alone; nothing is sent")
        return
    from mulakat.providers.language import connect
    from mulakat.providers.remote import Errand, Failed, NoLines

    model = connect(chosen)
    name, where = model.service.model, str(model.service.address)
    try:
        names = model.models(Errand("look", time.monotonic() + LOOK_SECONDS, NoLines()))
    except Failed as failure:
        remedy = _REMEDIES.get(failure.reason, "look at that server; until then the rubric stands")
        yield Finding("language", f"{name} at {where}: {failure.reason}", remedy)
        return
    if {name, f"{name}:latest"} & set(names):  # Ollama leaves the tag out
        yield Finding("language", f"{name} at {where}; answers are sent there")
    else:
        # Names are a stranger's: nothing of them may move the reader's cursor.
        offered = ", ".join(one[:80] for one in names[:8] if one.isprintable()) or "none"
        yield Finding(
            "language",
            f"{where} has no model {name}",
            f"set MULAKAT_LANGUAGE_MODEL_NAME to one that it has: {offered}",
        )


def _hearing(settings: Settings) -> Iterator[Finding]:
    """Have a second of silence heard: that alone tells whether the key and the model are right."""
    chosen = settings.speech
    if chosen.speech_engine == "whisper":
        yield Finding("hearing", "on this server; no recording is sent")
        return
    from mulakat.providers.remote import Errand, Failed, NoLines
    from mulakat.providers.transcribe import connect
    from mulakat.providers.values import SAMPLE_RATE, Sound

    service = connect(chosen)
    who = f"{service.service.model} at {service.service.address}"
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        with wave.open(file, "wb") as written:
            written.setnchannels(1)
            written.setsampwidth(2)
            written.setframerate(SAMPLE_RATE)
            written.writeframes(bytes(2 * SAMPLE_RATE))
        file.flush()
        errand = Errand("look", time.monotonic() + LOOK_SECONDS, NoLines())
        silence = Sound(1.0, 0.0, 0.0, 0.0, (), (), 0.1)
        try:
            service.hear(Path(file.name), "wav", "en", silence, errand)
        except Failed as failure:
            instead = "the installed model hears" if footing(settings).rung else "nobody hears"
            remedy = _REMEDIES.get(failure.reason, f"look at that server; until then {instead}")
            remedy = remedy.replace("LANGUAGE", "SPEECH")
            yield Finding("hearing", f"{who}: {failure.reason}", remedy)
            return
    yield Finding("hearing", f"{who}; recordings are sent there")


def _voice(settings: Settings) -> Iterator[Finding]:
    chosen = settings.voice
    if chosen.voice_engine == "browser":
        yield Finding("voice", "the browser's own; nothing is sent")
    elif chosen.url:
        yield _voice_elsewhere(chosen)
    elif find_spec(ESPEAK) is None:
        yield Finding("voice", "espeak-ng is not installed", "run: make voice")
    else:
        yield Finding("voice", "espeak-ng, on this server")


def _voice_elsewhere(chosen: Voice) -> Finding:
    """Have one word said: that alone tells whether the key, the model and the voice are right."""
    from mulakat.providers.remote import Errand, Failed, NoLines
    from mulakat.providers.voice import UnknownVoice
    from mulakat.providers.voice.elsewhere import connect
    from mulakat.providers.voice.wave import Writing

    service = connect(chosen)
    who = f"{chosen.usual} of {service.service.model} at {service.service.address}"
    file = os.memfd_create("voice")
    try:
        errand = Errand("look", time.monotonic() + LOOK_SECONDS, NoLines())
        service.speak("Merhaba.", chosen.usual, Writing(file), errand)
    except UnknownVoice:
        return Finding("voice", f"{who}: no such voice", "set MULAKAT_VOICE_NAME to one it has")
    except Failed as failure:
        remedy = _REMEDIES.get(failure.reason, "look at that server; until then browsers read")
        if failure.reason == "not_found":
            remedy = "check MULAKAT_VOICE_MODEL, and MULAKAT_VOICE_URL: it ends as in …/v1"
        return Finding("voice", f"{who}: {failure.reason}", remedy.replace("LANGUAGE", "VOICE"))
    finally:
        os.close(file)
    return Finding("voice", f"{who}; questions are sent there")


def _database(settings: Settings) -> Iterator[Finding]:
    async def look() -> tuple[bool, bool]:
        engine = make_engine(settings.store)
        try:
            await check_database(engine)
            return True, await migrate.is_current(engine)
        except errors.DatabaseBusy:
            return False, False
        finally:
            await engine.dispose()

    answers, current = asyncio.run(look())
    kind = "PostgreSQL" if settings.store.database_url else "SQLite"
    if not answers:
        yield Finding(
            "database", f"{kind} does not answer", "check MULAKAT_DATABASE_URL and the server"
        )
    elif not current:
        yield Finding(
            "database", f"{kind}, not at version {migrate.HEAD} yet", "run: mulakat migrate"
        )
    else:
        yield Finding("database", f"{kind}, at version {migrate.HEAD}")
