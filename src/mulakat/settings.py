"""Every setting: its name, default and meaning, in frozen sections.

Only `mulakat.cli` reads the environment (`load(os.environ)`); everything else is handed
the section it needs. docs/settings.md is printed from here (`mulakat settings`), and a test
fails when the two differ.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, get_type_hints

PREFIX = "MULAKAT_"

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

MAX_AUDIO_BYTES = 16 * MIB
"""The largest recording accepted (design: 16 MiB)."""

MAX_BODY_OVERHEAD = 256 * KIB
"""What a body may hold besides the recording: text fields and multipart framing."""

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
    """Declare a setting: `choices` limits it, `low` and `high` bound a number.

    `shortest` is the least length of a text; `secret` keeps it out of what is printed, and
    `web_only` out of the environment of child processes.
    """
    shown = not extra.get("secret", False)
    return field(default=default, repr=shown, metadata={"help": help_, **extra})


@dataclass(frozen=True, slots=True)
class Memory:
    """How much memory there is, and how the worker is bounded."""

    memory_limit: Bytes | None = setting(
        None,
        "Memory this installation may use, with its unit (512MiB). Empty: the container's "
        "limit (cgroup v2 or v1), else the machine's memory.",
        low=64 * MIB,
    )
    worker_memory: Bytes | None = setting(
        None,
        "The most data one worker process may hold (RLIMIT_DATA). An answer that needs more "
        "fails with out_of_memory; the web process lives on. Empty: the limit less the web "
        "process's share, at least what the model needs (448MiB for base).",
        low=128 * MIB,
    )
    memory_alert: float = setting(
        0.80, "Share of the limit from which memory is given back and an alert is sent; it ends "
        "0.05 below.", low=0.05, high=1,
    )  # fmt: skip
    memory_refuse: float = setting(
        0.90, "Share of the limit from which new recordings get 503 (typed answers go on); it "
        "ends 0.05 below.", low=0.05, high=1,
    )  # fmt: skip
    alert_webhook: str | None = setting(
        None,
        "http:// or https:// address that gets a JSON POST at each change of the memory state.",
        pattern=r"https?://\S+",
        secret=True,
        web_only=True,
    )


@dataclass(frozen=True, slots=True)
class Intake:
    """What may come in."""

    guests: str = setting(
        "auto",
        "Whether answers are evaluated without an account: on, off, or auto (on when the server "
        "listens on a loopback address only).",
        choices=("auto", "on", "off"),
    )
    queue_limit: int = setting(
        50, "Answers that may wait; one more gets 503 with Retry-After.", low=1
    )
    body_timeout: float = setting(
        20.0, "Seconds without a byte of an unfinished body before 408.", low=0.1
    )
    disk_floor: Bytes = setting(
        Bytes(64 * MIB), "Free space that new recordings leave on the disk; below it, 507."
    )


@dataclass(frozen=True, slots=True)
class Speech:
    """The recogniser."""

    model_dir: Path | None = setting(
        None,
        "Folder of the installed speech model. Empty: share/mulakat/models in the Python "
        "environment, where `mulakat model install` puts it.",
    )
    threads: int = setting(0, "Threads for recognition; 0: one for each core.", low=0)
    idle_ttl: float = setting(
        300.0, "Seconds after its last use until the model is let go and its memory given back.",
        low=0,
    )  # fmt: skip
    deadline: float = setting(
        900.0, "Seconds that processing one answer may take before it is stopped.", low=1
    )


@dataclass(frozen=True, slots=True)
class Store:
    """Where data lies and for how long."""

    data_dir: Path = setting(
        Path("data"), "Folder for the database and the spool. Not on tmpfs: that is memory."
    )
    database_url: str | None = setting(
        None,
        "postgresql+psycopg://user:password@host/name for PostgreSQL. Empty: SQLite in data_dir.",
        secret=True,
    )
    pool_size: int = setting(10, "PostgreSQL: connections kept open.", low=1)
    max_overflow: int = setting(20, "PostgreSQL: connections beyond these under load.", low=0)
    pool_timeout: float = setting(
        20.0, "PostgreSQL: seconds to wait for a connection before 503.", low=0
    )
    pool_recycle: int = setting(300, "PostgreSQL: seconds after which a connection is renewed.")
    pool_pre_ping: bool = setting(True, "PostgreSQL: test a connection before using it.")
    keep_audio: float = setting(
        0.0,
        "Seconds that a recording is kept after its result is saved; at most 3600.",
        low=0,
        high=3600,
    )
    keep_guest_results: float = setting(86_400.0, "Seconds that a guest's result is kept.", low=60)


@dataclass(frozen=True, slots=True)
class Queue:
    """How answers are claimed and retried."""

    lease: float = setting(30.0, "Seconds a worker owns an answer without a sign of life.", low=1)
    heartbeat: float = setting(5.0, "Seconds between a worker's signs of life.", low=0.1)
    max_attempts: int = setting(3, "Times an answer is tried before it fails.", low=1)


@dataclass(frozen=True, slots=True)
class Web:
    """The server."""

    host: str = setting("127.0.0.1", "Address to listen on.")
    public_name: str = setting(
        "",
        "Names, separated by commas, by which a proxy on this machine passes requests on. A server "
        "that listens on a loopback address answers to these, localhost and loopback addresses "
        "only, so that no other site's page can use it.",
    )
    port: int = setting(8000, "Port to listen on; 0 takes a free one.", low=0, high=65535)
    log_level: str = setting(
        "info", "Least serious message written.", choices=("debug", "info", "warning", "error")
    )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return names_loopback(self.host)

    @property
    def public_names(self) -> frozenset[str]:
        """The names of `public_name`, in lower case."""
        names = (name.strip().lower() for name in self.public_name.split(","))
        return frozenset(name for name in names if name)


@dataclass(frozen=True, slots=True)
class Admin:
    """Who may look inside."""

    admin_token: str = setting(
        "",
        "Opens /admin and its interfaces, as a password there or as `Authorization: Bearer …`. "
        "At least 16 characters; `openssl rand -hex 24` makes a good one. Empty: no admin.",
        secret=True,
        web_only=True,
        shortest=16,
    )
    metrics_token: str = setting(
        "",
        "Opens /metrics as `Authorization: Bearer …`, nothing else; the admin token does too. "
        "At least 16 characters.",
        secret=True,
        web_only=True,
        shortest=16,
    )
    metrics_port: int = setting(
        0,
        "A port on 127.0.0.1 that serves /metrics without a token; 0: none.",
        web_only=True,
        low=0,
        high=65535,
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections; made once by `load`."""

    memory: Memory = field(default_factory=Memory)
    intake: Intake = field(default_factory=Intake)
    speech: Speech = field(default_factory=Speech)
    store: Store = field(default_factory=Store)
    queue: Queue = field(default_factory=Queue)
    web: Web = field(default_factory=Web)
    admin: Admin = field(default_factory=Admin)


SECTIONS: dict[str, type] = {
    "memory": Memory,
    "intake": Intake,
    "speech": Speech,
    "store": Store,
    "queue": Queue,
    "web": Web,
    "admin": Admin,
}


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
        raise SettingError(f"{name}: this is no http:// or https:// address")
    low, high = metadata.get("low"), metadata.get("high")
    shown = show_bytes if isinstance(value, Bytes) else str
    if low is not None and not value >= low:
        raise SettingError(f"{name}: {shown(value)} is below the least, {shown(low)}")
    if high is not None and not value <= high:
        raise SettingError(f"{name}: {shown(value)} is above the most, {shown(high)}")


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
        "All come from the environment. Printed by `mulakat settings`; a test keeps this true.",
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
