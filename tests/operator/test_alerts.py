"""Alerts of monitoring systems: only real ones count, and what they say is bounded (EXPERIENCE 1.25)."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import alarms, alerts
from bot.alerts import Alert, Hook
from bot.commands import COMMANDS, grammar, options
from bot.errors import SettingsError
from bot.identity import Secret
from bot.model import Chat, ChatKind, Person
from bot.settings import Settings

NOW = 1_790_000_000_000
KEY = "a key of some length"
SECRET = "s" * 32
HOST = "11111111-0000-4000-8000-000000000001"
HOOK = Hook(Secret(SECRET), Secret(KEY), "19:x@thread.tacv2", HOST)
PAGERDUTY = {
    "event": {
        "id": "01CH754SM17TWPE2V2H4VPBRO7",
        "event_type": "incident.triggered",
        "occurred_at": "2026-09-21T14:13:20Z",
        "data": {"number": 42, "title": "DB  down"},
    }
}
GRAFANA = {
    "status": "firing",
    "commonLabels": {"alertname": "High latency!"},
    "commonAnnotations": {"summary": "p99 over 2 s"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "data", "event_type", "occurred_at", "status", "commonLabels", "topic", "title"]),
            inner | st.sampled_from(["incident.triggered", "firing", "2026-09-21T14:13:20Z"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)


def mac(body: bytes, at: int | None = None) -> str:
    """Return the signature of a body, and of its time where there is one."""
    signed = body if at is None else f"{at}:".encode() + body
    return hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()


def test_each_system_signs_in_its_own_way() -> None:
    """PagerDuty's two signatures while its key changes, Grafana's and a plain caller's with their time."""
    body, at = b'{"a": 1}', NOW // 1000
    changing = {"X-PagerDuty-Signature": f"v1=00,v1={mac(body)}"}
    assert alerts.signed_by(HOOK, changing, body, NOW) == "PagerDuty"
    grafana = {"X-Grafana-Alerting-Signature": mac(body, at), "X-Grafana-Alerting-Timestamp": str(at)}
    assert alerts.signed_by(HOOK, grafana, body, NOW) == "Grafana"
    plain = {"X-Muster-Signature": f"sha256={mac(body, at)}", "X-Muster-Timestamp": str(at)}
    assert alerts.signed_by(HOOK, plain, body, NOW) == "Alert"


@pytest.mark.parametrize("off", [-301, 301])
def test_an_alert_of_another_time_is_forged(off: int) -> None:
    """What was signed more than five minutes ago, or is to be, is nobody's; so is a changed body, and no signature."""
    body, at = b"{}", NOW // 1000 + off
    old = {"X-Muster-Signature": mac(body, at), "X-Muster-Timestamp": str(at)}
    assert alerts.signed_by(HOOK, old, body, NOW) == ""
    assert alerts.signed_by(HOOK, {"X-PagerDuty-Signature": f"v1={mac(body)}"}, b"{ }", NOW) == ""
    assert alerts.signed_by(HOOK, {"X-PagerDuty-Signature": "v1=é"}, body, NOW) == ""
    assert alerts.signed_by(HOOK, {"X-Muster-Signature": mac(body)}, body, NOW) == ""
    assert alerts.signed_by(HOOK, {}, body, NOW) == ""


