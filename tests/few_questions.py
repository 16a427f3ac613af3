"""A small question bank of two fields, for tests that need to know what is asked."""

from pathlib import Path

from mulakat.interview.bank import CATEGORIES, LEVELS, Bank

FIELDS = {"general": "General", "software": "Software engineering"}

QUESTION = """
[[question]]
id = "{field}-number-{number}"
category = "{category}"
level = "{level}"
text = "{text}"
key_points = ["Says what the situation was", "Says what they did", "Says how it ended"]
example = "{example}"
[[question.follow_up]]
when = "no_result"
text = "And how did it end, in {field} {number}?"
[[question.follow_up]]
when = "point_missing"
point = 2
text = "And what did you do yourself, in {field} {number}?"
"""

EXAMPLE = "Last year I had two weeks for three tasks. " * 6


def write(folder: Path, repeats: int = 1) -> Path:
    """Write every category at two levels (`repeats` times) for both fields, in English."""
    for field, name in FIELDS.items():
        number, text = 0, f'[field]\nname = "{name}"\n'
        for turn in range(repeats):
            for at, category in enumerate(CATEGORIES):
                for level in (LEVELS[(at + turn) % 4], LEVELS[(at + turn + 2) % 4]):
                    number += 1
                    text += QUESTION.format(
                        field=field, number=number, category=category, level=level,
                        example=EXAMPLE.strip(),
                        text=f"What about {category.replace('_', ' ')} in {field}, {number}?",
                    )  # fmt: skip
        (folder / "en").mkdir(parents=True, exist_ok=True)
        (folder / "en" / f"{field}.toml").write_text(text)
    return folder


def bank(folder: Path, repeats: int = 1) -> Bank:
    """Return such a bank."""
    return Bank(write(folder, repeats))
