"""Recorded exchanges with Graph: each folder of samples/ is one, with its source beside the body."""

from __future__ import annotations

import importlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from bot.errors import MeetingsError
from bot.graph import answers, wire
from bot.model import MeetingRequest

SAMPLES = Path(__file__).parent / "samples"
CASES = sorted(path.name for path in SAMPLES.iterdir())
SLICES = Path(__file__).parents[3] / "shared" / "graph"
"""Microsoft's own description of the API, in a folder beside the project."""
NOW = 1_795_255_200_000
CREATE_OR_GET = "/users/{user-id}/onlineMeetings/createOrGet"


def load(case: str, name: str) -> dict[str, Any]:
    """Return one half of an exchange."""
    sample: dict[str, Any] = json.loads((SAMPLES / case / f"{name}.json").read_text(encoding="utf-8"))
    return sample


def read(case: str) -> dict[str, Any]:
    """Return what Muster makes of the answer, as plain values; numbers of a dial-in as lists."""
    request, response = load(case, "request"), load(case, "response")
    try:
        if response["status"] >= 400:
            had_thread = "chatInfo" in request["body"]
            raise wire.read_error(
                response["status"], response["headers"], response["body"], now=NOW, had_thread=had_thread
            )
        found: dict[str, Any] = json.loads(json.dumps(asdict(answers.read_meeting(response["body"]))))
    except MeetingsError as error:
        found = {"error": type(error).__name__, **vars(error)}
    return found


@pytest.mark.parametrize("case", CASES)
def test_what_graph_is_known_to_answer_is_understood(case: str) -> None:
    """Every recorded or documented answer means to Muster what its source says."""
    means = load(case, "response")["means"]
    found = read(case)
    assert {name: found.get(name) for name in means} == means


@pytest.mark.parametrize("case", CASES)
def test_every_sample_names_its_source(case: str) -> None:
    """Each half of an exchange says where it comes from."""
    assert load(case, "request")["source"]
    assert load(case, "response")["source"]


@pytest.mark.parametrize("case", CASES)
def test_graph_s_own_words_stay_out_of_our_errors(case: str) -> None:
    """What an error says in the log is ours: Graph's message, which may name people, is not repeated."""
    response = load(case, "response")
    message = ((response["body"] or {}).get("error") or {}).get("message", "")
    error = wire.read_error(max(400, response["status"]), {}, response["body"], now=NOW)
    assert not message or message not in str(error)


@pytest.mark.parametrize(
    ("version", "thread", "name"),
    [
        ("beta", "19:x@thread.tacv2", "openapi-beta-createorget.yaml"),
        ("v1.0", "19:x@thread.tacv2", "openapi-v1.0-onlinemeetings.yaml"),
        ("beta", "", "openapi-v1.0-onlinemeetings.yaml"),
    ],
)
def test_what_is_asked_is_what_microsoft_describes(version: str, thread: str, name: str) -> None:
    """The frozen request is valid by Microsoft's schema, and has no property that the schema does not know."""
    request = MeetingRequest("room-1", "Retro", NOW, NOW + 3_600_000, thread)
    frozen = wire.freeze("0a1b", request, binding_version=version)
    assert frozen.version == (version if thread else "v1.0")
    body = json.loads(frozen.body)
    schema, registry = described(name)
    checker = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator(schema, registry=registry, format_checker=checker)
    assert [error.message for error in validator.iter_errors(body)] == []
    assert [*validator.iter_errors({**body, "externalId": 5})]
    declared = registry.resolver().lookup(schema["$ref"]).contents["properties"]
    assert set(body) <= set(declared)


def described(name: str) -> tuple[dict[str, str], Registry[Any]]:
    """Return the schema of a createOrGet request; skips, with the reason, where it cannot be read."""
    try:
        yaml = importlib.import_module("yaml")
        document = yaml.safe_load((SLICES / name).read_text(encoding="utf-8"))
    except ImportError:
        pytest.skip("the OpenAPI slices are YAML, and no YAML reader is installed")
    except FileNotFoundError:
        pytest.skip(f"the OpenAPI slice {name} is not beside the project")
    registry: Registry[Any] = Registry().with_resource("urn:slice", Resource.from_contents(document, DRAFT202012))
    path = CREATE_OR_GET.replace("/", "~1")
    pointer = f"urn:slice#/paths/{path}/post/requestBody/content/application~1json/schema"
    target = registry.resolver().lookup(pointer).contents
    return {"$ref": "urn:slice" + target["$ref"] if "$ref" in target else pointer}, registry
