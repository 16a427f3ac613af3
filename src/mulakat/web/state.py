"""What lives as long as the application, made in its lifespan and reached through `parts`."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from starlette.requests import HTTPConnection

from mulakat.interview.bank import Bank
from mulakat.memory.governor import Governor
from mulakat.memory.ladder import Footing
from mulakat.observe.metrics import Metrics
from mulakat.settings import Settings
from mulakat.store.accounts import Accounts
from mulakat.store.answers import Answers
from mulakat.store.census import Census
from mulakat.store.corrections import Corrections
from mulakat.store.documents import Documents
from mulakat.store.egress import Ledger
from mulakat.store.history import History
from mulakat.store.interviews import Interviews
from mulakat.store.rights import Rights
from mulakat.store.spool import Spool
from mulakat.store.timeline import Timeline
from mulakat.store.tokens import Tokens

if TYPE_CHECKING:
    from mulakat.web.health import Checks
    from mulakat.web.metrics import Sampler
    from mulakat.web.passwords import Passwords
    from mulakat.web.sessions import Sessions
    from mulakat.web.throttle import Throttle
    from mulakat.web.voice import Interviewer
    from mulakat.web.watch import Watch


class Workers(Protocol):
    """The worker side, as the web side sees it; on one machine, a supervised process."""

    @property
    def pid(self) -> int | None:
        """The worker's process id while there is one on this machine."""
        ...

    @property
    def footing(self) -> Footing:
        """Which speech model the worker can hold, and why."""
        ...

    @property
    def model(self) -> str | None:
        """The name of the model that is loaded now, or None."""
        ...

    @property
    def restarts(self) -> int:
        """How many workers have been replaced so far."""
        ...

    def release(self) -> None:
        """Ask the worker to let its model go once it is idle, and to give memory back."""
        ...

    def retire(self) -> None:
        """Have the worker replaced after its current answer."""
        ...

    def stop(self) -> None:
        """Have the worker end in good order, and start no other; returns at once."""
        ...

    def wake(self) -> None:
        """Say that an answer waits."""
        ...

    async def sweep(self) -> dict[str, int]:
        """Do the upkeep of each minute now; returns `files`, their `bytes`, and `results`."""
        ...

    def trouble(self) -> str | None:
        """Return why answers are not being processed, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a route may use."""

    settings: Settings
    answers: Answers
    corrections: Corrections
    spool: Spool
    disk: ThreadPoolExecutor
    watch: "Watch"
    workers: Workers
    checks: "Checks"
    governor: Governor
    metrics: Metrics
    sampler: "Sampler"
    accounts: Accounts
    tokens: Tokens
    passwords: "Passwords"
    sessions: "Sessions"
    throttle: "Throttle"
    interviews: Interviews
    interviewer: "Interviewer"
    documents: Documents
    history: History
    timeline: Timeline
    census: Census
    rights: Rights
    ledger: Ledger
    exporting: dict[str, float]
    bank: Bank


def parts(connection: HTTPConnection) -> Parts:
    """Return the parts of the application that serves this connection."""
    found: Parts = connection.app.state.parts
    return found
