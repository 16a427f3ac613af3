"""Settings in one TOML file, for who would rather keep a file than an environment.

Its tables are the sections of docs/settings.md and its keys their names without the prefix:

    [store]
    data_dir = "/var/lib/mulakat"

The environment stands over it, so that one variable changes one start.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from mulakat.settings.kinds import SettingError
from mulakat.settings.loading import PREFIX
from mulakat.settings.sections import SECTIONS

NAME = PREFIX + "CONFIG"
"""The variable that names the file."""


def read(path: Path) -> dict[str, str]:
    """Return what a file sets, by the variables' names. Raises SettingError."""
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise SettingError(f"{NAME}: {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: this is no TOML: {error}") from None
    found: dict[str, str] = {}
    for name, given in tables.items():
        if name not in SECTIONS or not isinstance(given, dict):
            known = ", ".join(SECTIONS)
            raise SettingError(f"{path}: there is no [{name}]; the tables are {known}")
        names = {field.name for field in fields(SECTIONS[name])}
        for key, value in given.items():
            if key not in names:
                raise SettingError(f"{path}: [{name}] has no {key!r}; see docs/settings.md")
            found[PREFIX + key.upper()] = _text(f"{path}: {key}", value)
    return found


def merged(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the environment with the file's settings beneath it, and the file's alone.

    The first has no MULAKAT_CONFIG: whoever is handed it needs no file. Raises SettingError.
    """
    path = environ.get(NAME, "").strip()
    given = read(Path(path)) if path else {}
    own = {name: text for name, text in environ.items() if name != NAME}
    # An empty variable counts as unset, here too.
    kept = {name: text for name, text in given.items() if not own.get(name, "").strip()}
    return own | kept, kept


def _text(where: str, value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int | float):
        return str(value)
    raise SettingError(f"{where}: a text, a number, true or false is meant")
