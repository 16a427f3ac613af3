"""Settings from a file beneath the environment, and the command that tells which is which."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mulakat.cli.config import MASK
from mulakat.settings import SettingError, load, merged
from mulakat.settings.file import read

TOKEN = "a-token-that-nobody-is-to-see"

FILE = f"""
[store]
data_dir = "/var/lib/mulakat"
[intake]
queue_limit = 7
[admin]
admin_token = "{TOKEN}"
[web]
port = 9000
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mulakat.toml"
    path.write_text(FILE)
    return path


def shown(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    plain = {name: text for name, text in os.environ.items() if not name.startswith("MULAKAT_")}
    return subprocess.run(
        [sys.executable, "-m", "mulakat", "config", "show"],
        env=plain | environ,
        check=False,
        capture_output=True,
        text=True,
    )


def test_each_value_is_told_with_where_it_comes_from(file: Path) -> None:
    done = shown({"MULAKAT_CONFIG": str(file), "MULAKAT_PORT": "9100"})
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert lines["MULAKAT_DATA_DIR"] == ["/var/lib/mulakat", str(file)]
    assert lines["MULAKAT_QUEUE_LIMIT"] == ["7", str(file)]
    assert lines["MULAKAT_PORT"] == ["9100", "environment"]
    assert lines["MULAKAT_HOST"] == ["127.0.0.1", "default"]


def test_a_secret_is_masked_whether_it_is_long_or_short(file: Path) -> None:
    done = shown({"MULAKAT_CONFIG": str(file), "MULAKAT_METRICS_TOKEN": "another-secret-token"})
    assert TOKEN not in done.stdout
    assert "another-secret-token" not in done.stdout
    assert done.stdout.count(MASK) == 2


def test_the_environment_stands_over_the_file_unless_it_is_empty(file: Path) -> None:
    given, kept = merged(
        {"MULAKAT_CONFIG": str(file), "MULAKAT_PORT": "", "MULAKAT_QUEUE_LIMIT": "9"}
    )
    settings = load(given)
    assert (settings.web.port, settings.intake.queue_limit) == (9000, 9)
    assert "MULAKAT_QUEUE_LIMIT" not in kept
    assert "MULAKAT_CONFIG" not in given  # whom it is handed needs no file


def test_without_a_file_all_comes_from_the_environment() -> None:
    assert merged({"MULAKAT_PORT": "9000"}) == ({"MULAKAT_PORT": "9000"}, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[store", "this is no TOML"),
        ("[shop]\nx = 1", "there is no [shop]"),
        ("port = 9000", "there is no [port]"),
        ("[web]\nprot = 9000", "[web] has no 'prot'"),
        ("[web]\nport = [1]", "port: a text, a number, true or false is meant"),
        ("[web]\nhost = '\\xff'", None),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(
    tmp_path: Path, text: str, says: str | None
) -> None:
    path = tmp_path / "mulakat.toml"
    path.write_bytes(text.encode() if says else b"[web]\nhost = '\xff'")
    with pytest.raises(SettingError) as error:
        read(path)
    assert str(path) in str(error.value)
    assert says is None or says in str(error.value)


def test_a_file_that_is_not_there_ends_the_command_with_a_sentence(tmp_path: Path) -> None:
    done = shown({"MULAKAT_CONFIG": str(tmp_path / "none.toml")})
    assert done.returncode == 1
    assert "No such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_true_and_false_are_on_and_off(tmp_path: Path) -> None:
    path = tmp_path / "mulakat.toml"
    path.write_text('[intake]\nguests = "off"\n[accounts]\nregistration = "off"\n')
    assert load(read(path)).accounts.registration == "off"
