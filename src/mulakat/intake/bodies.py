"""A body that is read whole, because it is bounded and small."""

from collections.abc import AsyncIterator

from mulakat import errors
from mulakat.settings import MAX_TEXT_CHARACTERS, MIB

MAX_JSON_BYTES = MIB
"""Of a JSON body: all fields at their limits, each character written as two `\\uXXXX`."""


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    """Return the body. Raises Invalid(text_too_long) beyond MAX_JSON_BYTES."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_JSON_BYTES:  # the sentence of TooLarge speaks of a recording
            raise errors.Invalid("text_too_long", limit=MAX_TEXT_CHARACTERS)
    return bytes(body)
