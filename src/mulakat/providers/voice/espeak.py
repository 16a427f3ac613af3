"""espeak-ng, embedded: robotic, Turkish and English, 20 ms a question, 4 MiB.

A C library under the GPL, in a wheel that is optional and loaded only where it was chosen, in a
process that ends afterwards (docs/decisions/0007).
"""

import ctypes
import re
from importlib.util import find_spec
from pathlib import Path

from mulakat.providers import voice
from mulakat.providers.voice import UnknownVoice
from mulakat.providers.voice.wave import HEADER, MOST_BYTES, Writing

VOICES = {"tr": "tr", "en": "en-us"}

_NAME = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,12}){0,3}(\+[a-z0-9]{1,8})?")
"""A voice of espeak-ng's with a variant (tr, en-gb-scotland, tr+f3); nothing that is a path."""

# speak_lib.h of espeak-ng 1.52.
_SYNCHRONOUS = 2
_UTF8 = 1
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_char), ctypes.c_int, ctypes.c_void_p
)


class NoEspeak(Exception):
    """The wheel is missing, or its library cannot be loaded."""


def speak(text: str, language: str, wished: str | None, writing: Writing) -> None:
    """Write what is said as a WAV file; what is far too long is cut.

    Once a process: the library keeps what it has loaded. Raises NoEspeak, UnknownVoice for a
    voice that does not exist or is another language's, and NoSound.
    """
    spec = find_spec(voice.MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise NoEspeak("not_installed")
    # The files are found without running the wheel's own code.
    folder = Path(spec.submodule_search_locations[0])
    try:
        library = ctypes.CDLL(str(folder / "libespeak-ng.so"))
    except OSError:
        raise NoEspeak("not_loaded") from None
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, str(folder / "espeak-ng-data").encode(), 0)
    if rate <= 0:
        raise NoEspeak("no_data")
    name = wished or VOICES.get(language, language)
    fits = _NAME.fullmatch(name) and name[:2] == language
    if not fits or library.espeak_SetVoiceByName(name.encode()) != 0:
        raise UnknownVoice
    writing.again(HEADER)

    def take(samples: "ctypes._Pointer[ctypes.c_char]", count: int, _events: int) -> int:
        if samples and count > 0:
            room = HEADER + MOST_BYTES - writing.size
            writing.add(ctypes.string_at(samples, min(2 * count, room)))
        return int(writing.size >= HEADER + MOST_BYTES)  # 1 stops the synthesis

    callback = _CALLBACK(take)  # held here: the library keeps no reference
    library.espeak_SetSynthCallback(callback)
    said = text.replace("\0", " ").encode() + b"\0"
    library.espeak_Synth(said, len(said), 0, 0, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    writing.begin(rate)