def test_what_an_alert_opens() -> None:
    """PagerDuty's incident number, Grafana's alert name, or a topic that was said; what is over opens nothing."""
    told = Alert("PagerDuty", "INC-42", "DB down", "01CH754SM17TWPE2V2H4VPBRO7")
    assert alerts.read_alert("PagerDuty", PAGERDUTY, NOW) == told
    assert alerts.read_alert("PagerDuty", PAGERDUTY, NOW + alerts.DELIVERED_WITHIN * 2) is None
    resolved = {"event": {**PAGERDUTY["event"], "event_type": "incident.resolved"}}
    assert alerts.read_alert("PagerDuty", resolved, NOW) is None
    assert alerts.read_alert("Grafana", GRAFANA, NOW) == Alert("Grafana", "High-latency", "p99 over 2 s", "")
    assert alerts.read_alert("Grafana", GRAFANA | {"status": "resolved"}, NOW) is None
    assert alerts.read_alert("Alert", {"topic": "INC-7", "title": "x"}, NOW) == Alert("Alert", "INC-7", "x", "")
    assert alerts.read_alert("Alert", ["INC-7"], NOW) is None
    assert alerts.read_alert("Alert", {"topic": None, "title": "x"}, NOW) is None
    untitled = {"event": {**PAGERDUTY["event"], "data": {"number": 42, "title": None}}}
    assert alerts.read_alert("PagerDuty", untitled, NOW) == replace(told, title="")


def test_the_same_words_at_another_time_are_another_alert() -> None:
    """What a plain caller says again an hour later happened again; other systems say themselves which event it is."""
    now, later = ({"X-Muster-Timestamp": at, "X-Grafana-Alerting-Timestamp": at} for at in ("1", "2"))
    plain, grafana = Alert("Alert", "db", "down", ""), Alert("Grafana", "db", "down", "")
    assert (
        alerts.delivery(plain, now, b"{}") == alerts.delivery(plain, now, b"{}") != alerts.delivery(plain, later, b"{}")
    )
    assert alerts.delivery(grafana, now, b"{}") == alerts.delivery(grafana, later, b"{}") == b"{}"
    assert alerts.delivery(replace(plain, source="PagerDuty", event="01CH"), now, b"{}") == b"01CH"


@given(JSON, st.sampled_from(["PagerDuty", "Grafana", "Alert"]))
def test_nothing_in_an_alert_raises(body: Any, source: str) -> None:  # noqa: ANN401 - any JSON
    """Whatever a signed body holds, it is an alert with a name, or none."""
    found = alerts.read_alert(source, json.loads(json.dumps(body)), NOW)
    assert found is None or (found.topic and len(found.topic) <= 60 and len(found.title) <= alerts.LONGEST)


@given(
    st.lists(st.sampled_from(['"', "\uff02", "\u201d", "\0", "\u202e", "DB", " lobby everyone", " passcode", " 45m"]))
)
def test_no_title_of_an_alert_asks_for_anything(pieces: list[str]) -> None:
    """Who can name a host or a check opens no lobby by it: whatever quotes a title has, all of it is the subject."""
    alert = alerts.read_alert("Alert", {"topic": "INC-7", "title": "".join(pieces)}, NOW)
    assert alert is not None
    turn = alarms.turn_of(
        "0" * 64, alert, Chat("tenant", HOOK.thread_id, ChatKind.CHANNEL), Person("29:ana", HOST), NOW
    )
    command, rest = grammar.find(turn.text, COMMANDS)
    said = options.parse(rest)
    assert (command.name, said) == ("meet", options.Request(subject=said.subject))
    assert not {"\0", "\u202e"} & set(said.subject)


def test_hooks_are_off_until_they_are_set() -> None:
    """A hook needs all four parts; what is wrong is said without its secrets."""
    said = f"{SECRET}|{KEY.replace(' ', '-')}|19:x@thread.tacv2|{HOST}"
    assert alerts.read_hooks("") == ((), True)
    (hook,), fits = alerts.read_hooks(said)
    assert (fits, hook.thread_id, hook.host_oid) == (True, "19:x@thread.tacv2", HOST)
    assert alerts.meant((hook,), SECRET) is hook
    assert alerts.meant((hook,), SECRET[1:]) is None
    assert alerts.meant((hook,), "\udcff") is None
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"MUSTER_HOOKS": f"short|{KEY}|19:x|{HOST}"})
    assert "MUSTER_HOOKS" in str(caught.value)
    assert "short" not in str(caught.value)
