from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mulakat.store.spool import Spool
from unit.intake.bodies import Intake


@pytest.fixture(params=[True, False], ids=["unnamed", "part"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", 0, unnamed=request.param)


@pytest.fixture
def disk() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def nothing_is_left_open(spool: Spool) -> Iterator[None]:
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors


@pytest.fixture
def intake(spool: Spool, disk: ThreadPoolExecutor) -> Intake:
    return Intake(spool, disk)
