"""Which speech model this machine uses: decided once, at the start of a command."""

from dataclasses import replace

from mulakat.memory import gauge, ladder
from mulakat.providers import model_files
from mulakat.settings import Settings


def resolved(settings: Settings) -> Settings:
    """Return the settings with the folder of the model in them, for this and child processes."""
    limit = gauge.limit(settings.memory.memory_limit).bytes
    folder = model_files.chosen(settings.speech, limit)
    return replace(settings, speech=replace(settings.speech, model_dir=folder))


def footing(settings: Settings) -> ladder.Footing:
    """Return where this installation stands on the ladder."""
    limit = gauge.limit(settings.memory.memory_limit).bytes
    engine = settings.speech.speech_engine
    elsewhere = None if engine == "whisper" else engine
    return ladder.stand(limit, model_files.chosen(settings.speech, limit), elsewhere)


def remedy(settings: Settings) -> str:
    """Return the command that installs the model that the settings name."""
    named = settings.speech.speech_engine == "whisper" and settings.speech.speech_model
    return f"mulakat model install {named or ''}".strip()
