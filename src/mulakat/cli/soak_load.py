"""The three scenarios: a hundred in a row, twenty large ones at once, good and bad mixed.

They are the test plan that the first backend was to pass and did not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mulakat.cli.soak_client import Ask, spoken, typed
from mulakat.intake.sniff import HEAD_BYTES, container
from mulakat.settings import MAX_AUDIO_BYTES, MIB

BURST = 20
MIXED = 50
MIXED_CONCURRENCY = 4

QUESTION = "Tell me about a problem that you solved."

TYPED = (
    "Last year our build took an hour. I measured where the time went, proposed to my team to "
    "cache two steps, and did it. As a result a build took twelve minutes, and we released twice "
    "as often."
)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as it is sent."""

    name: str
    content: bytes
    container: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """Requests in their order, and how many are under way at once."""

    name: str
    asks: tuple[Ask, ...]
    concurrency: int


def read(path: Path) -> Recording:
    """Return a recording; raises ValueError with a sentence when it cannot be sent."""
    content = path.read_bytes()
    kind = container(content[:HEAD_BYTES])
    if kind is None:
        raise ValueError(f"{path} is no recording that Mulakat reads")
    if len(content) > MAX_AUDIO_BYTES:
        raise ValueError(f"{path} has more than {MAX_AUDIO_BYTES // MIB} MiB")
    return Recording(path.name, content, kind)


def sequential(
    recordings: Sequence[Recording], language: str, count: int, concurrency: int
) -> Scenario:
    """Return `count` spoken answers, the recordings in turn."""
    made = [spoken(f"speech {r.name}", r.content, QUESTION, language) for r in recordings]
    asks = tuple(made[number % len(made)] for number in range(count))
    return Scenario("sequential", asks, concurrency)


def burst(recordings: Sequence[Recording], language: str) -> Scenario:
    """Return twenty spoken answers of 16 MiB, all sent at once."""
    made = [
        spoken(f"16 MiB {r.name}", filled(r, MAX_AUDIO_BYTES), QUESTION, language)
        for r in recordings
    ]
    asks = tuple(made[number % len(made)] for number in range(BURST))
    return Scenario("burst", asks, BURST)


def mixed(recordings: Sequence[Recording], language: str) -> Scenario:
    """Return fifty requests: of ten, four are spoken, one is typed and five are bad."""
    good = [spoken(f"speech {r.name}", r.content, QUESTION, language) for r in recordings]
    first = recordings[0]
    too_large = filled(first, MAX_AUDIO_BYTES) + bytes(65)  # filling may lack 64
    bad = [
        spoken("no audio", b"this is no recording\n" * 500, QUESTION, language, 415),
        spoken("empty", b"", QUESTION, language, 422),
        spoken("broken off", first.content[: HEAD_BYTES // 8], QUESTION, language, 415, 422),
        spoken("too large", too_large, QUESTION, language, 413),
        spoken("no question", first.content, "", language, 422),
    ]
    words = typed("typed", {"question": QUESTION, "user_answer": TYPED, "language": "en"})
    asks: list[Ask] = []
    for number in range(MIXED):
        place = number % 10
        if place % 2:
            asks.append(bad[place // 2])
        else:
            asks.append(words if place == 8 else good[number // 2 % len(good)])
    return Scenario("mixed", tuple(asks), MIXED_CONCURRENCY)


def filled(recording: Recording, size: int) -> bytes:
    """Return the recording with filling of its own container, `size` bytes long.

    The filling is heard by nobody, so that a large file costs what uploading it costs: a JUNK
    chunk in WAV (RIFF, 1991), a Void element in WebM (RFC 8794 §11.3.2), a free box in MP4
    (ISO/IEC 14496-12 §8.1.2). The other containers have none that may be so large; zeros
    follow there, which decoders skip or report as the end.
    """
    content = recording.content
    missing = size - len(content)
    if missing < 64:
        return content
    if recording.container == "wav":
        content = _whole_riff(content)
        missing = size - len(content)
        head = b"JUNK" + (missing - 8).to_bytes(4, "little")
        riff = (size - 8).to_bytes(4, "little")
        return b"".join((content[:4], riff, content[8:], head, bytes(missing - 8)))
    if recording.container == "webm":
        head = b"\xec\x01" + (missing - 9).to_bytes(7)
    elif recording.container == "mp4":
        head = missing.to_bytes(4) + b"free"
    else:
        head = b""
    return b"".join((content, head, bytes(missing - len(head))))


def _whole_riff(content: bytes) -> bytes:
    """Return a WAV whose chunks end at an even byte, as the next one must begin there."""
    return content + bytes(len(content) % 2)
