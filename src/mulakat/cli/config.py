"""`mulakat config show`: every setting as it is now, and where it comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import click

from mulakat.settings import PREFIX, SECTIONS, Bytes, Settings, show_bytes

MASK = "••••••••"
"""In place of a secret, whatever its length."""


@dataclass(frozen=True, slots=True)
class Line:
    """A setting's name, its value as text, and whence it comes."""

    name: str
    value: str
    source: str


def lines(
    settings: Settings, environ: Mapping[str, str], from_file: Mapping[str, str], file: str
) -> Iterator[Line]:
    """Yield all settings in the order of docs/settings.md; secrets are masked."""
    for section_name, section in SECTIONS.items():
        values = getattr(settings, section_name)
        for field in fields(section):
            name, value = PREFIX + field.name.upper(), getattr(values, field.name)
            if name in from_file:
                source = file
            else:
                source = "environment" if environ.get(name, "").strip() else "default"
            yield Line(name, _shown(value, secret=field.metadata.get("secret", False)), source)


def _shown(value: object, *, secret: bool) -> str:
    if value is None or value == "":
        return "–"
    if secret:
        return MASK
    return show_bytes(value) if isinstance(value, Bytes) else str(value)


def show(
    settings: Settings, environ: Mapping[str, str], from_file: Mapping[str, str], file: str
) -> None:
    """Print them as a table."""
    found = list(lines(settings, environ, from_file, file))
    names, values = (max(len(getattr(line, part)) for line in found) for part in ("name", "value"))
    for line in found:
        click.echo(f"{line.name:<{names}}  {line.value:<{values}}  {line.source}")
