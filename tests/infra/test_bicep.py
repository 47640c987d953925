"""infra/main.bicep and its modules against Microsoft's own types, and against what a Teams bot needs."""

from __future__ import annotations

import argparse
import re
import shlex
from operator import itemgetter
from typing import Any

import pytest

from bot.operator import register
from bot.settings import Settings
from tests.infra.conftest import INFRA
from tests.infra.templates import PAPERS, Parser, Template, faults, inner, of_modules

Templates = dict[str, Template]
MAIN, APP, BOT = "main.bicep", "azure/app.bicep", "azure/bot.bicep"
ID = "00000000-0000-0000-0000-000000000001"
SECRET = re.compile("password|secret|key|store", re.IGNORECASE)


def wrong(templates: Templates) -> list[str]:
    """Everything that is wrong with the templates."""
    found = [fault for template in templates.values() for fault in faults(template)]
    return found + list(of_modules(templates[MAIN], templates))


def test_every_template_fits_microsofts_types(templates: Templates) -> None:
    """A deployment is not refused for what is misspelt, missing or of the wrong kind."""
    assert wrong(templates) == []


@pytest.mark.parametrize(
    "mistake",
    [
        (MAIN, "workspaces@2023-09-01", "workspaces@2023-09-02", "is not among the types that were checked"),
        (MAIN, "location: location\n", "location: loaction\n", "nothing is called loaction"),
        (MAIN, "${environment.properties", "${envronment.properties", "nothing is called envronment"),
        (MAIN, "    zone: network.outputs.zone\n", "", "database lacks zone"),
        (MAIN, "    calls: calls\n", "    calls: calls\n    rings: calls\n", "bot has no parameter rings"),
        (MAIN, "app.outputs.id", "app.outputs.identity", "app gives no identity"),
        (BOT, "@secure()\n", "", "bot.appPassword is not secure"),
        (APP, "@secure()\n", "", "app.secretSettings is not secure"),
        ("azure/database.bicep", "autoGrow:", "autogrow:", "storage has no property autogrow"),
        ("azure/database.bicep", "    tier: size.tier\n", "", "sku.tier is missing"),
        (
            "azure/alarms.bicep",
            "    evaluationFrequency: 'PT1M'\n",
            "",
            "metricAlerts.properties.evaluationFrequency is missing",
        ),
        ("azure/alarms.bicep", "windowSize: 'PT15M'", "window: 'PT15M'", "properties has no property window"),
    ],
    ids=itemgetter(3),
)
def test_a_mistake_is_found_anywhere(templates: Templates, bicep: Parser, mistake: tuple[str, ...]) -> None:
    """A misspelt property, another version, a missing property and a name of nobody's each turn the check red."""
    name, text, broken, said = mistake
    was = templates[name].text
    assert text in was
    changed = templates | {name: Template(name, was.replace(text, broken, 1), bicep)}
    assert said in "\n".join(wrong(changed))


@pytest.mark.skipif(not PAPERS.is_dir(), reason="Microsoft's Bicep type files are not beside this checkout")
@pytest.mark.parametrize(
    "mistake",
    [
        (
            APP,
            "    environmentId: environmentId\n",
            "    environmentIdd: environmentId\n",
            "has no property environmentIdd",
        ),
        (APP, "activeRevisionsMode: 'Single'", "latestRevisionName: 'x'", "has no property latestRevisionName"),
        (APP, "external: true", "external: 'yes'", "ingress.external is the text yes, wanted BooleanType"),
        (APP, "value: setting.value", "valeu: setting.value", "env[] has no property valeu"),
        (APP, "    secretRef: 'store'", "    secretReff: 'store'", "has no property secretReff"),
        (APP, "  location: location\n", "", "containerApps.location is missing"),
        (APP, "  keyVaultUrl: '${vaultUri}", "  keyVaultUri: '${vaultUri}", "has no property keyVaultUri"),
        (BOT, "      isEnabled: true\n", "", "isEnabled is missing"),
        (BOT, "enableCalling: calls", "enableCaling: calls", "has no property enableCaling"),
        ("azure/secrets.bicep", "name: 'standard'", "name: 'cheap'", "sku.name is cheap, wanted one of"),
        ("azure/secrets.bicep", "    tenantId: subscription().tenantId\n", "", "properties.tenantId is missing"),
    ],
    ids=itemgetter(3),
)
def test_microsofts_types_find_mistakes(templates: Templates, bicep: Parser, mistake: tuple[str, ...]) -> None:
    """What Microsoft's own type files do not have is found, also inside variables, conditions and loops."""
    name, text, broken, said = mistake
    was = templates[name].text
    assert text in was
    assert said in "\n".join(faults(Template(name, was.replace(text, broken, 1), bicep)))


