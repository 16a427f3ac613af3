"""Two drawings over one time line: memory per process, and temporary files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mulakat.cli.soak_server import Sample
from mulakat.settings import MIB

WIDTH = 960
LEFT, RIGHT = 64, 112
MEMORY_TOP, MEMORY_HEIGHT = 48, 280
FILES_TOP, FILES_HEIGHT = 384, 88
HEIGHT = FILES_TOP + FILES_HEIGHT + 48

MOST_POINTS = 1200
"""More than the drawing has pixels; of longer series each stretch keeps its least and most."""

# Each line has a stroke of its own besides its colour, as colour alone tells not everyone.
LINES = {"total": "", "worker": "6 3", "web": "2 3"}

STYLE = """
:root { --paper: #fbf9f5; --ink: #1d1b18; --soft: #6b655c; --rule: #ddd7cc;
        --total: #1d1b18; --worker: #0f6b62; --web: #9a5b00; --files: #0f6b62; --band: #f1ece2; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #191715; --ink: #ece6dc; --soft: #a59d90; --rule: #3a3530;
          --total: #ece6dc; --worker: #5cc4b6; --web: #e0a458; --files: #5cc4b6; --band: #221f1c; }
}
body { background: var(--paper); color: var(--ink); font: 17px/1.5 system-ui, sans-serif;
       max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--rule);
         vertical-align: top; }
th { color: var(--soft); font-weight: 500; }
svg { width: 100%; height: auto; } p { max-width: 66ch; }
"""

_DRAWN = """
text { fill: var(--soft); font: 13px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.title { fill: var(--ink); } .rule { stroke: var(--rule); } .band { fill: var(--band); }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.total { stroke: var(--total); } .worker { stroke: var(--worker); } .web { stroke: var(--web); }
.files { stroke: var(--files); }
"""


@dataclass(frozen=True, slots=True)
class Span:
    """A scenario's part of the time line, in the samples' seconds."""

    name: str
    began: float
    ended: float


def svg(samples: Sequence[Sample], spans: Sequence[Span]) -> str:
    """Return the drawing as an SVG element; samples and spans are in the order of time."""
    if not samples:
        return ""
    first, last = samples[0].at, max(samples[-1].at, samples[0].at + 1.0)
    most_mib = max(sample.total for sample in samples) / MIB
    most_files = max(2, *(sample.files for sample in samples))
    memory = _Panel(first, last, _nice(most_mib * 1.05), MEMORY_TOP, MEMORY_HEIGHT)
    files = _Panel(first, last, _nice(most_files), FILES_TOP, FILES_HEIGHT)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>Memory rises to {most_mib:.0f} MiB at most; at most "
        f"{max(sample.files for sample in samples)} temporary files, "
        f"{samples[-1].files} at the end.</title>",
        f"<style>{_DRAWN}</style>",
    ]
    for number, span in enumerate(spans):
        left, right = memory.x(span.began), memory.x(span.ended)
        if number % 2 == 0:
            parts.append(
                f'<rect class="band" x="{left:.1f}" y="{MEMORY_TOP}" width="{right - left:.1f}" '
                f'height="{FILES_TOP + FILES_HEIGHT - MEMORY_TOP}"/>'
            )
        parts.append(f'<text x="{left + 4:.1f}" y="{MEMORY_TOP + 16}">{escape(span.name)}</text>')
    parts += memory.axes("memory, MiB (PSS)") + files.axes("temporary files")
    roles = sorted({role for sample in samples for role in sample.memory})
    taken: list[float] = []
    for name in [*roles, "total"]:
        points = [
            (s.at, (s.total if name == "total" else s.memory.get(name, 0)) / MIB) for s in samples
        ]
        parts.append(memory.line(points, name))
        parts.append(memory.label(points[-1][1], name, taken))
    parts.append(files.line([(s.at, float(s.files)) for s in samples], "files"))
    parts += _seconds(memory, first, last)
    return "\n".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class _Panel:
    first: float
    last: float
    most: float
    top: int
    height: int

    def x(self, at: float) -> float:
        share = (at - self.first) / (self.last - self.first)
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - value / self.most)

    def axes(self, title: str) -> list[str]:
        parts = [f'<text class="title" x="{LEFT}" y="{self.top - 12}">{title}</text>']
        steps = 4 if self.height > 100 else 2
        for step in range(steps + 1):
            value = self.most * step / steps
            y = self.y(value)
            parts.append(
                f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
            )
        return parts

    def line(self, points: Sequence[tuple[float, float]], name: str) -> str:
        drawn = " ".join(f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in _thinned(points))
        dashes = LINES.get(name, "")
        return (
            f'<polyline class="line {escape(name)}" stroke-dasharray="{dashes}" points="{drawn}"/>'
        )

    def label(self, value: float, name: str, taken: list[float]) -> str:
        """Return the line's name at its end, moved up where another stands already."""
        y = self.y(value) + 4
        while any(abs(y - other) < 15 for other in taken):
            y -= 4
        taken.append(y)
        said = f"{escape(name)} {value:.0f}"
        return f'<text class="title" x="{WIDTH - RIGHT + 8}" y="{y:.1f}">{said}</text>'


def _seconds(panel: _Panel, first: float, last: float) -> list[str]:
    y = FILES_TOP + FILES_HEIGHT + 20
    return [
        f'<text x="{panel.x(first + (last - first) * step / 6):.1f}" y="{y}" '
        f'text-anchor="middle">{(last - first) * step / 6:.0f} s</text>'
        for step in range(7)
    ]


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= MOST_POINTS:
        return list(points)
    size = math.ceil(2 * len(points) / MOST_POINTS)
    out: list[tuple[float, float]] = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        ends = {min(stretch, key=lambda p: p[1]), max(stretch, key=lambda p: p[1])}
        out += sorted(ends)
    return out


def _nice(most: float) -> float:
    """Return the next of 4, 8, 12, 20, 40 … above, so that a quarter of it is a round number."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(power * step for step in (1.2, 2, 4, 6, 8, 12) if power * step >= most)
