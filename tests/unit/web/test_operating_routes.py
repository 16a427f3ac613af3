"""docs/operating.md says of every route who may call it, and names no other."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mulakat.settings import Settings
from mulakat.web.app import create_app

PAGE = Path(__file__).parents[3] / "docs" / "operating.md"
ROUTE = re.compile(r"(GET|POST|PATCH|DELETE) (/[^\s,|]*)")


def served(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if included := getattr(route, "original_router", None):
            yield from served(included.routes)
        else:
            yield from ((method, route.path) for method in route.methods if method != "HEAD")


def test_every_route_stands_in_the_table_of_who_may_call_it() -> None:
    app = create_app(Settings(), None, lambda: None)  # type: ignore[arg-type]  # never started
    _, _, rest = PAGE.read_text().partition("## Who may call what")
    table, _, _ = rest.partition("\n## ")
    assert set(ROUTE.findall(table)) == set(served(app.routes))
