"""The dashboard and the alert rules against the numbers that Muster really gives."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.observe import Event, Value
from bot.telemetry.catalogue import EVENTS
from bot.telemetry.export import Wanted, start

INFRA = Path(__file__).resolve().parents[2] / "infra"
HTTP: dict[str, Value] = {"method": "POST", "route": "/api/messages", "path": "/subscriptions", "ms": 5}
HAPPENED = [
    Event("http.served", HTTP | {"status": 401}),
    Event("http.served", HTTP | {"status": 500, "error": "KeyError in bot.x:1"}),
    Event("graph.answered", HTTP | {"status": 403}),
    Event("turn.done", {"kind": "said", "outcome": "opening", "ms": 3}),
    Event("timer.done", {"kind": "open", "outcome": "open", "ms": 3, "since_asked_ms": 4}),
    Event("message.sent", {"purpose": "card", "outcome": "posted", "ms": 3, "since_asked_ms": 4}, logging.WARNING),
]
PROMETHEUS_S_OWN = {"up": {"job"}}
WORDS = {"sum", "by", "rate", "increase", "histogram_quantile", "le"}
NAMES = re.compile(r"(?<![\w$])[a-z_][a-z0-9_]*(?![\w(])")
MATCHERS = re.compile(r"\{([^}]*)\}")
MATCHER = re.compile(r"""([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)\"""")
BY = re.compile(r"\bby \(([^)]*)\)")


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    """Every series that the exporter gives, and its labels."""
    telemetry = start(Wanted(scraped=True, collector="", graph_url="https://graph.example"), lambda: 0)
    for event in HAPPENED:
        telemetry(event)
    labels = {name: set(own) for name, own in PROMETHEUS_S_OWN.items()}
    for family in text_string_to_metric_families(telemetry.page("")[0].decode()):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


def expressions() -> list[str]:
    """Return every expression of the dashboard and the rules."""
    dashboard = json.loads((INFRA / "dashboard.json").read_text(encoding="utf-8"))
    drawn = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return drawn + [rule["expr"] for rule in rules()]


def rules() -> list[dict[str, Any]]:
    """Return the alert rules."""
    groups = yaml.safe_load((INFRA / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def wrong(expression: str, known: dict[str, set[str]]) -> list[str]:
    """Return what an expression names that is not there: series, labels and events."""
    inside = [pair for braces in MATCHERS.findall(expression) for pair in MATCHER.findall(braces)]
    grouped = [label for labels in BY.findall(expression) for label in re.split(r",\s*", labels)]
    bare = re.sub(r"\[[^]]*\]", "", BY.sub("", MATCHERS.sub("", expression)))
    named = set(NAMES.findall(bare)) - WORDS
    there = set().union(*(known.get(name, set()) for name in named))
    values = [value for label, said in inside if label == "muster_event" for value in said.split("|")]
    return [
        *sorted(named - known.keys()),
        *([] if named else ["no series at all"]),
        *sorted({label for label, _ in inside} - there),
        *sorted({*grouped} - there),
        *sorted({*values} - EVENTS.keys()),
    ]


@pytest.mark.parametrize("expression", expressions())
def test_what_is_drawn_and_alarmed_exists(expression: str, known: dict[str, set[str]]) -> None:
    """Each expression names series, labels and events that Muster really gives."""
    assert wrong(expression, known) == []


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ('rate(muster_event_total{muster_event="store.away"}[5m])', ["muster_event_total", "muster_event"]),
        ('increase(muster_events_total{muster_event=~"store.away|store.gone"}[5m]) > 0', ["store.gone"]),
        ("sum by (tenant) (rate(muster_turns_total[5m]))", ["tenant"]),
        ("histogram_quantile(0.95, sum by (le) (rate(muster_turns_total[5m])))", ["le"]),
        ("1 > 0", ["no series at all"]),
    ],
)
def test_a_wrong_expression_is_found(expression: str, found: list[str], known: dict[str, set[str]]) -> None:
    """A misspelt series, label or event fails the check above."""
    assert wrong(expression, known) == found


def test_each_alert_says_what_to_do() -> None:
    """Whoever is woken reads what is wrong and what to look at, and each rule has a name and a severity of its own."""
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description"}


def test_the_dashboard_can_be_imported() -> None:
    """Each panel has a number, a title, a sentence and a place that no other one covers; none overlaps."""
    panels = json.loads((INFRA / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert [panel["title"] for panel in panels if not panel["description"] or not panel["targets"]] == []
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23
