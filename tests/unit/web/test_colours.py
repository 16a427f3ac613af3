"""Contrast of the themes, by WCAG 2.2's formula, as the design asks for."""

import re

import pytest

from mulakat.web.static_files import FOLDER

CSS = (FOLDER / "styles" / "base.css").read_text()
LIGHT, DARK, CHOSEN = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r"\{([^{}]*--paper: [^{}]*)\}", CSS)
)


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("ink", "paper", 7),
        ("ink", "raised", 7),
        ("ink", "amber-paper", 7),
        ("soft", "paper", 7),
        ("accent", "paper", 4.5),
        ("accent-ink", "accent", 4.5),
        ("amber", "paper", 4.5),
        ("red", "paper", 4.5),
        ("edge", "paper", 3),
        ("edge", "raised", 3),
        ("amber-line", "paper", 3),
        ("accent", "line", 3),
        ("situation", "paper", 4.5),
        ("task", "paper", 4.5),
        ("action", "paper", 4.5),
        ("result", "paper", 4.5),
    ],
)
def test_contrast_is_enough(theme: dict[str, str], ink: str, paper: str, least: float) -> None:
    assert contrast(theme[ink], theme[paper]) >= least


def test_both_themes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()


def test_the_dark_theme_is_the_same_whether_the_device_or_the_reader_chose_it() -> None:
    assert DARK == CHOSEN
