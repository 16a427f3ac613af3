"""multipart/form-data (RFC 7578), pushed through python-multipart's parser chunk by chunk.

The parser finds boundaries and headers; every bound is here. File names, unless empty, and what
a part says of its own type, are never looked at.
"""

from collections.abc import AsyncIterator, Mapping

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from mulakat import errors
from mulakat.intake.form import LIMITS, too_long
from mulakat.intake.upload import WRITE_BYTES, Upload
from mulakat.settings import MAX_AUDIO_BYTES, MAX_BODY_OVERHEAD, MIB

MAX_PARTS = 20
"""Parts of a body, unknown ones included; our own form has seven fields and a recording."""

MAX_HEADERS = 8
MAX_HEADER_BYTES = 4096
"""Of the headers of one part; browsers send three, with a file name of at most 255 bytes."""

MAX_BOUNDARY_BYTES = 70
"""RFC 2046 §5.1.1."""

_PLAIN = {b"", b"7bit", b"8bit", b"binary"}
_CHARSETS = {b"utf-8", b"utf8", b"us-ascii"}


async def read(
    chunks: AsyncIterator[bytes],
    content_type: str,
    upload: Upload,
    *,
    part: str = "audio",
    limits: Mapping[str, int] = LIMITS,
    texts: dict[str, str] | None = None,
) -> dict[str, str]:
    """Return the text fields of `limits`; the part named `part` goes to `upload` as it comes.

    With `texts`, they are put there as they come, and stay when the rest is refused.

    Stops reading at the first thing wrong. Raises Malformed (framing, truncation, charset, a
    field twice), TooLarge, NotAudio, Invalid or DiskFull.
    """
    parts = _Parts(upload, part, limits, {} if texts is None else texts)
    parser = parts.parser(_boundary(content_type))
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > MAX_AUDIO_BYTES + MAX_BODY_OVERHEAD:
            raise errors.TooLarge(limit_mib=MAX_AUDIO_BYTES // MIB)
        for start in range(0, len(chunk), WRITE_BYTES):
            try:
                parser.write(chunk[start : start + WRITE_BYTES])
            except FormParserError:
                # The parser's own words may quote the body.
                raise errors.Malformed(reason="multipart framing") from None
            await upload.flush()
    if not parts.ended:
        raise errors.Malformed(reason="the body ends before its last boundary")
    return parts.texts


def _boundary(content_type: str) -> bytes:
    _, options = _options(content_type.encode("latin-1", "replace"))
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY_BYTES:
        raise errors.Malformed(reason="multipart without a usable boundary")
    return boundary


def _options(header: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    kind, options = parse_options_header(header)
    return kind.strip(), options


class _Parts:
    """The parser's callbacks, and what they have gathered."""

    def __init__(
        self, upload: Upload, part: str, limits: Mapping[str, int], texts: dict[str, str]
    ) -> None:
        self._part = part
        self._limits = limits
        self.texts = texts
        self.ended = False
        self._upload = upload
        self._count = 0
        self._header_bytes = 0
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._name: str | None = None  # of a text part that is read
        self._text = bytearray()
        self._in_file = False

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_field,
                "on_header_value": self._header_continues,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
                "on_end": self._end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )

    def _part_begins(self) -> None:
        self._count += 1
        if self._count > MAX_PARTS:
            raise errors.Malformed(reason=f"more than {MAX_PARTS} parts")
        self._header_bytes = 0
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header_name += data[start:end]

    def _header_continues(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header_value += data[start:end]

    def _count_header(self, length: int) -> None:
        self._header_bytes += length
        if self._header_bytes > MAX_HEADER_BYTES:
            raise errors.Malformed(reason="part headers too large")

    def _header_ends(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _headers_end(self) -> None:
        kind, options = _options(self._headers.get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise errors.Malformed(reason="a part without form-data name")
        if self._headers.get(b"content-transfer-encoding", b"").strip().lower() not in _PLAIN:
            raise errors.Malformed(reason="content-transfer-encoding")
        name = options[b"name"].decode("ascii", "replace")
        if name == self._part and options.get(b"filename") == b"":
            return  # a form's field in which no file was chosen (HTML 4.10.21.8)
        if name == self._part:
            self._upload.start()
            self._in_file = True
        elif name in self._limits:
            self._text_begins(name)

    def _text_begins(self, name: str) -> None:
        _, options = _options(self._headers.get(b"content-type", b""))
        if options.get(b"charset", b"utf-8").lower() not in _CHARSETS:
            raise errors.Malformed(reason="charset is not UTF-8")
        if name in self.texts:
            raise errors.Malformed(reason=f"field {name} is repeated")
        self._name = name

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._upload.feed(memoryview(data)[start:end])
        elif self._name:
            # No character has more than 4 bytes in UTF-8; `form` counts characters.
            if len(self._text) + end - start > 4 * self._limits[self._name]:
                raise too_long(self._name, self._limits)
            self._text += data[start:end]

    def _part_ends(self) -> None:
        if self._name:
            try:
                self.texts[self._name] = self._text.decode()
            except UnicodeDecodeError:
                raise errors.Malformed(reason=f"field {self._name} is not UTF-8") from None
        self._in_file = False
        self._name = None
        self._text.clear()

    def _end(self) -> None:
        self.ended = True
