"""docs/operating.md describes every metric, as `mulakat metrics` prints them."""

from pathlib import Path

from mulakat.observe.metrics import Metrics

PAGE = Path(__file__).parents[3] / "docs" / "operating.md"
BEGIN, END = "<!-- printed by `mulakat metrics` -->\n", "<!-- end of what it printed -->"


def test_every_metric_is_described_in_the_operators_page() -> None:
    _, _, rest = PAGE.read_text().partition(BEGIN)
    printed, end, _ = rest.partition(END)
    assert end
    assert printed == Metrics().table(), "put there what `.venv/bin/mulakat metrics` prints"
