"""`mulakat admin`, as an operator calls it, with and without a terminal."""

import os
import pty
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

from mulakat.settings import Store
from mulakat.store.accounts import Accounts
from mulakat.store.engine import make_engine
from mulakat.web.passwords import Passwords
from people import ADMIN, EMAILS, PASSWORD

EMAIL = EMAILS[ADMIN]

IN_CHARGE = """
import fcntl, runpy, signal, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("mulakat", run_name="__main__")
"""
"""Runs the command with its input as the terminal that Ctrl-C comes from, and heeds it also where
whoever runs the tests ignores it, as a shell's background jobs do."""


def environment(data: Path) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MULAKAT_")}
    return inherited | {"MULAKAT_DATA_DIR": str(data)}


def admin(data: Path, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mulakat", "admin", *arguments],
        env=environment(data),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


async def opens(data: Path, password: str) -> bool:
    """Return whether a password is the stored one, of an admin."""
    engine = make_engine(Store(data_dir=data))
    found = await Accounts(engine).credentials(EMAIL)
    await engine.dispose()
    passwords = Passwords(nullcontext)
    right = await passwords.verify(found and found[1], password)
    passwords.close()
    return right and found is not None and found[0].role == "admin"


async def test_an_admin_is_made_from_the_inputs_first_line_in_a_new_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = admin(data, "create", f" {EMAIL.upper()} ", typed=f"{PASSWORD}\nmore\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert EMAIL in done.stderr
    assert PASSWORD not in done.stderr
    assert await opens(data, PASSWORD)
    listed = admin(data, "list")
    assert listed.stdout.startswith(EMAIL)
    assert len(listed.stdout.splitlines()) == 1


async def test_a_generated_password_is_alone_on_stdout_and_opens(tmp_path: Path) -> None:
    made = admin(tmp_path, "create", EMAIL, "--generate")
    (first,) = made.stdout.splitlines()
    assert len(first) == 24
    assert await opens(tmp_path, first)
    (second,) = admin(tmp_path, "reset", EMAIL, "--generate").stdout.splitlines()
    assert await opens(tmp_path, second)
    assert not await opens(tmp_path, first)


def test_what_is_wrong_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    assert admin(tmp_path, "create", EMAIL, typed=PASSWORD).returncode == 0
    for arguments, typed, said in (
        (("create", EMAIL), PASSWORD, "already"),
        (("create", "no address"), PASSWORD, "no e-mail address"),
        (("create", "new@example.org"), "short", "fewer than 10"),
        (("create", "new@example.org"), "", "fewer than 10"),
        (("create", "new@example.org"), "x" * 5000, "more than 200"),
        (("create", "new@example.org"), "about new@example.org", "contains your e-mail"),
        (("reset", "new@example.org"), PASSWORD, "no account of new@example.org"),
        (("reset", EMAIL), "short", "fewer than 10"),
    ):
        done = admin(tmp_path, *arguments, typed=typed)
        assert done.returncode == 1
        assert done.stderr.startswith("Error: ")
        assert said in done.stderr.replace("has this e-mail address already", "already")
        assert "Traceback" not in done.stderr
    assert admin(tmp_path, "list").stdout.count("@") == 1


def at_a_terminal(data: Path, *lines: str) -> tuple[int, str]:
    """Make an admin at a terminal, typing lines; return the status and all the terminal shows."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", IN_CHARGE, "admin", "create", EMAIL],
        env=environment(data),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    shown, typed = "", 0
    while True:
        try:
            shown += os.read(leader, 1000).decode()
        except OSError:  # the terminal's other end is closed
            break
        if typed < len(lines) and shown.count(": ") > typed:
            os.write(leader, f"{lines[typed]}\n".encode())
            typed += 1
    os.close(leader)
    return process.wait(), shown


async def test_at_a_terminal_the_password_is_asked_for_twice_without_echo(tmp_path: Path) -> None:
    status, shown = at_a_terminal(tmp_path, PASSWORD, PASSWORD)
    assert status == 0, shown
    assert PASSWORD not in shown
    assert await opens(tmp_path, PASSWORD)


async def test_ctrl_c_at_the_prompt_makes_nothing(tmp_path: Path) -> None:
    status, shown = at_a_terminal(tmp_path, "\x03")
    assert (status, "Aborted" in shown) == (1, True), shown
    assert admin(tmp_path, "list").stdout == ""
