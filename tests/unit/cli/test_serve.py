"""Listening, before anything is served."""

import socket

import click
import pytest

from mulakat.cli.serve import listen


def test_the_listener_says_tcp_so_that_small_responses_do_not_wait() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_taken_port_ends_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(click.ClickException, match="Set MULAKAT_PORT to a free port"):
            listen("127.0.0.1", taken.getsockname()[1])


def test_a_name_that_is_no_address_ends_with_a_sentence() -> None:
    with pytest.raises(click.ClickException, match="Cannot listen on"):
        listen("no such host", 0)
