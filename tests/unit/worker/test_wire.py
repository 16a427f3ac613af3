"""What a worker and its parent say to each other."""

from typing import get_args

import pytest

from mulakat.worker.wire import (
    FULL_EXIT,
    IDLE_EXIT,
    RELEASE,
    RETIRE,
    RETIRED_EXIT,
    WAKE,
    Kind,
    Message,
    decode,
    encode,
)


def test_a_message_survives_the_pipe() -> None:
    message = Message("started", "answer", 3)
    assert decode(encode(message)) == message
    assert encode(message).count(b"\n") == 1


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_carries_its_data(kind: Kind) -> None:
    message = Message(kind, data={"model": None, "gc": [1, 2, 3], "stages": {"load": 0.3}})
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"not json\n",
        b"[1]\n",
        b'{"kind": "ready", "more": 1}\n',
        b'{"kind": "unknown"}\n',
        b'{"kind": "state", "data": 3}\n',
    ],
)
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(line)


def test_the_parents_wishes_and_the_ways_to_end_can_be_told_apart() -> None:
    assert len({WAKE, RELEASE, RETIRE}) == 3
    assert len({0, 1, IDLE_EXIT, RETIRED_EXIT, FULL_EXIT}) == 5


def test_a_full_state_is_written_in_one_piece() -> None:
    state = {"model": "m" * 255, "loads": 1 << 40, "unloads": 1 << 40, "gc": [1 << 40] * 3,
             "trims": 1 << 40}  # fmt: skip
    assert len(encode(Message("state", data=state))) < 4096  # PIPE_BUF: threads write too
