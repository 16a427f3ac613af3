"""One server and one worker a data folder: two would break both the memory and the sweep."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InUse(Exception):
    """Another process holds the folder; the message is for the operator."""


@contextmanager
def hold(data_dir: Path, role: str) -> Iterator[None]:
    """Hold a data folder as "server" or "worker" for the length of a block.

    An flock: the kernel lets go of it however the process ends. Raises InUse.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / f"{role}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(
                f"Another Mulakat {role} already uses {data_dir.resolve()}. Stop it, or set "
                "MULAKAT_DATA_DIR and MULAKAT_PORT to others."
            ) from None
        yield
    finally:
        os.close(descriptor)
