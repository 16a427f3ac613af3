"""What all errors have in common."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar


class MulakatError(Exception):
    """Base of the tree.

    `code` is stable and public; `status` is the HTTP status; `permanent` says that doing
    the same again cannot succeed; `params` fill the catalogue's sentence; `members` are
    further ones of the problem document.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    permanent: ClassVar[bool] = True
    members: Mapping[str, object] = MappingProxyType({})

    def __init__(self, **params: str | int | float) -> None:
        self.params = params
        super().__init__(f"{self.code} {params}" if params else self.code)
