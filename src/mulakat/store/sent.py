"""One line of the ledger, apart from the database: a process that asks a provider needs no more."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request to an outside provider. `purpose`: transcribe, evaluate, speak.

    `outcome`: "ok", why it failed (mulakat.providers.remote.REASONS), or "unfinished" from before
    its first byte until it ends; for ever, when the process died in between.
    """

    purpose: str
    provider: str
    model: str
    host: str
    bytes_sent: int
    bytes_received: int
    outcome: str
