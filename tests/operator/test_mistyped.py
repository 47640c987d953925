"""A setting whose name is mistyped is named; what only looks like one is left alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SettingsError
from bot.mistyped import told, unknown
from bot.settings import Settings
from tests.operator.test_settings import GOOD

KNOWN = ("MUSTER_HOSTS", "MUSTER_OAUTH_CONNECTION", "MUSTER_TENANTS", "PORT", "MicrosoftAppId")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("MUSTER_HOST", "MUSTER_HOSTS"),
        ("MUSTER_OAUTH_CONECTION", "MUSTER_OAUTH_CONNECTION"),
        ("muster_tenants", "MUSTER_TENANTS"),
        ("MUSTER_TENANT_IDS", "MUSTER_TENANTS"),
        ("MUSTER_IMAGE_TAG", ""),
    ],
)
def test_a_mistyped_name_is_told_with_the_nearest(typed: str, meant: str) -> None:
    """Whoever mistypes a setting learns its right name, and never reads its value where logs are read."""
    found = unknown({typed: "s3cret", "MUSTER_HOSTS": "requester", "PATH": "/bin"}, KNOWN)
    assert found == {typed: meant}
    (line,) = told(found)
    assert line.startswith(f"{typed} is no setting of Muster's")
    assert ("Did you mean" in line) == bool(meant)
    assert "s3cret" not in line


def test_what_kubernetes_says_of_a_service_is_no_mistake() -> None:
    """A Service that is called `muster` or `muster-db` puts its address into every pod, which is nobody's mistake."""
    of_service = {
        "MUSTER_SERVICE_HOST": "10.0.0.11",
        "MUSTER_SERVICE_PORT": "3978",
        "MUSTER_SERVICE_PORT_HTTP": "3978",
        "MUSTER_PORT": "tcp://10.0.0.11:3978",
        "MUSTER_PORT_3978_TCP": "tcp://10.0.0.11:3978",
        "MUSTER_PORT_3978_TCP_ADDR": "10.0.0.11",
        "MUSTER_DB_SERVICE_HOST": "10.0.0.12",
        "MUSTER_DB_PORT_5432_TCP_PROTO": "tcp",
    }
    assert unknown(of_service, KNOWN) == {}
    assert unknown({"MUSTER_PORT": "8080"}, KNOWN) == {"MUSTER_PORT": ""}


@given(st.dictionaries(st.text(), st.text(), max_size=5))
def test_no_environment_is_too_odd(environ: dict[str, str]) -> None:
    """Whatever an environment holds, reading its names raises nothing and names only what begins like a setting."""
    assert all(name.upper().startswith("MUSTER_") for name in unknown(environ, KNOWN))


def test_a_start_goes_on_and_knows() -> None:
    """A mistyped setting stops no start; where another stops it, the mistake is told beside it; README's are known."""
    assert Settings.from_env(GOOD).ignored == ()
    assert Settings.from_env({**GOOD, "MUSTER_HOST": "x"}).ignored == (("MUSTER_HOST", "MUSTER_HOSTS"),)
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**GOOD, "MUSTER_AUTH": "user", "MUSTER_OAUTH_CONECTION": "muster", "MUSTER_X": "x"})
    assert len(caught.value.problems) == 2
    assert caught.value.problems[-1].endswith("Did you mean MUSTER_OAUTH_CONNECTION?")
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`MUSTER_[^|]+) \|", readme, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(MUSTER_\w+)`", row)}
    assert len(named) > 30
    assert Settings.from_env({**GOOD, **dict.fromkeys(named, " ")}).ignored == ()
