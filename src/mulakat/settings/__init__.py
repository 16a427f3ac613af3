"""Every setting: its name, default and meaning, in frozen sections.

Only `mulakat.cli` reads the environment (`load(os.environ)`); everything else is handed
the section it needs. docs/settings.md is printed from here (`mulakat settings`), and a test
fails when the two differ.
"""

from mulakat.settings.file import NAME as CONFIG
from mulakat.settings.file import merged
from mulakat.settings.kinds import (
    GIB,
    KIB,
    MAX_AUDIO_BYTES,
    MAX_AUDIO_SECONDS,
    MAX_BODY_OVERHEAD,
    MAX_DOCUMENT_BYTES,
    MAX_QUESTION_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MIB,
    Bytes,
    SettingError,
    names_loopback,
    networks,
    parse_bytes,
    show_bytes,
)
from mulakat.settings.loading import PREFIX, environment, load, table
from mulakat.settings.providers import WHISPER_MODELS, Language, Speech, Voice
from mulakat.settings.sections import (
    SECTIONS,
    Accounts,
    Admin,
    Intake,
    Interviews,
    Memory,
    Queue,
    Sessions,
    Settings,
    Store,
    Web,
)

__all__ = [
    "CONFIG", "GIB", "KIB", "MAX_AUDIO_BYTES", "MAX_AUDIO_SECONDS", "MAX_BODY_OVERHEAD",
    "MAX_DOCUMENT_BYTES", "MAX_QUESTION_CHARACTERS", "MAX_TEXT_CHARACTERS", "MIB", "PREFIX",
    "SECTIONS", "WHISPER_MODELS", "Accounts", "Admin", "Bytes", "Intake", "Interviews", "Language",
    "Memory", "Queue", "Sessions", "SettingError", "Settings", "Speech", "Store", "Voice", "Web",
    "environment", "load", "merged", "names_loopback", "networks", "parse_bytes", "show_bytes",
    "table",
]  # fmt: skip