def test_every_parameter_says_what_it_is_for(templates: Templates) -> None:
    """Whoever deploys reads what each parameter and each output means, and what it may be."""
    for name, template in templates.items():
        for parameter, about in (template.part("parameters") | template.part("outputs")).items():
            assert "description" in {decorator["type"] for decorator in about["decorators"]}, f"{name}: {parameter}"
    assert all("allowed" in decorators(templates[MAIN], name) for name in ("appType", "auth"))


def decorators(template: Template, parameter: str) -> dict[str, Any]:
    """What a parameter may be, by the kind of rule."""
    return {rule["type"]: rule.get("argument") for rule in template.part("parameters")[parameter]["decorators"]}


def test_secrets_are_secure_and_go_into_the_vault_alone(templates: Templates) -> None:
    """No secret is shown in a deployment's history, in the app's configuration or in an output."""
    for template in templates.values():
        secrets = {name for name in template.part("parameters") if SECRET.search(name) and not name.endswith("Uri")}
        assert secrets - {"usesPassword"} == template.secure()
        shown = " ".join(str(output["value"]) for output in template.part("outputs").values())
        assert not any(re.search(rf"\b{secret}\b(?!\.)", shown) for secret in template.secure())
    assert templates[APP].secure() == {"secretSettings"}
    loops = re.findall(r"\[for (\w+) in items\(secretSettings\): \{(.+?)\}\]", templates[APP].text, re.DOTALL)
    assert len(loops) == templates[APP].text.count("secretSettings") - 1 == 2
    assert not any(f"{name}.value" in body for name, body in loops)
    main = templates[MAIN]
    needed = {name for name in main.secure() if main.part("parameters")[name]["default"] is None}
    assert needed == {"databasePassword", "secretKey"}


def test_the_app_refers_to_its_secrets(templates: Templates) -> None:
    """Password, key, database address and whatever else is secret are read from the vault by the app's identity."""
    app, variables = templates[APP].resource("Microsoft.App/containerApps"), templates[APP].part("variables")
    expression = app["properties"]["configuration"]["secrets"]["function"]
    assert (expression["type"], [*expression["parameters"].values()]) == ("concat", ["kept", "keptBesides"])
    kept, besides = variables["kept"]["value"], variables["keptBesides"]["value"]["config"]
    assert {secret["name"] for secret in kept} == {"app-password", "store", "secret-key"}
    assert all(set(secret) == {"name", "keyVaultUrl", "identity"} for secret in (*kept, besides))
    given = [*variables["sealed"]["value"], *variables["password"]["value"]]
    assert {entry["name"]: entry["secretRef"] for entry in given} == {
        "MUSTER_STORE": "store",
        "MUSTER_SECRET_KEY": "secret-key",
        "MicrosoftAppPassword": "app-password",
    }
    more = variables["sealedBesides"]["value"]["config"]
    (vaulted,) = [
        inner(about["config"])
        for name, about in templates["azure/secrets.bicep"].part("resources").items()
        if name == "moreSecrets"
    ]
    assert more["secretRef"] == besides["name"] == vaulted["name"]


def test_every_secret_has_a_place_that_is_none_of_the_plain_settings(templates: Templates) -> None:
    """Whatever a reviewer finds listed as a secret is named where the deployment asks for secrets."""
    page = (INFRA / "SECURITY.md").read_text(encoding="utf-8").partition("\n## Secrets")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`((?:MUSTER|OTEL)_\w+)`", page)) - {"MUSTER_STORE", "MUSTER_SECRET_KEY"}
    about = templates[MAIN].part("parameters")["secretSettings"]["decorators"]
    (said,) = [str(decorator) for decorator in about if decorator["type"] == "description"]
    assert {"MUSTER_HOOKS", "OTEL_EXPORTER_OTLP_HEADERS"} <= listed <= set(re.findall(r"(?:MUSTER|OTEL)_\w+", said))
    (ours,) = re.findall(r"union\(settings, \{\n(.+?)\n    \}\)", templates[MAIN].text, re.DOTALL)
    assert not listed & set(re.findall(r"\w+", ours))


def test_a_managed_identity_is_given_no_password(templates: Templates) -> None:
    """A bot that is a managed identity starts, since it has no password that it would have to refuse."""
    (container,) = templates[APP].resource("Microsoft.App/containerApps")["properties"]["template"]["containers"]
    operands = container["env"]["operator"]["operands"]
    assert operands["condition"] == "usesPassword"
    assert "password" in str(operands["true_value"])
    assert "password" not in str(operands["false_value"])


