"""The text of documents, and what it is refused for."""

import io
import random
from contextlib import suppress

import pytest

import documents
from mulakat.errors import Invalid
from mulakat.pipeline.document import MOST_CHARACTERS, MOST_PAGES, text_of


def text(data: bytes, media: str) -> str:
    return text_of(io.BytesIO(data), media)


def refusal(data: bytes, media: str) -> str:
    with pytest.raises(Invalid) as refused:
        text(data, media)
    return refused.value.code


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (documents.pdf(), "pdf"),
        (documents.docx(), "docx"),
        (documents.CV.encode(), "text"),
        (documents.CV.encode("utf-16"), "text"),
        (documents.CV.replace("\n", "\r\n").encode("utf-8-sig"), "text"),
    ],
    ids=["pdf", "docx", "utf-8", "utf-16", "windows"],
)
def test_the_text_comes_with_its_lines(data: bytes, media: str) -> None:
    lines = text(data, media).split("\n")
    assert lines[:2] == ["Ada Yurtsever", "Backend Developer"]
    assert any("Python, PostgreSQL and Docker" in line for line in lines)


def test_turkish_letters_survive_windows_and_word() -> None:
    said = "Yazılım geliştirici, İstanbul. Görüşmeye açık, üç yıllık deneyim."
    assert text(said.encode("cp1254"), "text") == said
    assert text(documents.docx(said), "docx") == said


def test_tabs_breaks_and_marks_of_word_are_kept_or_dropped() -> None:
    xml = (
        f"<w:document {documents.W}><w:body><w:p><w:r><w:t>2021</w:t><w:tab/><w:t>Developer</w:t>"
        "<w:br/><w:t>of a library system for forty branches</w:t><w:instrText>PAGE</w:instrText>"
        "</w:r></w:p></w:body></w:document>"
    )
    assert text(documents.docx(xml=xml), "docx") == (
        "2021 Developer\nof a library system for forty branches"
    )


@pytest.mark.parametrize("end", ["\r", "\r\n", "\v", "\f", "\x85", "\u2028"])
def test_every_end_of_a_line_parts_words(end: str) -> None:
    said = text(f"a nurse for our ward of thirty beds{end}Nights too".encode(), "text")
    assert said == "a nurse for our ward of thirty beds\nNights too"


def test_long_documents_are_cut_not_refused() -> None:
    assert len(text(b"word " * 60_000, "text")) <= MOST_CHARACTERS
    said = text(documents.pdf("A line of some forty characters on a page", pages=10_000), "pdf")
    assert said.count("forty") == MOST_PAGES


def test_what_is_not_text_is_left_alone() -> None:
    assert text(documents.with_extras(), "pdf") == text(documents.pdf(), "pdf")


def test_a_table_of_contents_that_names_itself_is_read_once() -> None:
    assert text(documents.looping_xref(), "pdf") == text(documents.pdf(), "pdf")


@pytest.mark.parametrize(
    ("data", "media", "code"),
    [
        (b"", "text", "document_empty"),
        (b"too short", "text", "document_empty"),
        (documents.pdf(content=b"q 1 0 0 1 0 0 cm Q"), "pdf", "document_empty"),
        (b"%PDF-1.4\nnothing follows", "pdf", "document_unreadable"),
        (documents.docx()[:200], "docx", "document_unreadable"),
        (documents.docx(xml="<w:document"), "docx", "document_unreadable"),
        (documents.docx(xml=documents.LAUGHS), "docx", "document_too_complex"),
        (documents.docx(xml=documents.nested_xml(301)), "docx", "document_too_complex"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, media: str, code: str) -> None:
    assert refusal(data, media) == code


def test_a_protected_pdf_is_told_from_a_broken_one() -> None:
    import pypdf

    writer = pypdf.PdfWriter(io.BytesIO(documents.pdf()))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    assert refusal(out.getvalue(), "pdf") == "document_encrypted"


@pytest.mark.parametrize("media", ["pdf", "docx"])
def test_damaged_files_are_refused_or_read_but_nothing_else(media: str) -> None:
    whole = {"pdf": documents.pdf(), "docx": documents.docx()}[media]
    draw = random.Random(7)  # noqa: S311  # the same each time
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 12)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        with suppress(Invalid):
            text(bytes(damaged[: draw.randint(50, len(damaged))]), media)
