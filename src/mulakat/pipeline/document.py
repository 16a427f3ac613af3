"""The text of a CV or job posting: PDF, DOCX or plain text, all of it from strangers.

Runs in a process of its own that is thrown away (worker/reading.py): a file that is built to use
up memory or time takes that process with it and nothing else. The limits here are for files that
are merely large.
"""

import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, BinaryIO
from xml.parsers import expat

from mulakat.errors import Invalid

MOST_PAGES = 60
"""A CV has one to five; a doctor's list of papers has thirty."""

MOST_CHARACTERS = 200_000
"""Some sixty close-written pages. What comes after is left out."""

MOST_XML_BYTES = 24 << 20
"""Of word/document.xml, unpacked; Word writes some 50 bytes a character."""

MOST_XML_DEPTH = 300
"""Tables within tables reach about 60."""

MOST_STREAM_BYTES = 16 << 20
"""Of one stream of a PDF, unpacked: a page's drawing instructions are some KiB."""

_PDF_LIMITS: dict[str, Any] = {
    "zlib_maximum_output_length": MOST_STREAM_BYTES,
    "lzw_maximum_output_length": MOST_STREAM_BYTES,
    "run_length_maximum_output_length": MOST_STREAM_BYTES,
    "brotli_maximum_output_length": MOST_STREAM_BYTES,
    "array_based_stream_maximum_output_length": MOST_STREAM_BYTES,
    "maximum_declared_stream_length": MOST_STREAM_BYTES,
    "stream_decoding_work_maximum_length": 4 * MOST_STREAM_BYTES,
    "stream_filters_maximum_length": 4,
    "jbig2dec_binary": None,  # no other program is started
}

LEAST_CHARACTERS = 40
"""Less is no CV: a scan leaves at most a page number."""

_PIECE = 1 << 16
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SPACE = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n{3,}")
_BREAK = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
"""Ends of lines (Unicode, chapter 5.8); Word's line break comes as \\v when it is pasted."""


def text_of(file: BinaryIO, media: str) -> str:
    """Return the text of a document, with its line breaks.

    `media` is pdf, docx or text. Raises Invalid: document_unreadable, document_encrypted,
    document_too_complex, or document_empty for one that has no text, such as a scan.
    """
    pieces = {"pdf": _pdf, "docx": _docx, "text": _plain}[media](file)
    taken: list[str] = []
    left = MOST_CHARACTERS
    for piece in pieces:
        taken.append(piece[:left])
        left -= len(piece)
        if left <= 0:
            break
    text = _tidy("".join(taken))
    if len(text) < LEAST_CHARACTERS:
        raise Invalid("document_empty")
    return text


def _tidy(text: str) -> str:
    """Compose letters, and drop what cannot be stored or seen."""
    composed = unicodedata.normalize("NFC", _BREAK.sub("\n", text))
    kept = "".join(one for one in composed if one in "\n\t" or unicodedata.category(one)[0] != "C")
    lines = (_SPACE.sub(" ", line).strip() for line in kept.split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()


def _plain(file: BinaryIO) -> Iterator[str]:
    data = file.read(4 * MOST_CHARACTERS)
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "cp1254"):
        try:
            yield data.decode(encoding)
        except UnicodeDecodeError as error:
            # The last character may be cut in two.
            if error.start > len(data) - 4:
                yield data[: error.start].decode(encoding)
                return
        else:
            return
    raise Invalid("document_unreadable")


def _docx(file: BinaryIO) -> Iterator[str]:
    try:
        with zipfile.ZipFile(file) as archive, archive.open("word/document.xml") as document:
            yield from _words(document)
    except (zipfile.BadZipFile, KeyError, zlib.error, EOFError, OSError, NotImplementedError):
        raise Invalid("document_unreadable") from None
    except RuntimeError:  # zipfile's word for an encrypted member
        raise Invalid("document_encrypted") from None


class _Word:
    """Gathers the text of WordprocessingML (ECMA-376 part 1, §17.3) as it is parsed."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._depth = 0
        self._in_text = False

    def start(self, name: str, _attributes: object) -> None:
        self._depth += 1
        if self._depth > MOST_XML_DEPTH:
            raise Invalid("document_too_complex")
        self._in_text = name == f"{_W} t"
        if name == f"{_W} tab":
            self.pieces.append("\t")
        elif name == f"{_W} br":
            self.pieces.append("\n")

    def end(self, name: str) -> None:
        self._depth -= 1
        self._in_text = False
        if name == f"{_W} p":
            self.pieces.append("\n")

    def data(self, text: str) -> None:
        if self._in_text:
            self.pieces.append(text)

    def doctype(self, *_: object) -> None:
        # Word writes none; entities live in it.
        raise Invalid("document_too_complex")


def _words(document: IO[bytes]) -> Iterator[str]:
    word, parser = _Word(), expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = word.start
    parser.EndElementHandler = word.end
    parser.CharacterDataHandler = word.data
    parser.StartDoctypeDeclHandler = word.doctype
    read = 0
    try:
        while piece := document.read(_PIECE):
            read += len(piece)
            if read > MOST_XML_BYTES:
                raise Invalid("document_too_complex")
            parser.Parse(piece, False)
            yield "".join(word.pieces)
            word.pieces.clear()
        parser.Parse(b"", True)
    except expat.ExpatError:
        raise Invalid("document_unreadable") from None
    yield "".join(word.pieces)


def _pdf(file: BinaryIO) -> Iterator[str]:
    import logging

    import pypdf
    from pypdf import errors

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings quote the document
    with pypdf.apply_configuration(**_PDF_LIMITS):
        yield from _pages(file, pypdf.PdfReader, errors.LimitReachedError)


def _pages(file: BinaryIO, open_: Any, over: type[Exception]) -> Iterator[str]:
    try:
        reader = open_(file, strict=False)
        if reader.is_encrypted and not _opened(reader):
            raise Invalid("document_encrypted")
        for number, page in enumerate(reader.pages):
            if number == MOST_PAGES:
                return
            yield page.extract_text() + "\n"
    except (Invalid, MemoryError):
        raise
    except (over, RecursionError):
        raise Invalid("document_too_complex") from None
    except Exception as error:
        # A broken file can make a parser raise anything; its words may quote the file.
        raise Invalid("document_unreadable") from error


def _opened(reader: "object") -> bool:
    """Whether a PDF that is only protected against changes opens without a password."""
    from pypdf.errors import DependencyError

    try:
        return bool(reader.decrypt(""))  # type: ignore[attr-defined]
    except (DependencyError, NotImplementedError):
        return False
