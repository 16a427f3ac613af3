"""What a worker and its parent say to each other."""

import pytest

from mulakat.worker.wire import Message, decode, encode


def test_a_message_survives_the_pipe() -> None:
    message = Message("started", "answer", 3)
    assert decode(encode(message)) == message
    assert encode(message).count(b"\n") == 1


@pytest.mark.parametrize("line", [b"\n", b"not json\n", b'{"kind": "ready", "more": 1}\n'])
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(line)
