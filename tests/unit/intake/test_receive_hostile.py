import random
import time
from contextlib import suppress

import pytest

from mulakat import errors
from unit.intake.bodies import AUDIO, BOUNDARY, FORM, JSON, OGG, QUESTION, Intake, form, part

pytestmark = pytest.mark.usefixtures("nothing_is_left_open")


@pytest.mark.parametrize(
    "name",
    [
        b"../../x",
        b"..\\\\..\\\\x",
        b"a\0b",
        b"a%0d%0aX-Header: 1",
        b"\xff\xfe",
        b'a\\"; name=\\"question',
        b"x" * 3900,
    ],
)
async def test_a_file_name_is_ignored(intake: Intake, name: bytes) -> None:
    named = part("audio", OGG, b'; filename="' + name + b'"')
    submission, key = await intake.stored(form(QUESTION, named))
    assert submission.audio
    assert [path.name for path in intake.files()] == [key]


async def test_line_ends_in_a_file_name_are_malformed_framing(intake: Intake) -> None:
    named = part("audio", OGG, b'; filename="a\r\nb"')
    assert (await intake.refused(form(QUESTION, named))).code == "malformed_request"


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Other: 1",
        b"Content-Disposition: form-data",
        b'Content-Disposition: attachment; name="question"',
        b'Content-Disposition: form-data; name="question"\r\nContent-Transfer-Encoding: base64',
        b'Content-Disposition: form-data; name="question"\r\nContent-Type: text/plain; charset=x',
        b"no colon",
        b": empty",
        b'Content-Disposition: form-data; name="question"; x="' + b"x" * 5000 + b'"',
        b"\r\n".join(b"X-%d: 1" % n for n in range(9)),
    ],
    ids=lambda headers: repr(headers[:60]),
)
async def test_a_part_with_headers_that_cannot_be_meant_is_malformed(
    intake: Intake, headers: bytes
) -> None:
    body = b"--" + BOUNDARY + b"\r\n" + headers + b"\r\n\r\nWhy?\r\n" + form(AUDIO)
    assert (await intake.refused(body)).code == "malformed_request"


async def test_text_that_is_not_utf_8_is_malformed(intake: Intake) -> None:
    error = await intake.refused(form(AUDIO, part("question", "Niçin?".encode("iso-8859-9"))))
    assert error.code == "malformed_request"


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "x" * 71,
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary*=utf-8''----boundary",
        "multipart/form-data; ; =;;",
        "multipart/form-data; boundary=\udcff",
    ],
)
async def test_a_boundary_that_cannot_be_used_is_malformed(intake: Intake, kind: str) -> None:
    assert (await intake.refused(form(QUESTION, AUDIO), kind)).code == "malformed_request"


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "audio/webm"]
)
async def test_another_type_of_body_is_not_supported(intake: Intake, kind: str) -> None:
    assert (await intake.refused(b"question=x", kind)).code == "unsupported_body"


async def test_a_thousand_parts_are_refused_quickly(intake: Intake) -> None:
    body = form(*[part(f"field{n}", b"x") for n in range(1001)])
    began = time.perf_counter()
    error = await intake.refused(body)
    assert time.perf_counter() - began < 0.1
    assert error.code == "malformed_request"


async def test_twenty_parts_pass_and_one_more_does_not(intake: Intake) -> None:
    more = [part(f"field{n}", b"x") for n in range(18)]
    await intake.stored(form(QUESTION, part("answer", b"So."), *more))
    error = await intake.refused(form(QUESTION, AUDIO, *more, part("one", b"x")))
    assert error.code == "malformed_request"


def mutated(random_: random.Random, body: bytes) -> bytes:
    """Return the body with some of it flipped, cut, doubled or replaced."""
    out = bytearray(body)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(out) or 1)
        until = at + random_.randint(0, 40)
        match random_.randrange(5):
            case 0:
                out[at:until] = random_.randbytes(until - at)
            case 1:
                del out[at:until]
            case 2:
                out[at:at] = out[at:until]
            case 3:
                out[at:at] = random_.choice([b"\r\n", b"--" + BOUNDARY, b"\0", b'"', b";", b"\xff"])
            case _:
                del out[at:]
    return bytes(out)


@pytest.mark.parametrize("seed", range(50))
async def test_whatever_comes_is_accepted_or_refused_by_name(intake: Intake, seed: int) -> None:
    random_ = random.Random(seed)  # noqa: S311  # repeatable, not secret
    bodies = [
        (form(QUESTION, part("audio", OGG[:200]), part("language", b"en")), FORM),
        (b'{"question": "Why?", "user_answer": "So.", "language": "en"}', JSON),
    ]
    for _ in range(20):
        body, kind = random_.choice(bodies)
        changed = random_.randbytes(300) if random_.random() < 0.1 else mutated(random_, body)
        with suppress(errors.MulakatError):
            _, key = await intake.stored(changed, kind, size=random_.choice([1, 50, 1000]))
            if key:
                intake.spool.unlink(key)
        assert intake.files() == []