def test_the_bot_is_never_asleep(templates: Templates) -> None:
    """At least one replica always runs: Teams waits 15 seconds, and a cold start takes longer."""
    scale = templates[APP].resource("Microsoft.App/containerApps")["properties"]["template"]["scale"]
    assert scale["minReplicas"] == "replicas"
    for template in (templates[MAIN], templates[APP]):
        assert decorators(template, "replicas")["min_value"] == 1


def test_replicas_are_asked_how_they_are(templates: Templates) -> None:
    """A replica gets work when it is ready, is replaced when it hangs, and has time to hand back what it began."""
    template = templates[APP].resource("Microsoft.App/containerApps")["properties"]["template"]
    (container,) = template["containers"]
    asked = {probe["type"]: probe["httpGet"]["path"] for probe in container["probes"]}
    assert asked == {"Startup": "/healthz", "Liveness": "/healthz", "Readiness": "/readyz"}
    assert template["terminationGracePeriodSeconds"] >= 10


def test_only_the_kinds_of_bot_that_can_still_be_made(templates: Templates) -> None:
    """SingleTenant and UserAssignedMSI are offered; multi-tenant bots cannot be made any more (facts/teams 7.3)."""
    assert decorators(templates[MAIN], "appType")["allowed"] == ["SingleTenant", "UserAssignedMSI"]


def test_teams_is_connected_to_the_bot(templates: Templates) -> None:
    """The bot has its Teams channel, its endpoint and its callback are the app's own public address."""
    channel = templates[BOT].resource("Microsoft.BotService/botServices/channels")
    assert (channel["parent"], channel["properties"]["channelName"]) == ("bot", "MsTeamsChannel")
    assert "${url}/api/calls" in str(channel["properties"]["properties"]["callingWebhook"])
    bot = templates[BOT].resource("Microsoft.BotService/botServices")
    assert bot["properties"]["endpoint"] == "${url}/api/messages"


def test_the_database_has_no_public_address(templates: Templates) -> None:
    """The database is reached from the app's network alone, over a connection whose certificate is checked."""
    server = templates["azure/database.bicep"].resource("Microsoft.DBforPostgreSQL/flexibleServers")
    assert server["properties"]["network"]["publicNetworkAccess"] == "Disabled"
    assert "sslmode=verify-full" in templates[MAIN].part("modules")["secrets"]["config"]["params"]["store"]


def test_muster_starts_with_what_it_is_given(templates: Templates) -> None:
    """The settings that a deployment sets are Muster's own, and with them it knows who is in a meeting."""
    (ours,) = re.findall(r"union\(settings, \{\n(.+?)\n    \}\)", templates[MAIN].text, re.DOTALL)
    given = dict.fromkeys(re.findall(r"^ +(\w+):", ours, re.MULTILINE), "")
    given |= {
        "MicrosoftAppId": ID,
        "MicrosoftAppTenantId": ID,
        "MicrosoftAppType": "SingleTenant",
        "MUSTER_AUTH": "app",
    }
    given |= {"MUSTER_PUBLIC_URL": "https://muster.contoso.example", "MicrosoftAppPassword": "x"}
    given |= {"MUSTER_STORE": "postgresql://muster:x@host/muster", "MUSTER_SECRET_KEY": "k" * 32}
    settings = Settings.from_env(given)
    assert settings.watches
    assert settings.rings


def test_every_alarm_is_of_something_that_happens(templates: Templates) -> None:
    """Each alarm says what it means for people, and those that read the log look for events that Muster writes."""
    variables = templates["azure/alarms.bicep"].part("variables")
    code = "\n".join(path.read_text(encoding="utf-8") for path in (INFRA.parent / "bot").rglob("*.py"))
    for alarm in variables["written"]["value"]:
        assert f'"{alarm["event"]}"' in code, alarm["event"]
    refused = next(alarm["and"] for alarm in variables["written"]["value"] if alarm["event"] == "token.refused")
    assert re.search(refused, "WARNING muster token.refused scope=x status=401 error=x")
    assert not re.search(refused, "WARNING muster token.refused scope=x status=0 error=x")
    alarms = [*variables["measured"]["value"], *variables["written"]["value"]]
    assert len({alarm["key"] for alarm in alarms}) == len(alarms) == 8
    assert all(len(alarm["says"]) > 40 and 0 <= alarm["severity"] <= 3 for alarm in alarms)


def test_what_is_left_to_do_can_be_typed(templates: Templates) -> None:
    """The commands that a deployment ends with are ones that Muster understands."""
    parser = argparse.ArgumentParser()
    register.add_arguments(parser)
    commands = re.findall(
        r"python app\.py register ([^']+)'", templates[MAIN].text.replace("${signIn ? 'sign-in' : 'app'}", "app")
    )
    assert len(commands) == 2
    for command in commands:
        parser.parse_args(shlex.split(re.sub(r"\$\{[^}]+\}", ID, command)))
