"""What the governor saw at one moment: frozen, cheap to hand around, ready for JSON."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

State = Literal["normal", "alert", "refusing"]
STATES: tuple[State, ...] = ("normal", "alert", "refusing")
"""From good to bad."""


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """One of our processes, in bytes. `role` is `web` or `worker`.

    `rss`, `vms` and `peak` (of RSS) are of this sample; `uss` and `pss` cost the kernel a walk
    over the page tables, so they are as old as the last full sample, a few seconds at most.
    """

    role: str
    pid: int
    rss: int
    vms: int
    uss: int
    pss: int
    peak: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One sample. Sizes in bytes; `ratio` is working set over limit.

    `pressure` is the kernel's stall information in per cent of the last 10 s, keys
    `some_avg10` and `full_avg10`; None where the kernel does not tell. `reserved` is what the
    budget has promised and not got back; `model` the name of the loaded model, or None;
    `strikes` counts samples in a row in which the worker was above its share; `restarts`
    the workers that were replaced so far.
    """

    at: datetime
    state: State
    limit: int
    limit_source: str
    working_set: int
    ratio: float
    processes: tuple[ProcessMemory, ...] = ()
    pss_total: int = 0
    pressure: dict[str, float] | None = field(default=None)
    reserved: int = 0
    rung: str = ""
    model: str | None = None
    strikes: int = 0
    restarts: int = 0

    def document(self) -> dict[str, Any]:
        """Return it as JSON can write it: RFC 3339 time, ratios rounded, per cents of the limit."""
        return {
            **asdict(self),
            "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "ratio": round(self.ratio, 4),
            "processes": [
                {**asdict(one), "percent": _percent(one.pss, self.limit)} for one in self.processes
            ],
            "percent": _percent(self.working_set, self.limit),
        }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
