"""Putting the model together from the real wheels, and noticing every change to it."""

import os

import pytest

from mulakat.errors import ModelError
from mulakat.providers import model_files
from mulakat.settings import Speech


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    target = tmp_path_factory.mktemp("models") / "whisper"
    model_files.install(target)
    return target


@pytest.fixture
def copy(installed, tmp_path):
    """A cheap copy: the large file linked, the small ones real."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in installed.iterdir():
        (folder / file.name).hardlink_to(file)
    return folder


def test_the_folder_is_the_setting_or_lies_in_this_environment(tmp_path):
    assert model_files.installed_dir(Speech(model_dir=tmp_path)) == tmp_path
    usual = model_files.installed_dir(Speech())
    assert usual.parts[-4:] == ("share", "mulakat", "models", "whisper-base-int8")


def test_it_is_made_from_the_wheels_and_every_hash_is_the_pinned_one(installed):
    model_files.verify(installed)
    names = {file.name for file in installed.iterdir()}
    assert names == {*model_files.FILES, "verified.json"}
    assert [file.name for file in installed.parent.iterdir()] == ["whisper"]


def test_a_second_installation_touches_nothing(installed):
    before = {file.name: file.stat().st_mtime_ns for file in installed.iterdir()}
    told = []
    model_files.install(installed, told.append)
    assert told == []
    assert {file.name: file.stat().st_mtime_ns for file in installed.iterdir()} == before


def test_a_missing_file_is_named(copy):
    (copy / "vocabulary.txt").unlink()
    for look in (model_files.verify, model_files.check):
        with pytest.raises(ModelError) as caught:
            look(copy)
        assert caught.value.params == {"reason": "vocabulary.txt is missing"}


def test_a_changed_file_is_noticed_by_both_checks(copy):
    changed = (copy / "config.json").read_bytes().replace(b"1", b"2", 1)
    (copy / "config.json").unlink()
    (copy / "config.json").write_bytes(changed)
    for look in (model_files.verify, model_files.check):
        with pytest.raises(ModelError) as caught:
            look(copy)
        assert caught.value.params == {"reason": "config.json is not the pinned file"}


def test_other_times_alone_are_forgiven_after_hashing(copy):
    os.utime(copy / "config.json", (0, 0))
    model_files.check(copy)


def test_a_damaged_model_is_replaced_whole(copy):
    (copy / "model.bin").unlink()
    (copy / "model.bin").write_bytes(b"damaged")
    (copy / "stranger").touch()
    model_files.install(copy)
    model_files.verify(copy)
    assert not (copy / "stranger").exists()


def test_no_folder_is_a_missing_model(tmp_path):
    with pytest.raises(ModelError):
        model_files.check(tmp_path / "nowhere")


def test_an_operators_own_model_is_known_by_its_size_and_only_its_kind_is_looked_at(tmp_path):
    weights = b"\6\0\0\0\x0c\0WhisperSpec\0\3\0\0\0\1\0\0\0\x1a\0decoder/embeddings/weight\0"
    (tmp_path / "model.bin").write_bytes(weights + b"\1\4\0\0\0\1\4\0\0\0abcd")
    assert model_files.is_own(tmp_path)
    model_files.check(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"something else")
    with pytest.raises(ModelError):
        model_files.verify(tmp_path)


def test_the_pinned_model_is_nobodys_own_wherever_it_lies(installed, copy):
    assert (installed / "model.bin").stat().st_size == model_files.PINNED_BYTES
    assert not model_files.is_own(installed)
    assert not model_files.is_own(copy)
