"""The settings that say who may look at a running bot, and where."""

from __future__ import annotations

import pytest

from bot.errors import SettingsError
from bot.settings import Settings

GOOD = {
    "MicrosoftAppId": "1c0d6a52-3f4e-4b8a-9a51-6d2f0b7c9e10",
    "MicrosoftAppPassword": "s3cret",
    "MicrosoftAppTenantId": "5d2f8f0e-7f43-4a0c-8f57-0c9b1f6a2d31",
}


def test_nobody_looks_unless_told() -> None:
    """Without settings there is no administrator's port, and nothing is pushed anywhere."""
    settings = Settings.from_env(GOOD)
    assert (settings.admin[1], settings.collector) == (0, "")


@pytest.mark.parametrize(
    ("said", "at"),
    [("9464", ("127.0.0.1", 9464)), ("0.0.0.0:9464", ("0.0.0.0", 9464)), ("[::]:9464", ("::", 9464))],
)
def test_the_administrator_s_port_is_on_loopback_unless_told(said: str, at: tuple[str, int]) -> None:
    """A port alone is for this machine; only a host before it opens it to others, such as Prometheus in a cluster."""
    assert Settings.from_env(GOOD | {"MUSTER_ADMIN_PORT": said}).admin == at


@pytest.mark.parametrize("url", ["http://localhost:4318", "https://otlp.example/muster/"])
def test_a_collector_is_a_web_address(url: str) -> None:
    """OTLP goes over HTTP, with or without TLS: a collector is often on this machine."""
    assert Settings.from_env(GOOD | {"OTEL_EXPORTER_OTLP_ENDPOINT": url}).collector == url.rstrip("/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MUSTER_ADMIN_PORT", "99999"),
        ("MUSTER_ADMIN_PORT", "host:s3cret"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://ana:s3cret@otlp.example"),
    ],
)
def test_what_cannot_be_an_address_is_named_and_not_quoted(name: str, value: str) -> None:
    """A mistake is told with an example of what fits, and without what was written: it may hold a password."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(GOOD | {name: value})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name} m")
    assert value not in problem
