"""The process that says one text: bounded from its first line, ended after its last.

What it says goes into a file that it was handed open, never through its parent's memory. Lines of
JSON go both ways. It is sent the order. It says {"begin": Sent} before each request to a provider
and is sent {"line": id}, or null where nothing may be sent; it says {"end": id, "sent": Sent}
afterwards; at last it says {"error": null or why, "wait": seconds that a provider asked for}.
Nothing of the order is on the command line, where every user of the machine could read it.
"""

import json
import resource
import sys
import time
from dataclasses import asdict
from typing import Any

from mulakat.providers.voice import UnknownVoice
from mulakat.providers.voice.wave import MOST_FILE, NoSound, Writing
from mulakat.settings import MIB, Voice
from mulakat.store.sent import Sent

MEMORY = 96 * MIB
"""Data of the process (RLIMIT_DATA): Python, TLS, and a few pieces of sound."""

CPU_SECONDS = 20
"""The longest question takes espeak-ng half a second."""


def bound() -> None:
    """Bound this process: data, CPU time, the size of a file, no core dump."""
    for limit, most in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, MOST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))


def main() -> None:
    """Say what is ordered: settings, text, language, voice (a wish or null), file."""
    bound()
    order = _heard()
    wait: float | None = None
    error: str | None
    try:
        error, wait = _said(order, Voice(**order["settings"]), Writing(order["file"]))
    except UnknownVoice:
        # The usual voice is the operator's: that it does not exist is no candidate's mistake.
        error = "unknown_voice" if order["voice"] else "rejected"
    except NoSound:
        error = "invalid"
    except (OSError, MemoryError):  # no room for it on the disk, in a file, or here
        error = "too_large"
    _say({"error": error, "wait": wait})


def _said(order: dict[str, Any], voice: Voice, writing: Writing) -> tuple[str | None, float | None]:
    text, language, wished = order["text"], order["language"], order["voice"]
    if voice.voice_engine == "espeak":
        from mulakat.providers.voice.espeak import NoEspeak, speak

        usual = voice.usual if voice.usual[:2] == language else None
        try:
            speak(text, language, wished or usual, writing)
        except NoEspeak as failure:
            return str(failure), None
        return None, None

    from mulakat.providers.remote import Errand, Failed
    from mulakat.providers.voice.elsewhere import connect

    errand = Errand("speak", time.monotonic() + voice.voice_timeout, _Lines())
    try:
        connect(voice).speak(text, wished or voice.usual, writing, errand)
    except Failed as failure:
        return failure.reason, failure.wait
    return None, None


class _Lines:
    """mulakat.providers.remote.Lines: the parent writes them."""

    def begin(self, sent: Sent) -> str:
        _say({"begin": asdict(sent)})
        line = _heard()["line"]
        if line is None:
            from mulakat.errors import DatabaseBusy

            raise DatabaseBusy
        return str(line)

    def end(self, line: str, sent: Sent) -> None:
        _say({"end": line, "sent": asdict(sent)})


def _heard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    return found


def _say(line: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n")
    sys.stdout.buffer.flush()
