"""Spoken answers with the parts of their story labelled by line: tests/fixtures/stories.toml."""

import functools
from pathlib import Path

from mulakat.providers.rubric.agreement import Labelled, labelled


@functools.cache
def stories() -> tuple[Labelled, ...]:
    """Return all labelled answers."""
    path = Path(__file__).parent / "fixtures" / "stories.toml"
    return labelled(path)
