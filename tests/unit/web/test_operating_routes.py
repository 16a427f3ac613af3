"""docs/operating.md says of every route who may call it, as the code does, and names no other."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mulakat.settings import Settings
from mulakat.web.access import RULES
from mulakat.web.app import create_app

PAGE = Path(__file__).parents[3] / "docs" / "operating.md"
ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/[^\s,|]*)")

WORDS = {
    "everybody": "open",
    "the account or the guest's browser": "open",
    "guests": "guest",
    "an account, by its login": "session",
    "an account": "account",
    "the account whose": "account",
    "metrics or admin token": "metrics",
    "admin": "admin",
}
"""How what stands beside a route begins, and the rule that it says; the first that fits."""


def served(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if included := getattr(route, "original_router", None):
            yield from served(included.routes)
        else:
            yield from ((method, route.path) for method in route.methods if method != "HEAD")


def rows() -> Iterator[tuple[tuple[str, str], str]]:
    """Yield each route of the page's table, and what is said of it."""
    _, _, rest = PAGE.read_text().partition("## Who may call what")
    table, _, _ = rest.partition("\n\n")
    for line in table.splitlines():
        _, routes, said, _ = line.split("|") if line.startswith("|") else ("", "", "", "")
        yield from ((route, said.strip()) for route in ROUTE.findall(routes))


def test_every_route_stands_in_the_table_of_who_may_call_it() -> None:
    app = create_app(Settings(), None, lambda: None)  # type: ignore[arg-type]  # never started
    named = [route for route, _ in rows()]
    assert sorted(named) == sorted(set(served(app.routes)))


def test_the_table_says_of_each_route_what_its_rule_is() -> None:
    for route, said in rows():
        if route != ("GET", "/openapi.json"):  # answered by the framework, before any rule
            words = next((begin for begin in WORDS if said.startswith(begin)), None)
            assert words, f"{route}: {said}"
            assert RULES[route] == WORDS[words], f"{route}: {said}"
