"""What a setting may say: sizes with their unit, host names, and how one is declared."""

import re
from dataclasses import field
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

MAX_AUDIO_BYTES = 16 * MIB
"""The largest recording accepted (design: 16 MiB)."""

MAX_BODY_OVERHEAD = 256 * KIB
"""What a body may hold besides the recording: text fields and multipart framing."""

MAX_DOCUMENT_BYTES = 16 * MIB
"""The largest CV or job posting accepted (design: 16 MiB)."""

MAX_QUESTION_CHARACTERS = 2_000
MAX_TEXT_CHARACTERS = 20_000
MAX_AUDIO_SECONDS = 600
"""The longest recording, in decoded seconds (design: 10 minutes)."""


def names_loopback(host: str) -> bool:
    """Whether a host's name, or its address without brackets, means this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class SettingError(ValueError):
    """A setting has a value that cannot be meant; the message says what to write."""


@cache
def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks and single addresses that stand in a text, separated by commas."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingError(f"{error}; write 10.0.0.7 or 10.0.0.0/8") from None


class Bytes(int):
    """A number of bytes, written with its unit."""


_UNITS = {
    "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3,
    "k": KIB, "m": MIB, "g": GIB, "kib": KIB, "mib": MIB, "gib": GIB,
}  # fmt: skip


def parse_bytes(text: str) -> Bytes:
    """Return the bytes that "512MiB", "512M" or "1.5 GB" means.

    A bare number is refused: 512 read as bytes would stop the server, read as MiB would be
    a guess.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)?\s*", text)
    unit = (match[2] or "").lower() if match else ""
    if match is None or (unit and unit not in _UNITS):
        raise SettingError(f"{text!r} is not a size; write it like 512MiB")
    if not unit:
        raise SettingError(f"{text!r} has no unit; write {text.strip()}MiB if you mean mebibytes")
    return Bytes(float(match[1]) * _UNITS[unit])


def show_bytes(count: int) -> str:
    """Return a size as one would write it in a setting."""
    for unit, size in (("GiB", GIB), ("MiB", MIB), ("KiB", KIB)):
        if count >= size and count % size == 0:
            return f"{count // size}{unit}"
    return f"{count}B"


def setting(default: Any, help_: str, **extra: Any) -> Any:
    """Declare a setting: `choices` limits it, `low` and `high` bound a number,
    `shortest` is the least length of a text, `pattern` what it must match and `shape` how to
    say so. `secret` keeps it out of what is printed, and `web_only` out of the environment
    of child processes.
    """
    shown = not extra.get("secret", False)
    return field(default=default, repr=shown, metadata={"help": help_, **extra})
