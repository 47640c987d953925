"""The sandbox's Graph against Microsoft's own description of its answers, where that is at hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from bot.sandbox.cloud import Cloud
from tests.sandbox.conftest import Caller

SLICES = Path(__file__).parents[3] / "shared" / "graph"
"""The OpenAPI slices, in a folder beside the project."""


class Contract:
    """One OpenAPI document, asked for the schema of an answer."""

    def __init__(self, name: str) -> None:
        try:
            yaml = importlib.import_module("yaml")
        except ImportError:
            pytest.skip("the OpenAPI slices are YAML, and no YAML reader is installed")
        if not (SLICES / name).exists():
            pytest.skip(f"the OpenAPI slice {name} is not beside the project")
        resource = Resource.from_contents(yaml.safe_load((SLICES / name).read_text()), DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:slice", resource)

    def errors(self, path: str, method: str, status: int, body: object) -> list[str]:
        """Return what is wrong with an answer, one line each."""
        parts = ["paths", path, method, "responses", str(status), "content", "application/json", "schema"]
        pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)
        schema = {"$ref": f"urn:slice#/{pointer}"}
        checker = Draft202012Validator.FORMAT_CHECKER
        validator = Draft202012Validator(schema, registry=self._registry, format_checker=checker)
        return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(body)]


async def test_answers_are_what_microsoft_describes(cloud: Cloud, caller: Caller) -> None:
    """Every answer about a meeting in v1.0 is valid by Microsoft's schema, with and without dial-in."""
    contract = Contract("openapi-v1.0-onlinemeetings.yaml")
    made = await caller.open(cloud.tenant.ana)
    again = await caller.open(cloud.tenant.ana)
    bare = await caller.open(cloud.tenant.chloe)
    path = "/users/{user-id}/onlineMeetings/createOrGet"
    assert contract.errors(path, "post", 201, made.body) == []
    assert contract.errors(path, "post", 200, again.body) == []
    assert contract.errors(path, "post", 201, bare.body) == []
    assert contract.errors(path, "post", 201, {**made.body, "subject": 5}) != []
    one = f"/v1.0/users/{cloud.tenant.ana.oid}/onlineMeetings/{made.body['id']}"
    got = await caller.graph("GET", one)
    patched = await caller.graph("PATCH", one, json={"lobbyBypassSettings": {"scope": "everyone"}})
    template = "/users/{user-id}/onlineMeetings/{onlineMeeting-id}"
    assert contract.errors(template, "get", 200, got.body) == []
    assert contract.errors(template, "patch", 200, patched.body) == []


async def test_a_tied_meeting_is_what_microsoft_describes(cloud: Cloud, caller: Caller) -> None:
    """A beta answer with the channel's thread is valid by Microsoft's schema."""
    contract = Contract("openapi-beta-createorget.yaml")
    chat = {"threadId": cloud.tenant.incidents.thread_id}
    made = await caller.open(cloud.tenant.ana, version="beta", chatInfo=chat)
    assert contract.errors("/users/{user-id}/onlineMeetings/createOrGet", "post", 201, made.body) == []
