"""Which audio container bytes are, by what they hold and never by a name.

Only what is recognised here ever meets a decoder, which is then held to that one format; so
playlists and session descriptions (HLS, ffconcat, SDP), which make a decoder open network
connections, do not get in whatever they are called.
"""

import re

HEAD_BYTES = 4096
"""How much of the beginning is looked at; the longest MP3 frame has 1,728 bytes, and two are
needed to tell sound from chance."""

CONTAINERS = ("webm", "ogg", "wav", "mp3", "mp4", "flac", "aac")
"""All that `container` can return; the decoder has a demuxer for each."""

_EBML = b"\x1a\x45\xdf\xa3"
_DOCTYPE = b"\x42\x82"
_FTYP = re.compile(
    rb"isom|iso[2-9]|mp4[12]|M4[ABPV] |f4[abv] |qt  |3g[p2].|3ge.|dash|msdh|MSNV|avc1", re.DOTALL
)

# ISO/IEC 11172-3 §2.4.2.3 and 13818-3: kbit/s by (MPEG-1?, layer), hertz by version.
_KBITS = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HERTZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def container(head: bytes) -> str | None:
    """Return which of CONTAINERS begins with `head` (HEAD_BYTES, or a whole short file).

    None for anything else: text, playlists, images, archives, video without a known brand.
    """
    if head.startswith(_EBML):
        return "webm" if _doctype(head) in {b"webm", b"matroska"} else None
    if head.startswith(b"OggS\x00"):
        return "ogg"
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"fLaC\x00"):  # STREAMINFO is always the first block (RFC 9639 §8.2)
        return "flac"
    if head[4:8] == b"ftyp":
        return "mp4" if _has_media_brand(head) else None
    if head.startswith(b"ID3"):
        return _after_id3(head)
    return _frames(head)


def _doctype(head: bytes) -> bytes | None:
    """Return the DocType of an EBML header (RFC 8794 §11.2.4)."""
    size, at = _vint(head, 4)
    if size is None:
        return None
    end = min(len(head), at + size)
    while at + 2 < end:
        name = head[at : at + 2]
        length, value = _vint(head, at + 2)
        if length is None:
            return None
        if name == _DOCTYPE:
            return head[value : value + min(length, 16)].rstrip(b"\0")
        at = value + length
    return None


def _vint(head: bytes, at: int) -> tuple[int | None, int]:
    """Return an EBML variable-size integer and where it ends (RFC 8794 §4)."""
    if at >= len(head) or head[at] == 0:
        return None, at
    octets = 9 - head[at].bit_length()
    value = int.from_bytes(head[at : at + octets]) & (1 << 7 * octets) - 1
    return value, at + octets


def _has_media_brand(head: bytes) -> bool:
    """Say whether an ISO base media file is sound or film; HEIC and AVIF images are not."""
    size = int.from_bytes(head[:4])
    major = head[8:12]
    if size < 16 or major in {b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"}:
        return False
    brands = [major, *(head[at : at + 4] for at in range(16, min(size, len(head)), 4))]
    return any(_FTYP.fullmatch(brand) for brand in brands)


def _after_id3(head: bytes) -> str | None:
    """Return what an ID3v2 tag precedes; MP3 where the tag (a cover picture) hides it."""
    if len(head) < 10 or head[3] not in {2, 3, 4} or max(head[6:10]) > 0x7F:
        return None
    size = 0
    for octet in head[6:10]:  # synchsafe: seven bits of each (id3v2.4 §6.2)
        size = size << 7 | octet
    after = head[10 + size :].lstrip(b"\0")
    if not after:
        return "mp3" if len(head) >= HEAD_BYTES else None
    return _frames(after) or ("mp3" if len(after) < 8 else None)


def _frames(head: bytes) -> str | None:
    """Return "mp3" or "aac" for two consistent frame headers, one where the first ends.

    One is not enough: text in UTF-16 begins with FF FE, which is a frame's sync as well.
    """
    for name, length_of in (("mp3", _mpeg_length), ("aac", _adts_length)):
        length = length_of(head)
        if length and _mask(head) == _mask(head[length:]) and length_of(head[length:]):
            return name
    return None


def _mask(frame: bytes) -> tuple[int, int] | None:
    """Return the bits that all frames of a stream share: version, layer, sample rate."""
    if len(frame) < 4:
        return None
    adts = frame[1] & 0x06 == 0
    return frame[1] & 0xFE, frame[2] & (0xFC if adts else 0x0C)


def _mpeg_length(frame: bytes) -> int | None:
    """Return the bytes of an MPEG audio frame (ISO/IEC 11172-3 §2.4.3.1)."""
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return None
    version, layer = frame[1] >> 3 & 3, 4 - (frame[1] >> 1 & 3)
    bitrate, rate, padding = frame[2] >> 4, frame[2] >> 2 & 3, frame[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in {0, 15} or rate == 3:
        return None
    bits = _KBITS[version == 3, layer][bitrate - 1] * 1000
    hertz = _HERTZ[version][rate]
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // hertz + padding


def _adts_length(frame: bytes) -> int | None:
    """Return the bytes of an ADTS frame (ISO/IEC 13818-7 §6.2)."""
    if len(frame) < 6 or frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0 or frame[2] >> 2 & 15 > 12:
        return None
    length = (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5
    return length if length > 7 else None
