"""The interviewer's voice: a question's text to sound in a file, in a process of its own."""

MODULE = "espeakng_loader"
"""The optional wheel with espeak-ng; found by find_spec, opened by its path."""


class UnknownVoice(Exception):
    """The engine has no voice of this name for this language."""
