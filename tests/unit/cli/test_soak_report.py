"""What is seen, judged and drawn."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from mulakat.cli.soak_client import Ask, Told
from mulakat.cli.soak_growth import Growth, Slope
from mulakat.cli.soak_plot import MOST_POINTS, Span, svg
from mulakat.cli.soak_report import Report, Run, p, save, show
from mulakat.cli.soak_server import RemoteProbe, Sample, floors
from mulakat.settings import MIB

ASK = Ask("speech", b"", "x")


def sample(at: float, mib: float, files: int = 0) -> Sample:
    memory = {"web": 60 * MIB, "worker": round((mib - 60) * MIB)}
    return Sample(at, memory, round(mib * MIB), files)


def report(told: list[Told], *, mib: float = 0.0, files_left: int | None = 0) -> Report:
    slope = Slope(mib / 10, mib / 10, mib / 10)
    rounds = [
        Run(Span("sequential", 0, 10), tuple(told), Growth(10 * n, 10, slope)) for n in (1, 2, 3)
    ]
    samples = tuple(sample(float(at), 250 + at, at % 3) for at in range(11))
    return Report("http://127.0.0.1:8000", tuple(rounds), samples, files_left)


GOOD = Told(ASK, 200, "", 1.5, 2.0)


def test_a_good_run_has_no_faults() -> None:
    assert report([GOOD]).faults == []


def test_an_unexpected_answer_a_silent_refusal_a_file_and_growth_are_faults() -> None:
    lost = Told(ASK, 500, "internal")
    silent = Told(ASK, 200, unsaid=1)
    faults = report([lost, silent], mib=5.0, files_left=2).faults
    assert faults == [
        "3 × speech: 500 internal was not expected.",
        "3 refusals did not say when to come back (Retry-After).",
        "2 temporary files were left.",
        "Memory grows with the number of requests.",
    ]


def test_a_run_that_nobody_could_watch_does_not_pass() -> None:
    assert report([GOOD], files_left=None).faults == [
        "Temporary files and memory could not be seen."
    ]


def test_the_table_tells_each_scenario() -> None:
    console = Console(record=True, width=120, quiet=False, file=Path("/dev/null").open("w"))  # noqa: SIM115
    show(report([GOOD]), console)
    console.file.close()
    text = console.export_text()
    for part in ("sequential", "1 × 200", "1.50 s", "260 MiB", "Theil–Sen", "✓ passed"):
        assert part in text


def test_the_page_and_the_figures_are_saved(tmp_path: Path) -> None:
    page = save(report([GOOD]), tmp_path / "out")
    text = page.read_text()
    assert "<script" not in text
    assert "prefers-color-scheme: dark" in text
    drawing = ET.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])  # noqa: S314  # ours
    assert drawing.tag.endswith("svg")
    figures = json.loads((tmp_path / "out" / "soak.json").read_text())
    assert figures["passed"] is True
    assert figures["runs"][0]["statuses"] == {"200": 1}
    assert len(figures["samples"]) == 11


def test_names_in_the_page_are_text_not_markup(tmp_path: Path) -> None:
    evil = Told(Ask("<script>alert(1)</script>", b"", "x"), 500, "internal")
    assert "<script" not in save(report([evil]), tmp_path).read_text()


def test_a_long_series_is_thinned_but_keeps_its_peak() -> None:
    series = [sample(at / 10, 250 if at != 7777 else 490) for at in range(10_000)]
    drawn = ET.fromstring(svg(series, []))  # noqa: S314  # ours
    lines = [e.get("points", "") for e in drawn.iter() if e.tag.endswith("polyline")]
    assert all(len(line.split()) <= MOST_POINTS for line in lines)
    assert "490 MiB at most" in svg(series, [])
    tops = [min(float(point.split(",")[1]) for point in line.split()) for line in lines]
    assert len(tops) == 4


def test_no_samples_give_no_drawing() -> None:
    assert svg([], []) == ""


def test_the_floor_of_a_request_is_its_least_memory_and_peaks_do_not_count() -> None:
    seen = [sample(1, 200), sample(2, 330), sample(3, 201), sample(4, 340), sample(5, 203)]
    assert floors(seen, [2.5, 5.0]) == [200.0, 201.0]


def test_a_request_that_nobody_saw_has_no_floor() -> None:
    assert floors([sample(1, 200), sample(9, 210)], [1.5, 2.0, 9.5]) == [200.0, 210.0]


@pytest.mark.parametrize(("values", "expected"), [([2.0], 2.0), ([1.0, 3.0], 2.0)])
def test_percentiles_of_few_values(values: list[float], expected: float) -> None:
    assert p(values, 50) == expected


def test_a_memory_status_is_read_by_role() -> None:
    status = {
        "processes": [
            {"role": "web", "rss": 9, "uss": 5, "pss": 7},
            {"role": "worker", "rss": 20, "uss": 0, "pss": 0},
        ],
        "temporary_files": {"count": 3},
    }
    seen = RemoteProbe.read(status)
    assert (seen.memory, seen.private, seen.files) == ({"web": 7, "worker": 20}, 25, 3)


def test_a_status_without_its_files_is_no_sample() -> None:
    with pytest.raises(OSError, match="cannot read its spool"):
        RemoteProbe.read({"processes": [], "temporary_files": None})
