"""The process that reads one document: bounded from its first line, ended after its last."""

import json
import resource
import sys
from typing import Any

from mulakat import errors
from mulakat.settings import MIB

MEMORY = 128 * MIB
"""Data of the process (RLIMIT_DATA). Python with pypdf has 25 MiB; a file's compressed streams
are held while it is read."""

CPU_SECONDS = 15
"""A dense paper of 60 pages takes 4 s on a slow core."""


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


def main(media: str) -> None:
    """Read the document on standard input; write its result, or its error's code, as JSON."""
    bound()
    from mulakat.pipeline.document import text_of
    from mulakat.pipeline.profile import profile

    out: dict[str, Any]
    try:
        text = text_of(sys.stdin.buffer, media)
        out = {"result": {"text": text, "profile": profile(text)}}
    except errors.Invalid as error:
        out = {"error": error.code}
    except (MemoryError, RecursionError):
        out = {"error": "document_too_complex"}
    sys.stdout.write(json.dumps(out))
    sys.stdout.flush()
