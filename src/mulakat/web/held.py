"""A file of the spool on its way to a browser."""

import os

from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from mulakat import errors
from mulakat.store.spool import Spool


class Held(FileResponse):
    """A file by its descriptor, closed at the end: its name may go meanwhile."""

    def __init__(self, descriptor: int, media_type: str) -> None:
        self._descriptor = descriptor
        super().__init__(
            f"/proc/self/fd/{descriptor}",
            media_type=media_type,
            stat_result=os.fstat(descriptor),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._descriptor)


def recording(spool: Spool, key: str) -> int:
    """Return a descriptor of a recording, to read. Raises NotFound where it is gone by now."""
    name = spool.path(key).name
    with spool.opened("audio") as folder:
        try:
            return os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
        except FileNotFoundError:
            raise errors.NotFound from None
