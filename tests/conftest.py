"""For every test: hypothesis judges what is found, never how long it took on somebody's machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("muster", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("muster")
