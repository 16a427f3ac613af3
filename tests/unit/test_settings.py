"""Settings: parsed once, strictly, and documented."""

from pathlib import Path

import pytest

from mulakat.settings import (
    MIB,
    Bytes,
    SettingError,
    environment,
    load,
    parse_bytes,
    show_bytes,
    table,
)


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = load({})
    assert settings.web.port == 8000
    assert settings.store.data_dir == Path("data")
    assert settings.memory.memory_limit is None


def test_each_kind_of_value_is_parsed() -> None:
    settings = load(
        {
            "MULAKAT_PORT": "8123",
            "MULAKAT_DATA_DIR": "/srv/mulakat",
            "MULAKAT_MEMORY_LIMIT": "512MiB",
            "MULAKAT_POOL_PRE_PING": "off",
            "MULAKAT_IDLE_TTL": "1.5",
            "HOME": "/root",
        }
    )
    assert settings.web.port == 8123
    assert settings.store.data_dir == Path("/srv/mulakat")
    assert settings.memory.memory_limit == 512 * MIB
    assert settings.store.pool_pre_ping is False
    assert settings.speech.idle_ttl == 1.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [("512MiB", 512 * MIB), ("512 M", 512 * MIB), ("1.5GiB", 1536 * MIB), ("64mb", 64_000_000)],
)
def test_a_size_is_read_with_its_unit(text: str, expected: int) -> None:
    assert parse_bytes(text) == expected


def test_a_bare_number_of_bytes_is_refused_with_what_to_write() -> None:
    with pytest.raises(SettingError, match="write 512MiB"):
        load({"MULAKAT_MEMORY_LIMIT": "512"})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MULAKAT_PORT", "http", "not a number"),
        ("MULAKAT_PORT", "70000", "above the most"),
        ("MULAKAT_GUESTS", "maybe", "not one of"),
        ("MULAKAT_POOL_PRE_PING", "perhaps", "neither on nor off"),
        ("MULAKAT_MEMORY_LIMIT", "1MiB", "below the least, 64MiB"),
        ("MULAKAT_MEMORY_LIMT", "512MiB", "no such setting"),
        ("MULAKAT_ALERT_WEBHOOK", "file:///etc/passwd", "no http:// or https:// address"),
        ("MULAKAT_MEMORY_ALERT", "0.95", "must be below MULAKAT_MEMORY_REFUSE"),
        ("MULAKAT_MEMORY_REFUSE", "nan", "below the least"),
        ("MULAKAT_ADMIN_TOKEN", "guessable", "at least 16 characters"),
        ("MULAKAT_LANGUAGE_URL", "https://me:pass@example.org/v1", "no http:// or https:// addr"),
        ("MULAKAT_LANGUAGE_URL", "http://example.org:99999/v1", "its port is none"),
        ("MULAKAT_LANGUAGE_KEY", "two words", "characters that no key has"),
        ("MULAKAT_LANGUAGE_SAMPLES", "0", "below the least"),
    ],
)
def test_a_bad_setting_is_refused_by_name(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingError, match=said) as caught:
        load({name: value})
    assert name in str(caught.value)


def test_a_child_gets_the_same_settings_through_its_environment() -> None:
    settings = load({"MULAKAT_MEMORY_LIMIT": "512MiB", "MULAKAT_POOL_PRE_PING": "no",
                     "MULAKAT_DATA_DIR": "/srv/m", "MULAKAT_KEEP_AUDIO": "60"})  # fmt: skip
    assert load(environment(settings)) == settings
    assert environment(load({})) == {}


def test_the_admin_token_is_neither_printed_nor_handed_to_a_child() -> None:
    token = "0123456789abcdef-canary"
    settings = load({"MULAKAT_ADMIN_TOKEN": token})
    assert settings.admin.admin_token == token
    assert token not in repr(settings)
    assert environment(settings) == {}


def test_a_size_is_shown_as_one_would_write_it() -> None:
    assert [show_bytes(Bytes(n)) for n in (512 * MIB, 1024 * MIB, 1000)] == [
        "512MiB", "1GiB", "1000B",
    ]  # fmt: skip


