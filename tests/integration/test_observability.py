"""deploy/observability, held against real tools and a real server."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml

from mulakat import errors
from mulakat.observe.metrics import OUTCOMES, Metrics
from mulakat.settings import PREFIX, SECTIONS
from scraping import Prometheus, free_port, scraping, tool
from serving import Server, serving

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
ALERTS = [rule for group in RULES for rule in group["rules"] if "alert" in rule]
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TYPED = "I met both of them, wrote down what they needed, and we shipped three weeks earlier."

needs_promtool = pytest.mark.skipif(
    not (tool("promtool") and tool("prometheus")),
    reason="no Prometheus here: tools/ensure-prometheus .venv",
)


def promtool(*arguments: str) -> str:
    done = subprocess.run(
        [tool("promtool") or "", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def queries() -> Iterator[tuple[str, str]]:
    """Each panel's title with each of its queries, variables filled in as Grafana does."""
    for panel in PANELS:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "10s")
            yield panel["title"], expression.replace("$instance", ".+")


def metrics_of(expression: str) -> set[str]:
    return set(re.findall(r"\bmulakat_[a-z_]+", expression))


# --- as files


@needs_promtool
def test_the_configuration_and_the_rules_are_what_prometheus_takes() -> None:
    promtool("check", "config", str(FOLDER / "prometheus.yml"))
    promtool("check", "rules", str(FOLDER / "alerts.yml"))


@needs_promtool
def test_each_alert_fires_when_it_should_and_only_then() -> None:
    promtool("test", "rules", str(FOLDER / "alerts_test.yml"))


def test_no_alert_is_without_a_case_where_it_fires_and_one_where_it_does_not() -> None:
    cases = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    for alert in ALERTS:
        (case,) = [case for case in cases if case["name"].startswith(alert["alert"] + " ")]
        servers = set(re.findall(r'instance="([^"]+)"', str(case["input_series"])))
        fired = [
            [one["labels"] for one in asked["exp_samples"] if alert["alert"] in one["labels"]]
            for asked in case["promql_expr_test"]
        ]
        assert any(fired), alert["alert"]
        spared = [name for name in servers if not any(name in str(labels) for labels in fired)]
        assert [] in fired or spared, alert["alert"]


def test_each_alert_says_what_happened_and_what_to_do() -> None:
    for alert in ALERTS:
        assert alert["labels"]["severity"] in {"warning", "critical"}
        assert "$labels.instance" in alert["annotations"]["summary"]
        assert len(alert["annotations"]["description"].split()) > 20


def test_what_an_alert_quotes_is_there() -> None:
    root = Path(__file__).parents[2] / "src" / "mulakat"
    words = [file.read_text() for file in root.rglob("*.py")]
    words.append((root / "languages" / "en" / "messages.po").read_text())
    words += [f'"{panel["title"]}"' for panel in PANELS]
    words += [f'"answer {outcome}"' for outcome in OUTCOMES]
    for alert in ALERTS:
        for quoted in re.findall(r'"[^"]+"', alert["annotations"]["description"]):
            assert any(quoted in text for text in words), quoted


def test_the_failures_that_raise_an_alert_are_those_of_ours() -> None:
    (rule,) = [one for one in ALERTS if one["alert"] == "MulakatAnswersFail"]
    found = re.search(r'code=~"([^"]+)"', rule["expr"])
    assert found
    ours = set(found[1].split("|"))
    assert ours == {one.code for one in errors.AnswerFailed.__subclasses__()}
    # Served from the start: an increase needs the value before the first.
    assert all(f'code="{code}"' in Metrics().render()[0].decode() for code in ours)


def test_every_setting_named_there_exists() -> None:
    known = {PREFIX + one.name.upper() for section in SECTIONS.values() for one in fields(section)}
    for file in FOLDER.iterdir():
        named = set(re.findall(r"MULAKAT_[A-Z_]+", file.read_text()))
        assert named <= known, file.name


def test_the_dashboard_is_one_that_grafana_10_opens() -> None:
    assert DASHBOARD["schemaVersion"] >= 38
    source, _ = DASHBOARD["templating"]["list"]
    assert (source["type"], source["name"]) == ("datasource", "datasource")
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in PANELS:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["title"]
        assert panel["description"].endswith(".")
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters))


