"""What lives as long as the application, made in its lifespan and reached through `parts`."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from starlette.requests import HTTPConnection

from mulakat.observe.metrics import Metrics
from mulakat.settings import Settings
from mulakat.store.answers import Answers
from mulakat.store.spool import Spool

if TYPE_CHECKING:
    from mulakat.web.admin_access import AdminAccess
    from mulakat.web.health import Checks
    from mulakat.web.metrics import Sampler
    from mulakat.web.watch import Watch


class Workers(Protocol):
    """The worker side, as the web side sees it; on one machine, a supervised process."""

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
    spool: Spool
    disk: ThreadPoolExecutor
    watch: "Watch"
    workers: Workers
    checks: "Checks"
    admin: "AdminAccess"
    metrics: Metrics
    sampler: "Sampler"


def parts(connection: HTTPConnection) -> Parts:
    """Return the parts of the application that serves this connection."""
    found: Parts = connection.app.state.parts
    return found
