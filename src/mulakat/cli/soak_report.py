"""What a soak run found: judged, as a table, as JSON and as one HTML page."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from mulakat.cli.soak_client import Told
from mulakat.cli.soak_growth import NOISE_MIB, Growth, Verdict, verdict
from mulakat.cli.soak_plot import STYLE, Span, svg
from mulakat.cli.soak_server import Sample
from mulakat.settings import MIB


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario, driven once."""

    span: Span
    told: tuple[Told, ...]
    growth: Growth | None
    """How memory grew; None where the scenario is no series of like requests."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was done and seen; `files_left` is None where nobody could look."""

    server: str
    runs: tuple[Run, ...]
    samples: tuple[Sample, ...]
    files_left: int | None

    @property
    def verdict(self) -> Verdict | None:
        """Return what the rounds of the sequential scenario say, if there were any."""
        rounds = [run.growth for run in self.runs if run.growth]
        return verdict(rounds) if rounds else None

    @property
    def faults(self) -> list[str]:
        """Return what is wrong, a sentence each; nothing means the run passed."""
        found: list[str] = []
        wrong = Counter(
            f"{told.ask.name}: {told.status or 'no answer'} {told.code}".strip()
            for run in self.runs
            for told in run.told
            if told.status not in told.ask.expected
        )
        found += [f"{count} × {what} was not expected." for what, count in wrong.items()]
        unsaid = sum(told.unsaid for run in self.runs for told in run.told)
        if unsaid:
            found.append(f"{unsaid} refusals did not say when to come back (Retry-After).")
        if self.files_left:
            found.append(f"{self.files_left} temporary files were left.")
        if self.files_left is None:
            found.append("Temporary files and memory could not be seen.")
        if self.verdict in {"grows", "again"}:
            found.append("Memory grows with the number of requests.")
        return found


def p(seconds: Sequence[float], percent: int) -> float:
    """Return a percentile; with one value, that one; with none, NaN."""
    if len(seconds) < 2:
        return seconds[0] if seconds else math.nan
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]


def document(report: Report) -> dict[str, object]:
    """Return the report as it is saved: memory in MiB, times in seconds."""
    first = report.samples[0].at if report.samples else 0.0
    return {
        "server": report.server,
        "passed": not report.faults,
        "faults": report.faults,
        "verdict": report.verdict,
        "files_left": report.files_left,
        "runs": [
            {
                "scenario": run.span.name,
                "seconds": round(run.span.ended - run.span.began, 1),
                "requests": len(run.told),
                "statuses": dict(Counter(str(told.status) for told in run.told)),
                "p50": _rounded(p(_accepted(run), 50)),
                "p95": _rounded(p(_accepted(run), 95)),
                "refusals": dict(Counter(code for told in run.told for code in told.refusals)),
                "peak_mib": _rounded(_peak(report, run)),
                "growth_mib": _rounded(run.growth.mib) if run.growth else None,
                "slope_kib": [_rounded(value) for value in _slope(run.growth)]
                if run.growth
                else None,
            }
            for run in report.runs
        ],
        "samples": [
            {
                "seconds": round(sample.at - first, 2),
                "files": sample.files,
                **{f"{role}_mib": _rounded(size / MIB) for role, size in sample.memory.items()},
            }
            for sample in report.samples
        ],
    }


def show(report: Report, console: Console) -> None:
    """Print the table, the growth and the verdict."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for number, name in enumerate(_HEADER):
        table.add_column(name, justify="left" if number in {0, 2} else "right", no_wrap=number != 2)
    for row in _rows(report):
        table.add_row(*row)
    console.print(table)
    for line in _sentences(report):
        console.print(line, markup=False)
    for fault in report.faults:
        console.print(f"✗ {fault}", style="red", markup=False)
    if not report.faults:
        console.print("✓ passed", style="green")


def save(report: Report, folder: Path) -> Path:
    """Write soak.json and soak.html into the folder; return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document(report), ensure_ascii=False, indent=1)
    (folder / "soak.json").write_text(text, encoding="utf-8")
    page = folder / "soak.html"
    page.write_text(_page(report), encoding="utf-8")
    return page


_HEADER = ("scenario", "requests", "answers", "p50", "p95", "refused", "peak", "growth")


def _rows(report: Report) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for run in report.runs:
        statuses = Counter(told.status for told in run.told)
        seconds = _accepted(run)
        rows.append(
            (
                run.span.name,
                str(len(run.told)),
                ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items())),
                _shown(p(seconds, 50), "s", 2),
                _shown(p(seconds, 95), "s", 2),
                str(sum(len(told.refusals) for told in run.told)),
                _shown(_peak(report, run), "MiB", 0),
                _shown(run.growth.mib, "MiB", 2, sign=True) if run.growth else "–",
            )
        )
    return rows


def _sentences(report: Report) -> list[str]:
    lines = []
    for run in report.runs:
        if run.growth:
            value, low, high = _slope(run.growth)
            lines.append(
                f"{run.span.name}: private memory {value:+.1f} KiB a request after the warm-up, "
                f"95 % interval {low:+.1f} to {high:+.1f} (Theil–Sen over {run.growth.points} "
                "requests); "
                f"growth of {NOISE_MIB:g} MiB or less is noise."
            )
    if report.files_left is not None:
        lines.append(f"Temporary files left: {report.files_left}.")
    return lines


def _page(report: Report) -> str:
    head = "".join(f"<th>{name}</th>" for name in _HEADER)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in _rows(report)
    )
    said = "".join(f"<p>{escape(line)}</p>" for line in _sentences(report))
    faults = "".join(f"<li>{escape(fault)}</li>" for fault in report.faults)
    outcome = f"<ul>{faults}</ul>" if faults else "<p>Everything was as it ought to be.</p>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Mulakat soak</title><style>{STYLE}</style></head><body>\n"
        f"<h1>Soak of {escape(report.server)}: {'failed' if faults else 'passed'}</h1>{outcome}\n"
        f"{svg(report.samples, [run.span for run in report.runs])}\n"
        f"<h2>Scenarios</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>\n"
        f"<h2>Growth</h2>{said}</body></html>\n"
    )


def _accepted(run: Run) -> list[float]:
    return [told.seconds for told in run.told if told.status == 200]


def _peak(report: Report, run: Run) -> float:
    inside = [s.total for s in report.samples if run.span.began <= s.at <= run.span.ended]
    return max(inside) / MIB if inside else math.nan


def _slope(growth: Growth) -> tuple[float, float, float]:
    """Return slope and interval in KiB a request."""
    return growth.slope.value * 1024, growth.slope.low * 1024, growth.slope.high * 1024


def _shown(value: float, unit: str, digits: int, *, sign: bool = False) -> str:
    return f"{value:{'+' if sign else ''}.{digits}f} {unit}" if math.isfinite(value) else "–"


def _rounded(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