def test_no_panel_lies_over_another() -> None:
    boxes = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(box["x"] + box["w"] <= 24 for box in boxes)
    for one, other in combinations(boxes, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


# --- against a running server


class Watched(NamedTuple):
    server: Server
    prometheus: Prometheus
    page: str


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server that has answered a few requests and one typed evaluation, and its Prometheus."""
    folder, port = tmp_path_factory.mktemp("watched"), free_port()
    with (
        serving(folder / "data", metrics_port=str(port), log_level="info") as server,
        scraping(FOLDER / "prometheus.yml", port, folder) as prometheus,
        server.client(headers={"accept-language": "en"}) as client,
    ):
        prometheus.until('mulakat_jobs_total{outcome="done"} == 0')
        for path in ("/", "/health/live", "/health/ready", "/nowhere"):
            client.get(path)
        asked = {"question": "Tell me about a conflict at work", "user_answer": TYPED}
        assert client.post("/api/v1/evaluations", json=asked).status_code == 200
        client.get("/")
        # Three readings after the evaluation: a rate needs two of a series that is new.
        prometheus.until(
            'count_over_time((mulakat_jobs_total{outcome="done"} == 1)[1m:500ms]) >= 3'
        )
        yield Watched(server, prometheus, httpx.get(f"http://127.0.0.1:{port}/metrics").text)


@needs_promtool
def test_every_metric_that_a_query_or_a_rule_names_is_served(watched: Watched) -> None:
    served: set[str] = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", watched.page, re.MULTILINE):
        served |= {f"{name}_bucket"} if kind == "histogram" else {name}
    rules = [rule["expr"] for group in RULES for rule in group["rules"]]
    for expression in [*(query for _, query in queries()), *rules]:
        assert metrics_of(expression) <= served, expression


@needs_promtool
def test_every_served_metric_is_on_the_dashboard(watched: Watched) -> None:
    served = set(re.findall(r"^# TYPE (mulakat_\S+)", watched.page, re.MULTILINE))
    shown = {name.removesuffix("_bucket") for _, query in queries() for name in metrics_of(query)}
    assert served == shown


@needs_promtool
def test_every_query_of_the_dashboard_shows_something(watched: Watched) -> None:
    for title, expression in queries():
        assert watched.prometheus.query(expression), (title, expression)


@needs_promtool
def test_every_rule_evaluates_and_a_healthy_server_raises_no_alert(watched: Watched) -> None:
    watched.prometheus.until("mulakat:request_seconds:p99_5m")
    groups = watched.prometheus.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == sum(len(group["rules"]) for group in RULES)
    assert [(rule["name"], rule["health"], rule.get("lastError")) for rule in rules] == [
        (rule["name"], "ok", None) for rule in rules
    ]
    assert watched.prometheus.query('ALERTS{alertstate="firing"}') == []


@needs_promtool
def test_the_routes_left_out_of_the_latency_are_served(watched: Watched) -> None:
    (rule,) = [r for g in RULES for r in g["rules"] if r.get("record", "").endswith("p99_5m")]
    found = re.search(r'route!~"([^"]+)"', rule["expr"])
    assert found
    with watched.server.client() as client:
        routes = client.get("/openapi.json").json()["paths"]
    for left_out in re.split(r"\|(?![^(]*\))", found[1]):  # at bars outside of brackets
        assert any(re.fullmatch(left_out, route) for route in routes), left_out
    (shown,) = {
        query for title, query in queries() if title.startswith("Latency") and "0.99" in query
    }
    assert found[1] in shown


# --- the logs


def expanded(line: dict[str, Any]) -> dict[str, Any]:
    """The object that Filebeat makes of dotted names; two uses of one name are an error."""
    made: dict[str, Any] = {}
    for name, value in line.items():
        *outer, last = name.split(".")
        place = made
        for step in outer:
            place = place.setdefault(step, {})
            assert isinstance(place, dict), f"{name}: {step} is a value already"
        assert last not in place, f"{name} is an object already"
        place[last] = value
    return made


def check_line(text: str) -> dict[str, Any]:
    """Read a line as Filebeat and Logstash do, and return it."""
    line = expanded(json.loads(text))
    assert datetime.fromisoformat(line["@timestamp"]).utcoffset() is not None
    assert line["message"]
    assert line["log"]["level"] in {"debug", "info", "warning", "error", "critical"}
    assert line["ecs"]["version"].startswith("8.")
    for path in re.findall(r"((?:\[\w+\])+) (?:!=|\{)", (FOLDER / "logstash.conf").read_text()):
        value: Any = line
        for step in re.findall(r"\w+", path):
            value = value[step]
        assert value == "mulakat", path
    return line


def test_filebeat_reads_the_lines_as_the_objects_they_are() -> None:
    config = yaml.safe_load((FOLDER / "filebeat.yml").read_text())
    (source,) = config["filebeat.inputs"]
    (parser,) = source["parsers"]
    # Without these two a line would keep its dots, or lose its own time to that of reading.
    assert parser["ndjson"]["expand_keys"] is True
    assert parser["ndjson"]["overwrite_keys"] is True
    assert parser["ndjson"]["target"] == ""


@needs_promtool
def test_every_line_that_a_server_logs_is_shipped_with_its_fields(watched: Watched) -> None:
    lines = [check_line(text) for text in watched.server.log.read_text().splitlines()]
    assert {line["service"]["name"] for line in lines} == {"mulakat"}
    requests = [line for line in lines if line["message"] == "request"]
    assert {200, 404} <= {one["http"]["response"]["status_code"] for one in requests}
    assert "answer done" in {line["message"] for line in lines}


def test_the_line_shown_to_operators_is_one_that_is_read() -> None:
    (shown,) = re.findall(r"```json\n(.+)\n```", (FOLDER / "README.md").read_text())
    assert check_line(shown)["event"]["dataset"] == "mulakat"


def test_the_alerts_listed_for_operators_are_those_that_there_are() -> None:
    listed = re.findall(
        r"^\| (Mulakat\w+) \| (\w+)", (FOLDER / "README.md").read_text(), re.MULTILINE
    )
    assert listed == [(one["alert"], one["labels"]["severity"]) for one in ALERTS]


def test_an_exception_is_one_line_with_its_trace() -> None:
    program = (
        "from mulakat.observe.log import configure, logger\n"
        "configure('info')\n"
        "try:\n    1 / 0\n"
        "except ZeroDivisionError:\n    logger('web').exception('defect')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    (text,) = done.stderr.splitlines()
    line = check_line(text)
    assert line["log"]["level"] == "error"
    assert "ZeroDivisionError" in line["error"]["stack_trace"]
