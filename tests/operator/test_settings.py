from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import settings as settings_module
from bot.errors import SettingsError
from bot.hosts import Hosts
from bot.identity import Password, Secret
from bot.model import LobbyScope, Options
from bot.settings import Settings

GOOD = {
    "MicrosoftAppId": "1C0D0000-0000-4000-8000-000000000001",
    "MicrosoftAppPassword": "not-a-real-secret",
    "MicrosoftAppTenantId": "5d000000-0000-4000-8000-000000000002",
}


def test_three_variables_are_enough() -> None:
    """A bot registration's id, secret and tenant are all that Muster needs to start."""
    settings = Settings.from_env(GOOD)
    assert settings.app_id == GOOD["MicrosoftAppId"].lower()
    assert settings.graph_url == "https://graph.microsoft.com"
    assert settings.login_url == "https://login.microsoftonline.com"
    assert settings.tenants == (GOOD["MicrosoftAppTenantId"],)
    assert (settings.host, settings.port) == ("0.0.0.0", 3978)
    assert "smba.trafficmanager.net" in settings.connector_hosts


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_is_named_with_its_fix(name: str) -> None:
    """Whoever forgets a variable is told its name and where its value comes from."""
    environ = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name} is not set. It is ")


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    """Nobody has to start Muster seven times to learn of seven mistakes."""
    environ = {
        "MicrosoftAppId": "not-a-guid",
        "PORT": "99999",
        "MUSTER_GRAPH_URL": "http://graph.example",
        "MUSTER_CLOUD": "moon",
        "MUSTER_DURATION": "long",
        "MUSTER_CA_FILE": str(tmp_path / "absent.pem"),
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    names = {problem.split()[0] for problem in caught.value.problems}
    assert names == {*environ, "MicrosoftAppPassword", "MicrosoftAppTenantId"}


@pytest.mark.parametrize(
    "url",
    [
        "https://[bad",
        "https://",
        "https:///path",
        "https://ana:s3cret@graph.example",
        "https://s3cret@graph.example",
        "https://graph.example?to=s3cret",
        "https://graph.example#s3cret",
        "https://graph.example?",
        "https://gra\tph.example",
        "https://graph.example:99999",
        "https://graph.example:port",
        "https://graph.example:",
        "https://graph.example:0",
        "https://graph.example\\@evil.example",
        "https://graph example",
        "ftp://graph.example",
        "graph.example",
    ],
)
@pytest.mark.parametrize("name", ["MUSTER_GRAPH_URL", "MUSTER_LOGIN_URL", "MUSTER_OPENID_METADATA_URL"])
def test_an_address_that_tokens_are_sent_to_is_a_plain_one(name: str, url: str) -> None:
    """An address that could be read in two ways is refused with an example, and without the password it may hold."""
    with pytest.raises(SettingsError, match=rf"{name} must be https://, a host and .*, such as https://") as caught:
        Settings.from_env({**GOOD, name: url})
    assert "s3cret" not in str(caught.value)


def test_addresses_that_are_fine() -> None:
    """A port, an address of numbers and a slash at the end are all right; a path is where one belongs."""
    environ = {
        "MUSTER_GRAPH_URL": "https://127.0.0.1:8443/",
        "MUSTER_LOGIN_URL": "https://Login.example",
        "MUSTER_OPENID_METADATA_URL": "https://login.example/v1/.well-known/openidconfiguration",
    }
    settings = Settings.from_env({**GOOD, **environ})
    assert settings.graph_url == "https://127.0.0.1:8443"
    assert settings.login_url == environ["MUSTER_LOGIN_URL"]
    assert settings.openid_metadata_url == environ["MUSTER_OPENID_METADATA_URL"]
    with pytest.raises(SettingsError, match="MUSTER_GRAPH_URL must be https://, a host and no more"):
        Settings.from_env({**GOOD, "MUSTER_GRAPH_URL": "https://graph.example/v1.0"})


def test_the_kinds_of_bot() -> None:
    """A kind of bot registration that Muster cannot be is refused with those that it can."""
    multi = Settings.from_env({**GOOD, "MicrosoftAppType": "multitenant"})
    assert (multi.app_type, multi.bot_tenant) == ("MultiTenant", "botframework.com")
    with pytest.raises(
        SettingsError, match="MicrosoftAppType is 'Skill'; it may be SingleTenant, UserAssignedMSI, Mul"
    ):
        Settings.from_env({**GOOD, "MicrosoftAppType": "Skill"})


@pytest.mark.parametrize("language", ["xx", "klingon", "en;de", "../en"])
def test_a_language_that_muster_does_not_speak(language: str) -> None:
    """A language without words is refused with those there are, instead of quietly being English."""
    with pytest.raises(SettingsError, match=r"MUSTER_LANGUAGE .* does not speak; it may be en"):
        Settings.from_env({**GOOD, "MUSTER_LANGUAGE": language})


def test_languages_are_off_until_somebody_asks_for_them() -> None:
    """Only what a named person has read is spoken, unless a setting says so; the cards' own language always is."""
    assert Settings.from_env(GOOD).languages == ("en",)
    assert Settings.from_env({**GOOD, "MUSTER_LANGUAGES": "fr, AR"}).languages == ("en", "ar", "fr")
    assert Settings.from_env({**GOOD, "MUSTER_LANGUAGE": "de-AT"}).languages == ("en", "de")
    assert {"ar", "de", "en", "es", "fr", "ja"} <= {*Settings.from_env({**GOOD, "MUSTER_LANGUAGES": "all"}).languages}
    with pytest.raises(SettingsError, match=r"MUSTER_LANGUAGES has 'klingon'; it may have en, ar, .*, or all"):
        Settings.from_env({**GOOD, "MUSTER_LANGUAGES": "klingon en"})


def test_a_language_s_relatives() -> None:
    """British English is English."""
    assert Settings.from_env({**GOOD, "MUSTER_LANGUAGE": "en-GB"}).language == "en-GB"


def test_a_secret_is_never_printed() -> None:
    """The client secret shows in no log, no error and no debugger, unless it is asked for by name."""
    settings = Settings.from_env(GOOD)
    assert "not-a-real-secret" not in f"{settings!r} {settings.credential} {settings.credential!r}"
    assert isinstance(settings.credential, Password)
    assert settings.credential.secret.reveal() == "not-a-real-secret"
    assert not Secret("")


def test_a_secret_in_the_place_of_an_id_is_not_told() -> None:
    """Who mixes up the app's id and its secret reads which setting is no id, and the log does not read the secret."""
    mixed_up = {**GOOD, "MicrosoftAppId": GOOD["MicrosoftAppPassword"], "MicrosoftAppPassword": GOOD["MicrosoftAppId"]}
    with pytest.raises(SettingsError, match="MicrosoftAppId is not an id") as caught:
        Settings.from_env(mixed_up)
    assert GOOD["MicrosoftAppPassword"] not in str(caught.value)


def test_lists_may_be_separated_by_commas_or_blanks() -> None:
    """Hosts and tenants may be written as people write lists."""
    environ = {**GOOD, "MUSTER_CONNECTOR_HOSTS": "a.example, B.example;c.example d.example"}
    assert Settings.from_env(environ).connector_hosts == ("a.example", "b.example", "c.example", "d.example")


def test_trust_comes_from_every_variable_that_tools_use(tmp_path: Path) -> None:
    """A company's CA file is trusted whichever of the three usual variables names it."""
    file = tmp_path / "ca.pem"
    file.write_text("x")
    for name in ("MUSTER_CA_FILE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        assert Settings.from_env({**GOOD, name: str(file)}).ca_files == (str(file),)


@given(st.dictionaries(st.sampled_from(["PORT", "MUSTER_LOG", "MUSTER_WELCOME", "MUSTER_GRAPH_URL"]), st.text()))
def test_no_value_makes_the_reader_stumble(environ: dict[str, str]) -> None:
    """Whatever stands in a variable is a value or a problem with a name."""
    problems: list[str] = []
    try:
        Settings.from_env({**GOOD, **environ})
    except SettingsError as error:
        problems = error.problems
    assert {problem.split()[0] for problem in problems} <= set(environ)


@pytest.mark.parametrize("url", ["mysql://muster:s3cret@host/muster", "muster:s3cret.db"])
def test_a_store_of_another_kind(url: str) -> None:
    """A store that Muster cannot use is refused with what can be, and without the password it may hold."""
    with pytest.raises(SettingsError, match=r"MUSTER_STORE .*sqlite:///FILE .*postgresql://") as caught:
        Settings.from_env({**GOOD, "MUSTER_STORE": url})
    assert "s3cret" not in str(caught.value)


def test_the_store_is_a_secret() -> None:
    """The password in a store's address stands in no print of the settings."""
    settings = Settings.from_env({**GOOD, "MUSTER_STORE": "postgresql://muster:s3cret@host/muster"})
    assert settings.store.reveal() == "postgresql://muster:s3cret@host/muster"
    assert "s3cret" not in repr(settings)


def test_in_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes' variable or Docker's file tells that this is a container."""
    monkeypatch.setattr(settings_module, "CONTAINER_MARKS", (tmp_path / "mark",))
    assert not Settings.from_env(GOOD).container
    assert Settings.from_env({**GOOD, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}).container
    (tmp_path / "mark").touch()
    assert Settings.from_env(GOOD).container


def test_open_topics_and_a_backup_bridge() -> None:
    """Patterns may be written as people write lists; a bridge is one bounded line."""
    settings = Settings.from_env({**GOOD, "MUSTER_OPEN_TOPICS": "INC-*, SEV-*", "MUSTER_BACKUP_BRIDGE": "+44  20\n1"})
    assert settings.open_topics == ("inc-*", "sev-*")
    assert settings.backup_bridge == "+44 20 1"
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**GOOD, "MUSTER_BACKUP_BRIDGE": "x" * 201})
    assert caught.value.problems == ["MUSTER_BACKUP_BRIDGE has 201 characters; it may have 200."]


def test_without_a_connection_only_the_app_s_permission_counts() -> None:
    """People can sign in only where an OAuth connection is named; by default the app's permission comes first."""
    assert Settings.from_env(GOOD).auth == "app"
    settings = Settings.from_env({**GOOD, "MUSTER_OAUTH_CONNECTION": "graph"})
    assert (settings.auth, settings.oauth_connection) == ("auto", "graph")
    assert settings.token_service_url == "https://api.botframework.com"
    for said in ("app", "user"):
        environ = {**GOOD, "MUSTER_OAUTH_CONNECTION": "graph", "MUSTER_AUTH": said.upper()}
        assert Settings.from_env(environ).auth == said


def test_people_s_permission_needs_people_who_can_sign_in() -> None:
    """`MUSTER_AUTH=user` without a connection, or with service accounts as hosts, does not start and says why."""
    environ = {**GOOD, "MUSTER_AUTH": "user", "MUSTER_HOSTS": "1c0d0000-0000-4000-8000-000000000001"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    assert len(caught.value.problems) == 2
    assert all(problem.startswith("MUSTER_AUTH is 'user', and MUSTER_") for problem in caught.value.problems)
    hosts = {**GOOD, "MUSTER_AUTH": "user", "MUSTER_HOSTS": "requester", "MUSTER_OAUTH_CONNECTION": "graph"}
    assert Settings.from_env(hosts).auth == "user"


HOST = "33333333-0000-4000-8000-000000000003"


def test_who_hosts_is_a_list() -> None:
    """Whoever asks hosts, unless service accounts are named; both may stand there."""
    assert Settings.from_env(GOOD).hosts == Hosts()
    assert Settings.from_env({**GOOD, "MUSTER_HOSTS": HOST.upper()}).hosts == Hosts((HOST,), requester=False)
    assert Settings.from_env({**GOOD, "MUSTER_ADMINS": f"{HOST}, {HOST}"}).admins == (HOST,)
    both = Settings.from_env({**GOOD, "MUSTER_HOSTS": f"requester, {HOST}", "MUSTER_SPARES": "2"})
    assert (both.hosts, both.spares) == (Hosts((HOST,)), 2)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"MUSTER_HOSTS": "bridge@contoso.example"},
            "MUSTER_HOSTS has 'bridge@contoso.example'; it may have",
        ),
        ({"MUSTER_ADMINS": "ana@contoso.example"}, "MUSTER_ADMINS has 'ana@contoso.example'; it may have the object"),
        ({"MUSTER_SPARES": "2"}, "MUSTER_SPARES keeps meetings of service accounts in reserve, and MUSTER_HOSTS names"),
        ({"MUSTER_MEETING_OPTIONS": "lobby"}, "MUSTER_MEETING_OPTIONS: it is no JSON."),
        ({"MUSTER_MEETING_OPTIONS": "[]"}, "MUSTER_MEETING_OPTIONS: it is no JSON object."),
        ({"MUSTER_MEETING_OPTIONS": '{"joinWebUrl": "x"}'}, "'joinWebUrl' is no property that is passed on."),
        ({"MUSTER_MEETING_OPTIONS": '{"recordAutomatically": 1}'}, "recordAutomatically must be true or false."),
        (
            {"MUSTER_MEETING_OPTIONS": '{"lobbyBypassSettings": {"scope": "all"}}'},
            "lobbyBypassSettings must be an",
        ),
    ],
)
def test_a_mistake_in_what_meetings_have_is_named(changes: dict[str, str], problem: str) -> None:
    """An administrator reads at the start what is wrong with hosts, spares and options, not at the first meeting."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**GOOD, **changes})
    (found,) = caught.value.problems
    assert problem in found


def test_what_every_meeting_has_is_graph_s_own_json() -> None:
    """Options are written as Microsoft's pages write them; what Muster has no word for passes through."""
    said = {
        "lobbyBypassSettings": {"scope": "everyone", "isDialInBypassEnabled": True},
        "joinMeetingIdSettings": {"isPasscodeRequired": True},
        "allowedPresenters": "organizer",
        "allowMeetingChat": "limited",
        "recordAutomatically": True,
        "isEntryExitAnnounced": False,
        "allowWhiteboard": False,
    }
    found = Settings.from_env({**GOOD, "MUSTER_MEETING_OPTIONS": json.dumps(said)}).meeting_options
    assert found == Options(
        lobby=LobbyScope.EVERYONE,
        dial_in_bypass=True,
        passcode=True,
        presenters="organizer",
        chat="limited",
        record=True,
        announce=False,
        more='{"allowWhiteboard": false}',
    )


def test_calls_are_heard_of_where_graph_can_tell_and_keys_be_sealed() -> None:
    """The living card needs a public address and a secret, and the app's own permission; a short secret is refused."""
    told = {"MUSTER_PUBLIC_URL": "https://bot.contoso.example", "MUSTER_SECRET_KEY": "s" * 32}
    settings = Settings.from_env(GOOD | told | {"MUSTER_ROSTER": "Names"})
    assert settings.watches
    assert settings.roster == "names"
    assert "s" * 32 not in repr(settings)
    assert settings.metadata_urls[1] == "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"
    for name in told:
        alone = Settings.from_env({key: value for key, value in (GOOD | told).items() if key != name})
        assert not alone.watches
        assert alone.metadata_urls[1] == ""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(GOOD | {"MUSTER_SECRET_KEY": "too short to seal", "MUSTER_ROSTER": "faces"})
    short, roster = caught.value.problems
    assert short.startswith("MUSTER_SECRET_KEY has 17 characters; it needs 32")
    assert "too short to seal" not in short
    assert roster == "MUSTER_ROSTER is 'faces'; it may be count, names, off."
