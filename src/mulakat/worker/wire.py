"""What a worker process and its parent say to each other, one line a message.

Parent to worker, on stdin: `wake`, an answer waits; `release`, let the idle model go and give
memory back; `retire`, end after the current answer to be replaced. End of file: the parent is
gone.
Worker to parent, on stdout: JSON, one of the kinds below. None of it is needed for
correctness, the row is the truth; it makes the parent quick and lets it keep the deadline.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

WAKE = b"wake\n"
RELEASE = b"release\n"
RETIRE = b"retire\n"

IDLE_EXIT = 75
"""Exit status of a worker that let its model go and asks to be started anew, light
(EX_TEMPFAIL of sysexits.h: nothing failed, come again)."""

RETIRED_EXIT = 76
"""Exit status of a worker that ended because it was told to `retire`."""

FULL_EXIT = 77
"""Exit status of a worker that ran out of the memory it may have: its heap is not trusted."""

Kind = Literal["ready", "started", "progress", "ended", "state", "deleted", "replaced"]
"""`replaced` is said by the supervisor to those who listen, never by a worker."""


@dataclass(frozen=True, slots=True)
class Message:
    """`ready` once; `started`, `progress` and `ended` carry the answer and its fencing token.

    `data` by kind. `ended`: outcome (done, failed, given_back, retried, refused), code, attempt,
    stages (seconds by name), audio_seconds, real_time_factor. `state`, on change and each 5 s:
    model, loads, unloads, gc (collections per generation), trims. `deleted`, from the spool:
    reason, files. `replaced`: reason (idle,
    died, strikes, memory, deadline), exit.
    """

    kind: Kind
    answer: str = ""
    token: int = 0
    data: dict[str, Any] = field(default_factory=dict)


def encode(message: Message) -> bytes:
    """Return the line for a message."""
    return json.dumps(asdict(message)).encode() + b"\n"


def decode(line: bytes) -> Message:
    """Return the message of a line; raises ValueError for what is none."""
    try:
        message = Message(**json.loads(line))
    except TypeError as error:
        raise ValueError(str(error)) from None
    if message.kind not in get_args(Kind) or not isinstance(message.data, dict):
        raise ValueError(f"no message of ours: {message.kind!r}")
    return message