def test_the_settings_page_is_what_the_command_prints() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text() == table(), "run: .venv/bin/mulakat settings > docs/settings.md"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104  # a value under test, nothing listens
        ("example.org", False),
    ],
)
def test_only_loopback_addresses_count_as_this_machine(host: str, loopback: bool) -> None:
    assert load({"MULAKAT_HOST": host}).web.loopback is loopback


def test_a_language_model_needs_its_name_and_a_key_for_the_providers_own_server() -> None:
    chosen = {"MULAKAT_LANGUAGE_MODEL": "openai"}
    with pytest.raises(SettingError, match="LANGUAGE_MODEL_NAME"):
        load(chosen)
    chosen |= {"MULAKAT_LANGUAGE_MODEL_NAME": "judge"}
    with pytest.raises(SettingError, match="LANGUAGE_KEY"):
        load(chosen)
    assert load(chosen | {"MULAKAT_LANGUAGE_KEY": "k"}).language.language_key == "k"
    own = load(chosen | {"MULAKAT_LANGUAGE_URL": "http://127.0.0.1:11434/v1"})
    assert load(environment(own)).language == own.language


def test_a_key_that_is_refused_is_not_repeated() -> None:
    with pytest.raises(SettingError) as caught:
        load({"MULAKAT_LANGUAGE_KEY": "canary\ncanary"})
    assert "canary" not in str(caught.value)


def test_a_model_of_whispers_is_one_of_those_that_exist() -> None:
    assert load({"MULAKAT_SPEECH_MODEL": "small"}).speech.speech_model == "small"
    with pytest.raises(SettingError, match="is not one of tiny, base"):
        load({"MULAKAT_SPEECH_MODEL": "whisper-1"})
    own = {"MULAKAT_SPEECH_ENGINE": "openai", "MULAKAT_SPEECH_MODEL": "any/name-at-all"}
    own |= {"MULAKAT_SPEECH_URL": "http://127.0.0.1:8001/v1"}
    assert load(own).speech.provider_model == "any/name-at-all"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"MULAKAT_SPEECH_ENGINE": "openai"}, "SPEECH_KEY"),
        ({"MULAKAT_SPEECH_KEY": "canary\n"}, ""),
        ({"MULAKAT_SPEECH_KEY": "can ary"}, "SPEECH_KEY"),
        ({"MULAKAT_SPEECH_URL": "http://a:b/v1"}, "SPEECH_URL"),
        ({"MULAKAT_SPEECH_URL": "ftp://canary/"}, "SPEECH_URL"),
        ({"MULAKAT_SPEECH_TIMEOUT": "601"}, "SPEECH_TIMEOUT"),
    ],
)
def test_a_recogniser_that_cannot_be_asked_is_refused_without_a_secret_in_the_message(
    given: dict[str, str], name: str
) -> None:
    if not name:
        assert load(given).speech.speech_key == "canary"
        return
    with pytest.raises(SettingError, match=name) as caught:
        load(given)
    assert "canary" not in str(caught.value)
    assert "can ary" not in str(caught.value)


def test_recordings_go_elsewhere_only_where_another_machine_hears_them() -> None:
    assert (load({}).speech.url, load({}).speech.host) == ("", None)
    key = {"MULAKAT_SPEECH_KEY": "k"}
    speech = load({"MULAKAT_SPEECH_ENGINE": "gemini"} | key).speech
    assert speech.host == "generativelanguage.googleapis.com"
    assert speech.provider_model == "gemini-2.5-flash"
    near = {"MULAKAT_SPEECH_ENGINE": "openai", "MULAKAT_SPEECH_URL": "http://127.0.0.1:8001/v1"}
    assert load(near).speech.host is None


def test_the_key_of_a_speech_server_is_not_shown() -> None:
    speech = load({"MULAKAT_SPEECH_KEY": "sk-canary"}).speech
    assert speech.speech_key == "sk-canary"
    assert "canary" not in repr(speech)
