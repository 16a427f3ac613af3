"""The command line, as an operator calls it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def mulakat(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MULAKAT_")}
    return subprocess.run(
        [sys.executable, "-m", "mulakat", *arguments],
        env=inherited | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_doctor_finds_a_good_installation_well(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert mulakat("migrate", MULAKAT_DATA_DIR=data).returncode == 0
    seen = mulakat("doctor", MULAKAT_DATA_DIR=data)
    assert seen.returncode == 0, seen.stdout
    for part in ("packages", "spool", "memory", "model", "database"):
        assert part in seen.stdout
    assert list((tmp_path / "data" / "spool" / "audio").iterdir()) == []


def test_doctor_names_each_failure_with_its_remedy(tmp_path: Path) -> None:
    seen = mulakat(
        "doctor",
        MULAKAT_DATA_DIR=str(tmp_path / "data"),
        MULAKAT_MODEL_DIR=str(tmp_path / "no-model"),
        MULAKAT_MEMORY_LIMIT="256MiB",
    )
    assert seen.returncode == 1
    assert "→ run: mulakat model install" in seen.stdout
    assert "→ run: mulakat migrate" in seen.stdout
    assert "256 MiB, from MULAKAT_MEMORY_LIMIT" in seen.stdout
    assert "→ give it" in seen.stdout


def test_doctor_sees_a_spool_that_is_memory(tmp_path: Path) -> None:
    memory = Path("/dev/shm")  # noqa: S108  # the standard tmpfs, on purpose
    if not os.access(memory, os.W_OK):
        pytest.skip("there is no writable tmpfs at /dev/shm here")
    folder = memory / f"mulakat-test-{os.getpid()}"
    try:
        seen = mulakat("doctor", MULAKAT_DATA_DIR=str(folder))
        assert "recordings would count as memory" in seen.stdout
        assert seen.returncode == 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_bad_setting_stops_every_command_with_a_sentence() -> None:
    seen = mulakat("serve", MULAKAT_MEMORY_LIMIT="512")
    assert seen.returncode == 1
    assert "write 512MiB" in seen.stderr
    assert "Traceback" not in seen.stderr


def test_the_version_is_the_packages() -> None:
    from mulakat import __version__

    assert __version__ in mulakat("--version").stdout
