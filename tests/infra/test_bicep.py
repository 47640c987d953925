"""infra/main.bicep against Microsoft's own types, and against what a Teams bot needs."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.infra.conftest import Types

FILE = Path(__file__).resolve().parents[2] / "infra" / "main.bicep"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """The template as a tree."""
    pycep = pytest.importorskip("pycep", reason="pycep-parser, which reads Bicep, is not installed")
    tree: dict[str, Any] = pycep.BicepParser().parse(text=FILE.read_text(encoding="utf-8"))
    return tree


def environment(template: dict[str, Any]) -> list[dict[str, str]]:
    """What the app is given, with a password."""
    variables = template["variables"]
    return [*variables["environ"]["value"], *variables["password"]["value"]]


def names(template: dict[str, Any]) -> set[str]:
    """Every name the template defines."""
    return {name for part in ("parameters", "variables", "resources") for name in template[part]}


def of_type(template: dict[str, Any], kind: str) -> dict[str, Any]:
    """The configuration of the only resource of a type."""
    (found,) = [resource["config"] for resource in template["resources"].values() if resource["type"] == kind]
    return dict(found)


def test_every_resource_fits_microsofts_types(
    template: dict[str, Any], types_of: Callable[[str], Types | None]
) -> None:
    """A deployment is not refused for a property that is misspelt, missing, read-only or of the wrong kind."""
    unknown = []
    for resource in template["resources"].values():
        full = f"{resource['type']}@{resource['api_version']}"
        types = types_of(full)
        if types is None:
            unknown.append(full)
            continue
        config = deepcopy(resource["config"])
        if "containerApps" in full:
            config["properties"]["template"]["containers"][0]["env"] = environment(template)
        assert types.faults(full, config, names(template)) == []
    assert unknown == ["Microsoft.Authorization/roleAssignments@2022-04-01"], "its type file is not among the papers"


def test_the_check_itself_finds_mistakes(types_of: Callable[[str], Types | None]) -> None:
    """A misspelt property, a missing one, a read-only one and a wrong word are each reported."""
    resource = "Microsoft.App/containerApps@2024-03-01"
    types = types_of(resource)
    assert types is not None
    broken = {
        "name": "x",
        "location": "here",
        "properties": {
            "environmentIdd": "1",
            "latestRevisionName": "x",
            "configuration": {"activeRevisionsMode": "Sometimes", "ingress": {"external": "yes"}},
        },
    }
    where = "Microsoft.App/containerApps"
    assert types.faults(resource, broken, set()) == [
        f"{where}.properties has no property environmentIdd",
        f"{where}.properties.latestRevisionName is read-only",
        f"{where}.properties.configuration.ingress.external is the text yes, wanted BooleanType",
    ]
    del broken["location"]
    assert f"{where}.location is missing" in types.faults(resource, broken, set())


def test_the_bot_is_never_asleep(template: dict[str, Any]) -> None:
    """At least one replica always runs: Teams waits 15 seconds, and a cold start takes longer."""
    app = of_type(template, "Microsoft.App/containerApps")
    assert app["properties"]["template"]["scale"]["minReplicas"] == 1


def test_secrets_come_from_the_key_vault(template: dict[str, Any]) -> None:
    """Neither the password nor the store's address stands in the app's configuration or in an output."""
    app = of_type(template, "Microsoft.App/containerApps")
    secrets = app["properties"]["configuration"]["secrets"]
    assert {secret["name"] for secret in secrets} == {"app-password", "store"}
    assert all("value" not in secret and secret["keyVaultUrl"] and secret["identity"] for secret in secrets)
    environ = {entry["name"]: entry for entry in environment(template)}
    assert environ["MicrosoftAppPassword"] == {"name": "MicrosoftAppPassword", "secretRef": "app-password"}
    assert environ["MUSTER_STORE"]["secretRef"] == "store"
    secure = {name for name, about in template["parameters"].items() if {"type": "secure"} in about["decorators"]}
    assert secure == {"appPassword", "store"}
    assert not secure & {str(output["value"]) for output in template["outputs"].values()}


def test_only_the_kinds_of_bot_that_can_still_be_made(template: dict[str, Any]) -> None:
    """SingleTenant and UserAssignedMSI are offered; multi-tenant bots cannot be made any more (facts/teams 7.3)."""
    (allowed,) = [d for d in template["parameters"]["appType"]["decorators"] if d["type"] == "allowed"]
    assert str(allowed).count("SingleTenant") == 1
    assert "UserAssignedMSI" in str(allowed)
    assert "MultiTenant" not in str(allowed)


def test_a_managed_identity_is_given_no_password(template: dict[str, Any]) -> None:
    """A bot that is a managed identity starts, since it has no password that it would have to refuse."""
    chosen = of_type(template, "Microsoft.App/containerApps")["properties"]["template"]["containers"][0]["env"]
    operands = chosen["operator"]["operands"]
    assert (operands["condition"], operands["true_value"]) == ("usesIdentity", "environ")
    assert "password" in str(operands["false_value"])
    given = {entry["name"]: entry.get("value", "") for entry in template["variables"]["environ"]["value"]}
    assert "MicrosoftAppPassword" not in given


def test_teams_is_connected_to_the_bot(template: dict[str, Any]) -> None:
    """The bot has its Teams channel, and its endpoint is the app's own public address."""
    channel = of_type(template, "Microsoft.BotService/botServices/channels")
    assert (channel["parent"], channel["properties"]["channelName"]) == ("bot", "MsTeamsChannel")
    bot = of_type(template, "Microsoft.BotService/botServices")
    assert bot["properties"]["endpoint"] == "https://${app.properties.configuration.ingress.fqdn}/api/messages"
