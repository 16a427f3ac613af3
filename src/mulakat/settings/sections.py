"""The frozen sections: each setting with its name, default and meaning."""

from dataclasses import dataclass, field
from pathlib import Path

from mulakat.settings.kinds import MIB, Bytes, names_loopback, setting
from mulakat.settings.providers import Language, Speech, Voice


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
        shape="http:// or https://",
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
    guest_rate: int = setting(
        300, "Answers and documents that one address without an account may send within 5 "
        "minutes; one more gets 429 with Retry-After.", low=1,
    )  # fmt: skip
    body_timeout: float = setting(
        20.0, "Seconds without a byte of an unfinished body before 408.", low=0.1
    )
    disk_floor: Bytes = setting(
        Bytes(64 * MIB), "Free space that new recordings leave on the disk; below it, 507."
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
    keep_transcripts: int = setting(
        365,
        "Days that what an account's owner said is kept: transcript, quotes, typed text. The "
        "scores and measures stay until the account is deleted. 0: for as long as the account.",
        low=0,
    )
    keep_documents: int = setting(
        30, "Days that a CV or job posting is kept after it was last used; 0: until deleted.", low=0
    )


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
    trusted_proxies: str = setting(
        "",
        "Addresses or networks (10.0.0.0/8), separated by commas, of the proxies in front. Only "
        "what they say in X-Forwarded-For counts as the client's address, and in "
        "X-Forwarded-Proto as its scheme; empty: nobody's.",
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
class Accounts:
    """Who may have an account."""

    registration: str = setting(
        "on", "Whether candidates may make an account by themselves.", choices=("on", "off")
    )


@dataclass(frozen=True, slots=True)
class Sessions:
    """Logins, kept on the server for 24 hours."""

    session_url: str = setting(
        "",
        "redis://user:password@host:6379/0 (or rediss://) to keep sessions and the counts of "
        "tries in Redis or Valkey. Empty: files in data_dir.",
        pattern=r"rediss?://\S+",
        shape="redis:// or rediss://",
        secret=True,
        web_only=True,
    )
    session_threshold: int = setting(
        500, "Files: sessions kept at once; one more ends the one that would end first.", low=1
    )


@dataclass(frozen=True, slots=True)
class Interviews:
    """What interviews are made of."""

    questions_dir: Path | None = setting(
        None,
        "Folder with an own question bank, checked by `mulakat questions lint`. Empty: the bank "
        "that comes with Mulakat.",
    )


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
    language: Language = field(default_factory=Language)
    voice: Voice = field(default_factory=Voice)
    store: Store = field(default_factory=Store)
    queue: Queue = field(default_factory=Queue)
    web: Web = field(default_factory=Web)
    accounts: Accounts = field(default_factory=Accounts)
    sessions: Sessions = field(default_factory=Sessions)
    interviews: Interviews = field(default_factory=Interviews)
    admin: Admin = field(default_factory=Admin)


SECTIONS: dict[str, type] = {
    "memory": Memory,
    "intake": Intake,
    "speech": Speech,
    "language": Language,
    "voice": Voice,
    "store": Store,
    "queue": Queue,
    "web": Web,
    "accounts": Accounts,
    "sessions": Sessions,
    "interviews": Interviews,
    "admin": Admin,
}
