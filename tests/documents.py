"""Documents that tests send: honest ones, and ones that are built to do harm."""

import io
import zipfile
import zlib

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
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", body)
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
    data = b"\0" * (megabytes << 20)
    for _ in range(times):
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


def zip_bomb(megabytes: int = 400) -> bytes:
    return docx(xml=f"<w:document {W}><w:body>" + "<w:p/>" * (megabytes << 18))


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


BOMBS: dict[str, bytes] = {
    "a zip bomb": zip_bomb(200),
    "xml a hundred thousand deep": docx(xml=nested_xml(100_000)),
    "a billion laughs": docx(xml=LAUGHS),
    "packed zeros in a PDF": pdf(content=deflated(300), filters="/Filter /FlateDecode"),
    "packed zeros, four times over": pdf(
        content=deflated(600, 4),
        filters="/Filter [/FlateDecode /FlateDecode /FlateDecode /FlateDecode]",
    ),
    "brackets without end": pdf(content=b"[" * 1_000_000),
    "a page tree ten thousand deep": nested_pages(10_000),
    "a page of a billion points": pdf(content=b"q Q", box="0 0 1000000000 1000000000"),
    "text drawn two million times": pdf(
        content=b"BT /F1 1 Tf " + b"(a) Tj 0 0 Td " * 1_100_000 + b"ET"
    ),
}
