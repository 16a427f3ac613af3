"""The largest model that a limit holds, and what is said of it."""

import struct
from pathlib import Path

import pytest

from mulakat.memory import ladder
from mulakat.settings import GIB, MIB, Bytes, Memory

PARAMETERS = {"tiny": 39e6, "base": 74e6, "small": 244e6, "large-v3-turbo": 809e6, None: 1550e6}
"""Of Whisper's sizes (Radford et al. 2022, table 1; turbo: its model card)."""


def model(folder: Path, size: str | None, each: int = 1, spec: str = "WhisperSpec") -> Path:
    """Write a model file as CTranslate2 does, with one variable and a hole for the rest."""
    folder.mkdir(exist_ok=True)
    kind = {1: 1, 2: 4, 4: 0}[each]

    def text(word: str) -> bytes:
        return struct.pack("<H", len(word) + 1) + word.encode() + b"\0"

    head = struct.pack("<I", 6) + text(spec) + struct.pack("<II", 3, 2)
    head += text("decoder/activation") + struct.pack("<BBIb", 0, 1, 1, 3)
    head += text("decoder/embeddings/weight") + struct.pack("<BII", 2, 10, 4)
    with (folder / "model.bin").open("wb") as file:
        file.write(head + struct.pack("<BI", kind, 40 * each))
        file.truncate(round(PARAMETERS[size] * each))
    return folder


@pytest.mark.parametrize("each", [1, 2, 4])
@pytest.mark.parametrize("size", PARAMETERS)
def test_a_models_size_is_read_from_its_weights(
    tmp_path: Path, size: str | None, each: int
) -> None:
    rung = ladder.size_of(model(tmp_path / "any name", size, each))
    assert (rung.name if rung else None) == size


@pytest.mark.parametrize(
    ("limit", "installed", "used"),
    [
        (255 * MIB, "tiny", None),
        (256 * MIB, "tiny", "tiny"),
        (383 * MIB, "base", None),
        (384 * MIB, "base", "base"),
        (512 * MIB, "base", "base"),
        (512 * MIB, "tiny", "tiny"),
        (512 * MIB, "small", None),
        (1 * GIB, "small", "small"),
        (2 * GIB, "large-v3-turbo", None),
        (3 * GIB, "large-v3-turbo", "large-v3-turbo"),
        (64 * GIB, None, None),
    ],
)
def test_the_limit_decides_whether_the_installed_model_is_used(
    tmp_path: Path, limit: int, installed: str | None, used: str | None
) -> None:
    footing = ladder.stand(limit, model(tmp_path / "model", installed))
    assert (footing.rung.name if footing.rung else None) == used
    assert str(footing).startswith(used or "typed only: ")


def test_it_says_when_the_limit_would_hold_a_larger_model(tmp_path: Path) -> None:
    assert str(ladder.stand(GIB, model(tmp_path / "m", "base"))).endswith("they would hold small")


def test_without_a_model_answers_are_typed(tmp_path: Path) -> None:
    footing = ladder.stand(512 * MIB, tmp_path / "nothing")
    assert footing.rung is None
    assert "no speech model is installed" in footing.why


@pytest.mark.parametrize("content", [b"", b"\6\0\0\0\4\0abc\0", b"\6\0\0\0\x0c\0WhisperSpec\0"])
def test_a_file_that_is_no_model_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.bin").write_bytes(content)
    footing = ladder.stand(512 * MIB, tmp_path)
    assert footing.rung is None
    assert "model.bin" in footing.why


def test_another_kind_of_model_is_no_speech_model(tmp_path: Path) -> None:
    folder = model(tmp_path / "m", "base", spec="TransformerSpec")
    assert "no Whisper model" in ladder.stand(GIB, folder).why


@pytest.mark.parametrize(
    ("limit", "setting", "expected"),
    [
        (384 * MIB, None, 448 * MIB),
        (512 * MIB, None, 448 * MIB),
        (1 * GIB, None, 960 * MIB),
        (1 * GIB, Bytes(500 * MIB), 500 * MIB),
    ],
)
def test_the_workers_bound_leaves_the_web_process_its_share(
    tmp_path: Path, limit: int, setting: Bytes | None, expected: int
) -> None:
    footing = ladder.stand(limit, model(tmp_path / "m", "base"))
    assert footing.worker_memory(Memory(worker_memory=setting)) == expected


def test_at_512_mib_the_workers_bound_and_the_web_process_fit_into_the_limit(
    tmp_path: Path,
) -> None:
    footing = ladder.stand(512 * MIB, model(tmp_path / "m", "base"))
    assert footing.worker_memory(Memory()) + ladder.WEB_SHARE <= 512 * MIB


@pytest.mark.parametrize("installed", [True, False])
def test_where_another_server_hears_no_model_is_needed(tmp_path: Path, installed: bool) -> None:
    folder = model(tmp_path / "m", "base") if installed else tmp_path / "nothing"
    footing = ladder.stand(512 * MIB, folder, "openai")
    assert footing.hears
    assert (footing.rung is not None) is installed
    assert str(footing).startswith(f"openai, falling back on {'base' if installed else 'nothing'}")
    assert not ladder.stand(512 * MIB, tmp_path / "nothing").hears
