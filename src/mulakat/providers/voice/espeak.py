"""espeak-ng, embedded: robotic, Turkish and English, 20 ms a question, 4 MiB.

A C library under the GPL, in a wheel that is optional and loaded only where it was chosen, in a
process that ends afterwards (docs/decisions/0007).
"""

import ctypes
import re
from importlib.util import find_spec
from pathlib import Path

from mulakat.providers.voice.wave import MOST_BYTES, Spoken

WHEEL = "espeakng_loader"

VOICES = {"tr": "tr", "en": "en-us"}

_NAME = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,12}){0,3}(\+[a-z0-9]{1,8})?")
"""A voice of espeak-ng's with a variant (tr, en-gb-scotland, tr+f3); nothing that is a path."""

# speak_lib.h of espeak-ng 1.52.
_SYNCHRONOUS = 2
_UTF8 = 1
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_char), ctypes.c_int, ctypes.c_void_p
)


class NoEspeak(RuntimeError):
    """The wheel is missing, or its library cannot be loaded."""


def speak(text: str, language: str, voice: str | None = None) -> Spoken:
    """Return what is said. A voice of another language, or an unknown one, is the usual one.

    Once a process: the library keeps what it has loaded. Raises NoEspeak.
    """
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise NoEspeak("not installed")
    # The files are found without running the wheel's own code.
    folder = Path(spec.submodule_search_locations[0])
    try:
        library = ctypes.CDLL(str(folder / "libespeak-ng.so"))
    except OSError:
        raise NoEspeak("the library cannot be loaded") from None
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, str(folder / "espeak-ng-data").encode(), 0)
    if rate <= 0:
        raise NoEspeak("the voices' data cannot be read")
    pieces: list[bytes] = []
    size = 0

    def take(samples: "ctypes._Pointer[ctypes.c_char]", count: int, _events: int) -> int:
        nonlocal size
        if samples and count > 0:
            size += 2 * count
            pieces.append(ctypes.string_at(samples, 2 * count))
        return int(size > MOST_BYTES)  # 1 stops the synthesis

    callback = _CALLBACK(take)  # held here: the library keeps no reference
    library.espeak_SetSynthCallback(callback)
    usual = VOICES.get(language, language)
    wished = voice if voice and _NAME.fullmatch(voice) and voice[:2] == language else usual
    if library.espeak_SetVoiceByName(wished.encode()) != 0:
        library.espeak_SetVoiceByName(usual.encode())
    said = text.replace("\0", " ").encode() + b"\0"
    library.espeak_Synth(said, len(said), 0, 0, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    return Spoken(rate, b"".join(pieces)[:MOST_BYTES])
