"""The process that says one text: bounded from its first line, ended after its last.

Standard input: the order, as JSON. Standard output: one line of JSON, {"error": code or null,
"sent": lines for the ledger}, then the WAV file. Nothing of the order is on the command line, where
every user of the machine could read it.
"""

import json
import resource
import sys
from typing import Any

from mulakat.providers.voice.wave import Spoken, wav
from mulakat.settings import MIB

MEMORY = 96 * MIB
"""Data of the process (RLIMIT_DATA): Python, and the longest sound in three forms."""

CPU_SECONDS = 20
"""The longest question takes espeak-ng half a second."""


def bound() -> None:
    """Bound this process: data, CPU time, no file written, no core dump."""
    for limit, most in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))


def main() -> None:
    """Say what is ordered on standard input: text, language, voice, engine."""
    bound()
    order = json.load(sys.stdin)
    error: str | None = None
    sound = b""
    try:
        sound = wav(_spoken(order))
    except MemoryError:
        error = "too_long"
    except RuntimeError as failure:
        error = str(failure)
    out = sys.stdout.buffer
    out.write(json.dumps({"error": error, "sent": []}).encode() + b"\n")
    out.write(sound)
    out.flush()


def _spoken(order: dict[str, Any]) -> Spoken:
    from mulakat.providers.voice.espeak import speak

    return speak(order["text"], order["language"], order["voice"])
