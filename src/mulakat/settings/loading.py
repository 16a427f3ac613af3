"""Settings from an environment and back, and the page that documents them."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from mulakat.settings.kinds import Bytes, SettingError, networks, parse_bytes, show_bytes
from mulakat.settings.providers import WHISPER_MODELS, Language, Speech, Voice
from mulakat.settings.sections import SECTIONS, Settings

PREFIX = "MULAKAT_"


def _parse(name: str, text: str, kind: Any) -> Any:
    kind_text = str(kind)
    try:
        if kind is bool:
            if text.lower() in {"1", "true", "yes", "on"}:
                return True
            if text.lower() in {"0", "false", "no", "off"}:
                return False
            raise SettingError(f"{text!r} is neither on nor off")
        if "Bytes" in kind_text:
            return parse_bytes(text)
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
        if "Path" in kind_text:
            return Path(text).expanduser()
    except SettingError as error:
        raise SettingError(f"{name}: {error}") from None
    except ValueError:
        raise SettingError(f"{name}: {text!r} is not a number") from None
    return text


def _check(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    choices = metadata.get("choices")
    if choices and value not in choices:
        raise SettingError(f"{name}: {value!r} is not one of {', '.join(choices)}")
    if len(str(value)) < metadata.get("shortest", 0):
        raise SettingError(f"{name}: too short, at least {metadata['shortest']} characters")
    pattern = metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        raise SettingError(f"{name}: this is no {metadata['shape']} address")
    low, high = metadata.get("low"), metadata.get("high")
    shown = show_bytes if isinstance(value, Bytes) else str
    if low is not None and not value >= low:
        raise SettingError(f"{name}: {shown(value)} is below the least, {shown(low)}")
    if high is not None and not value <= high:
        raise SettingError(f"{name}: {shown(value)} is above the most, {shown(high)}")


def _check_language(chosen: Language) -> None:
    """Raise SettingError for what no request could be made with."""
    chooses = chosen.language_model != "none"
    if chooses and not chosen.language_model_name:
        raise SettingError(f"{PREFIX}LANGUAGE_MODEL_NAME: name the model of the provider")
    _check_provider("LANGUAGE", chosen.language_url, chosen.language_key, chooses)


def _check_speech(chosen: Speech) -> None:
    """Raise SettingError for a recogniser that does not exist or cannot be asked."""
    own = chosen.speech_engine == "whisper"
    _check_provider("SPEECH", chosen.speech_url, chosen.speech_key, not own)
    if own and chosen.speech_model not in {"", *WHISPER_MODELS}:
        listed = ", ".join(WHISPER_MODELS)
        raise SettingError(f"{PREFIX}SPEECH_MODEL: {chosen.speech_model!r} is not one of {listed}")


def _check_voice(chosen: Voice) -> None:
    """Raise SettingError for a voice elsewhere that cannot be asked."""
    _check_provider("VOICE", chosen.voice_url, chosen.voice_key, bool(chosen.url))


def _check_provider(kind: str, url: str, key: str, chooses: bool) -> None:
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise SettingError(f"{PREFIX}{kind}_URL: its port is none") from None
    # It stands in a header; the value itself is never part of a message.
    if key and not re.fullmatch(r"[!-~]+", key):
        raise SettingError(f"{PREFIX}{kind}_KEY: has characters that no key has")
    if chooses and not url and not key:
        raise SettingError(f"{PREFIX}{kind}_KEY: the provider's own server needs a key")


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings that the environment describes.

    An empty variable counts as unset. Raises SettingError for a bad value, and for a
    MULAKAT_ variable that does not exist: a misspelt limit must not pass in silence.
    """
    known = {PREFIX + f.name.upper() for section in SECTIONS.values() for f in fields(section)}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            raise SettingError(f"{name}: there is no such setting; see docs/settings.md")
    made: dict[str, Any] = {}
    for section_name, section in SECTIONS.items():
        hints = get_type_hints(section)
        given: dict[str, Any] = {}
        for f in fields(section):
            name = PREFIX + f.name.upper()
            text = environ.get(name, "").strip()
            if not text:
                continue
            given[f.name] = _parse(name, text, hints[f.name])
            _check(name, given[f.name], f.metadata)
        made[section_name] = section(**given)
    memory = made["memory"]
    if memory.memory_alert >= memory.memory_refuse:
        raise SettingError(f"{PREFIX}MEMORY_ALERT must be below {PREFIX}MEMORY_REFUSE")
    _check_language(made["language"])
    _check_speech(made["speech"])
    _check_voice(made["voice"])
    try:
        networks(made["web"].trusted_proxies)
    except SettingError as error:
        raise SettingError(f"{PREFIX}TRUSTED_PROXIES: {error}") from None
    return Settings(**made)


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment that `load` turns into these settings, for child processes."""
    out: dict[str, str] = {}
    for section_name, section in SECTIONS.items():
        values = getattr(settings, section_name)
        for f in fields(section):
            value = getattr(values, f.name)
            if value is None or (f.default is not MISSING and value == f.default):
                continue
            if f.metadata.get("web_only"):
                continue  # a process that decodes what strangers send has no use for it
            out[PREFIX + f.name.upper()] = f"{value}B" if isinstance(value, Bytes) else str(value)
    return out


def table() -> str:
    """Return docs/settings.md: each setting with its default and meaning."""
    lines = [
        "# Settings",
        "",
        "Each is a variable of the environment, or a line of the TOML file that `MULAKAT_CONFIG`",
        "names: a table for each heading here, in small letters, and names without `MULAKAT_`",
        '(`[store]`, `data_dir = "/var/lib/mulakat"`). The environment stands over the file, and',
        "`mulakat config show` tells each value and where it comes from. This page is printed by",
        "`mulakat settings`; a test keeps it true.",
    ]
    for section_name, section in SECTIONS.items():
        doc = (section.__doc__ or "").strip()
        lines += ["", f"## {section_name.capitalize()}", doc, "", "| name | default | meaning |",
                  "|---|---|---|"]  # fmt: skip
        for f in fields(section):
            default = f.default
            if isinstance(default, Bytes):
                default = show_bytes(default)
            elif default is None:
                default = ""
            shown = f"`{default}`" if default != "" else "–"
            choices = f.metadata.get("choices")
            extra = f" One of {', '.join(choices)}." if choices else ""
            lines.append(f"| `{PREFIX}{f.name.upper()}` | {shown} | {f.metadata['help']}{extra} |")
    return "\n".join(lines) + "\n"
