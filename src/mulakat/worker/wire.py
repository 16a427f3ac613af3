"""What a worker process and its parent say to each other, one line a message.

Parent to worker, on stdin: `wake`, an answer waits. End of file: the parent is gone.
Worker to parent, on stdout: JSON, one of the kinds below. None of it is needed for
correctness, the row is the truth; it makes the parent quick and lets it keep the deadline.
"""

import json
from dataclasses import asdict, dataclass
from typing import Literal

WAKE = b"wake\n"

IDLE_EXIT = 75
"""Exit status of a worker that let its model go and asks to be started anew, light
(EX_TEMPFAIL of sysexits.h: nothing failed, come again)."""

Kind = Literal["ready", "started", "progress", "ended"]


@dataclass(frozen=True, slots=True)
class Message:
    """`ready` once; `started`, `progress` and `ended` carry the answer and its fencing token."""

    kind: Kind
    answer: str = ""
    token: int = 0


def encode(message: Message) -> bytes:
    """Return the line for a message."""
    return json.dumps(asdict(message)).encode() + b"\n"


def decode(line: bytes) -> Message:
    """Return the message of a line; raises ValueError for what is none."""
    try:
        return Message(**json.loads(line))
    except TypeError as error:
        raise ValueError(str(error)) from None
