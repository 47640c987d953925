"""What follows from what doctor saw, in cases that Microsoft's side is seldom in: values, no network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.checkup import Findings, Status
from bot.doctor.asking import NoTokens, read_claims
from bot.doctor.case import Case, Claims, Seen
from bot.doctor.judging import judged
from bot.errors import CredentialsWrong, NotDone, Refused
from bot.graph.credentials import ends_at
from bot.identity import Certificate, Password, Secret
from bot.model import DialIn, Meeting
from bot.settings import Settings
from bot.teams.looking import date_of
from tests import certificates

NOW = 1_790_000_000_000
APP, TENANT, HOST = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "123")
SETTINGS = Settings.from_env(
    {
        "MicrosoftAppId": APP,
        "MicrosoftAppPassword": "p",
        "MicrosoftAppTenantId": TENANT,
        "MUSTER_STORE": "sqlite:///m.db",
    }
)
CLAIMS = Claims(
    "https://graph.microsoft.com", TENANT, APP, NOW + 3_600_000, frozenset({"OnlineMeetings.ReadWrite.All"})
)
SEEN = Seen(store="", keys=True, apart=0, token=CLAIMS, trial=Meeting("id", "https://x", dial_in=DialIn("1")))
DAY = 86_400_000


def case(settings: Settings = SETTINGS, host: str = HOST, **seen: object) -> Case:
    """Return a case in which all is well but for what is named."""
    return Case(settings, TENANT, host, NOW, replace(SEEN, **seen))  # type: ignore[arg-type]  # fields by name


def todo(found: Findings) -> dict[str, str]:
    """Return what is to do, with the words for it."""
    return {one.check: one.says for one in found if one.status is Status.TODO}


def test_all_is_well_here() -> None:
    """The case that the others begin with has nothing to do."""
    assert todo(judged(case())) == {}


@pytest.mark.parametrize(
    ("seen", "check", "says"),
    [
        ({"token": replace(CLAIMS, app_id=HOST)}, "token", "another app's"),
        ({"token": replace(CLAIMS, tenant=HOST)}, "token", "another tenant's"),
        ({"token": replace(CLAIMS, ends_at=NOW)}, "token", "ended already"),
        ({"apart": -400_000}, "clock", "400 seconds ahead of Microsoft's"),
        ({"apart": None}, "clock", "no date"),
        ({"store": None}, "store", "did not answer in time"),
        ({"made": {HOST: 1_900}}, "quota", "1900 of 2000"),
        ({"ends_at": NOW + DAY}, "credentials", "the certificate ends on 2026-09-22 14:13:20 (UTC)"),
        ({"token": None}, "credentials", "does not answer"),
        ({"trial": Refused("403", status=403, request_id="r-1")}, "graph", "request-id r-1"),
        ({"trial": None}, "graph", "no answer"),
        ({"left": True}, "graph", "could not be deleted"),
        ({"package": ("muster.zip was built with other settings",)}, "app package", "other settings"),
    ],
)
def test_what_is_seen_is_named(seen: dict[str, object], check: str, says: str) -> None:
    """Each thing that can be seen to be wrong is the only one to do, in words that say what it is."""
    found = todo(judged(case(**seen)))  # type: ignore[arg-type]  # fields by name
    assert list(found) == [check]
    assert says in found[check]


def test_a_mistyped_setting_is_to_be_renamed() -> None:
    """It is named first, with what to call it, as it may explain the rest; what is like no setting is only named."""
    ignored = (("MUSTER_HOST", "MUSTER_HOSTS"), ("MUSTER_X", ""))
    found = judged(case(replace(SETTINGS, ignored=ignored)))
    assert list(todo(found)) == ["settings"]
    assert found[0].step is not None
    assert found[0].step.do == "Rename MUSTER_HOST to MUSTER_HOSTS"
    other, *_ = judged(case(replace(SETTINGS, ignored=ignored[1:])))
    assert (other.status, "MUSTER_X is no setting" in other.says) == (Status.OK, True)


def test_a_person_s_own_sign_in_needs_no_policy() -> None:
    """Where people sign in, nothing is looked at that only the app's own permission needs."""
    settings = replace(SETTINGS, auth="user", oauth_connection="graph")
    found = judged(case(settings, trial=None, sign_in=""))
    assert todo(found) == {}
    off = {one.check for one in found if one.status is Status.OFF}
    assert {"graph", "access policy", "host", "dial-in"} <= off
    away = judged(case(settings, trial=None, sign_in=NotDone("away")))
    assert "Token Service does not answer" in todo(away)["sign-in"]
    assert "sign-in" in {one.check for one in judged(case(settings, "", trial=None)) if one.until == "graph"}


def test_grants_of_a_chat_count_where_doctor_is_asked_in_it() -> None:
    """Reading posts is looked at in a chat alone, and only where it is switched on."""
    settings = replace(SETTINGS, read_messages=True)
    assert "reading posts" not in {one.check for one in judged(case(settings))}
    assert "reading posts" in todo(judged(case(settings, reads="403"), here=True))
    assert "did not say" in todo(judged(case(settings), here=True))["reading posts"]
    assert todo(judged(case(settings, reads=""), here=True)) == {}
    assert todo(judged(case(), here=True)) == {}


@pytest.mark.parametrize("token", ["", "a.b.c", "x", "e30.W10.e30", "e30.e30.e30"])
def test_a_token_that_cannot_be_read_says_nothing(token: str) -> None:
    """Whatever a token holds, reading it raises nothing."""
    assert read_claims(token) == Claims("", "", "", 0, frozenset())


async def test_a_credential_that_cannot_be_used_says_why() -> None:
    """A certificate that is no file of a key is named as what is wrong with the credentials."""
    tokens = NoTokens("its tenant: MicrosoftAppCertificatePath cannot be read")
    with pytest.raises(CredentialsWrong) as caught:
        await tokens.token(TENANT, "scope")
    tokens.revoked(TENANT, "scope", "token")
    found = judged(case(token=caught.value))
    step = next(one.step for one in found if one.check == "credentials")
    assert step is not None
    assert step.do == "MicrosoftAppCertificatePath cannot be read"


def test_the_end_of_a_certificate_is_read(tmp_path: Path) -> None:
    """A certificate's end is known from its file; a password and a broken file have none."""
    file = tmp_path / "app.pem"
    file.write_bytes(certificates.made().pem())
    assert ends_at(Certificate(str(file), Secret(""), "")) == certificates.FAR.timestamp() * 1000
    file.write_bytes(b"no key")
    assert ends_at(Certificate(str(file), Secret(""), "")) is None
    assert ends_at(Password(Secret("p"))) is None


def test_a_date_is_read_as_http_writes_it() -> None:
    """A Date header is a time in ms; anything else is none."""
    assert date_of("Thu, 01 Jan 1970 00:00:10 GMT") == 10_000
    assert [date_of(header) for header in ("", "yesterday", "Thu, 99 Jan 1970 00:00:10 GMT")] == [None, None, None]
