"""Documents that tests send: honest ones, and ones that are built to do harm."""

import io
import zipfile
import zlib
from collections.abc import Callable

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

CV = """Ada Yurtsever
Backend Developer
EXPERIENCE
Developer, Northwind 2021 - 2024
I have 3 years of experience with Python, PostgreSQL and Docker.
PROJECTS
Library booking system (FastAPI, Redis)
EDUCATION
Ege University, BSc Computer Engineering
LANGUAGES
English, German"""


def docx(text: str = CV, xml: str | None = None) -> bytes:
    """Return a Word document of some paragraphs, or with the given word/document.xml."""
    paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in text.split("\n"))
    body = xml or f'<?xml version="1.0"?><w:document {W}><w:body>{paragraphs}</w:body></w:document>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        # With a date of their own: the same document is the same bytes a second later.
        archive.writestr(zipfile.ZipInfo("[Content_Types].xml"), "<Types/>")
        archive.writestr(zipfile.ZipInfo("word/document.xml"), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def pdf(text: str = CV, *, pages: int = 1, content: bytes | None = None, filters: str = "",
        box: str = "0 0 595 842", extra: bytes = b"") -> bytes:  # fmt: skip
    """Return a PDF of lines in Helvetica; `content` replaces each page's stream."""
    lines = "".join(
        f"({line}) Tj T*\n" for line in text.replace("(", "[").replace(")", "]").split("\n")
    )
    stream = content or f"BT /F1 11 Tf 14 TL 60 780 Td\n{lines}ET".encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>"
        % (pages, b" ".join(b"%d 0 R" % (5 + i) for i in range(pages))),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), filters.encode(), stream),
    ]
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R "
        "/Resources << /Font << /F1 3 0 R >> >> >>"
    )
    objects += [page.encode()] * pages
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, one in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, one))
    out.write(extra)
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(
        b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    )
    return out.getvalue()


def deflated(megabytes: int, times: int = 1) -> bytes:
    """Return zeros, packed so many times over."""
    packer, piece = zlib.compressobj(9), bytes(1 << 20)
    data = b"".join([packer.compress(piece) for _ in range(megabytes)] + [packer.flush()])
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def nested_xml(depth: int) -> str:
    inside = "<w:p>" * depth + "</w:p>" * depth
    return f"<w:document {W}><w:body>{inside}</w:body></w:document>"


def _laughs() -> str:
    entities = "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">'
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    return (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha">{entities}]>'
        f"<w:document {W}><w:body><w:p><w:r><w:t>&i;</w:t></w:r></w:p></w:body></w:document>"
    )


LAUGHS = _laughs()


def zip_bomb(megabytes: int) -> bytes:
    """Return a Word document whose text is so many MiB of empty paragraphs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as document:
            document.write(f"<w:document {W}><w:body>".encode())
            for _ in range(megabytes):
                document.write(b"<w:p/>" * ((1 << 20) // 6))
    return out.getvalue()


def crowded_zip(entries: int) -> bytes:
    """Return an archive of so many empty files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(entries):
            archive.writestr(f"word/{number}.xml", "")
    return out.getvalue()


def with_extras() -> bytes:
    """Return an honest PDF that also carries what is not text: a file, a picture, a script."""
    return pdf(
        extra=b"90 0 obj\n<< /Type /EmbeddedFile /Length 3 >>\nstream\nMZ\0\nendstream\nendobj\n"
        b"91 0 obj\n<< /Type /XObject /Subtype /Image /Width 9 /Height 9 /Filter /JBIG2Decode"
        b" /Length 4 >>\nstream\n\0\0\0\0\nendstream\nendobj\n"
        b"92 0 obj\n<< /S /JavaScript /JS (app.launchURL\\('http://127.0.0.1/'\\)) >>\nendobj\n"
    )


def looping_pages() -> bytes:
    """Return a PDF whose page tree contains itself."""
    return pdf().replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]")


def looping_xref() -> bytes:
    """Return a PDF whose table of contents names itself as the one before."""
    whole = pdf()
    start = whole.rindex(b"xref\n0")
    return whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def nested_pages(depth: int) -> bytes:
    """Return a PDF whose page tree has one branch after another."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    objects += [
        b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (number + 1)
        for number in range(2, depth + 2)
    ]
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, one in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, one))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer\n<< /Size 9 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start)
    return out.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "a zip bomb": lambda: zip_bomb(200),
    "an archive of fifty thousand files": lambda: crowded_zip(50_000),
    "xml a hundred thousand deep": lambda: docx(xml=nested_xml(100_000)),
    "a billion laughs": lambda: docx(xml=LAUGHS),
    "packed zeros in a PDF": lambda: pdf(content=deflated(300), filters="/Filter /FlateDecode"),
    "packed zeros, four times over": lambda: pdf(
        content=deflated(600, 4),
        filters="/Filter [/FlateDecode /FlateDecode /FlateDecode /FlateDecode]",
    ),
    "packed zeros, forty times over": lambda: pdf(
        content=deflated(1), filters=f"/Filter [{'/FlateDecode ' * 40}]"
    ),
    "brackets without end": lambda: pdf(content=b"[" * 1_000_000),
    "brackets without end as an object": lambda: pdf(
        # Without its table of contents, so that the file is searched for objects.
        extra=b"1 0 obj\n" + b"[" * 1_000_000
    ).replace(b"startxref", b"startnone"),
    "a page tree ten thousand deep": lambda: nested_pages(10_000),
    "a page tree that contains itself": looping_pages,
    "a page of a billion points": lambda: pdf(content=b"q Q", box="0 0 1000000000 1000000000"),
    "text drawn a million times": lambda: pdf(
        content=b"BT /F1 1 Tf " + b"(a) Tj 0 0 Td " * 1_100_000 + b"ET"
    ),
}
"""Each made when it is asked for."""
