from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import app
from bot.clouds import CLOUDS
from bot.errors import MeetingsError, SendError
from bot.model import Chat, ChatKind, Person
from bot.sandbox.cloud import Cloud
from bot.settings import Settings
from tests.journeys.fast_clock import bot

pytestmark = pytest.mark.usefixtures("untraced")

LOCAL = {"localhost", "127.0.0.1"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the hosts that anything here looks for; none of them is found but this machine."""
    names: set[str] = set()
    real = socket.getaddrinfo

    def look_up(host: Any, *more: Any, **options: Any) -> Any:  # noqa: ANN401 - the socket library's own
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name in LOCAL:
            return real(host, *more, **options)
        names.add(name)
        raise socket.gaierror(socket.EAI_NONAME, name)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return names


def settings(cloud: Cloud, folder: Path, name: str, **more: str) -> Settings:
    """Return the settings of a bot in one of Microsoft's clouds, with its own endpoints."""
    ours = cloud.environment(0) | {"MUSTER_STORE": f"sqlite:///{folder}/muster.db"}
    own = {key: value for key, value in ours.items() if not key.endswith(("_URL", "CONNECTOR_HOSTS"))}
    return Settings.from_env({**own, "MUSTER_CLOUD": name, **more})


@pytest.mark.parametrize("name", CLOUDS)
async def test_every_endpoint_of_a_cloud_is_used_and_no_other(
    cloud: Cloud, tmp_path: Path, name: str, asked: set[str]
) -> None:
    """A bot in GCC High speaks to GCC High alone, for keys, tokens, Graph, people's sign-ins and the connector."""
    theirs = CLOUDS[name]
    async with contextlib.AsyncExitStack() as stack:
        edges = await app._edges(stack, settings(cloud, tmp_path, name), app.REAL)
        with pytest.raises(MeetingsError):
            await edges.tokens.token(cloud.tenant_id, theirs.bot_scope)
        assert not await edges.teams.keys.refresh()
    # With tokens at hand, which only an Entra that can be reached gives, the rest is spoken to.
    cloud.entra.move(theirs.token_issuer)
    cloud.entra.audiences.add(theirs.graph_url)
    async with contextlib.AsyncExitStack() as stack:
        mine = settings(cloud, tmp_path, name, MUSTER_LOGIN_URL=cloud.entra_url, MUSTER_OAUTH_CONNECTION="graph")
        edges = await app._edges(stack, mine, app.REAL)
        with pytest.raises(MeetingsError):
            await edges.meetings.read(cloud.tenant_id, "/me", reference="7F3K-92QD")
        assert edges.teams.users is not None
        with pytest.raises(MeetingsError):
            await edges.teams.users.token(cloud.tenant_id, Person("29:ana", "", "Ana"))
        for host in theirs.connector_hosts:
            chat = Chat(cloud.tenant_id, "19:leads@thread.v2", ChatKind.GROUP, service_url=f"https://{host}/teams/")
            with pytest.raises(SendError):
                await edges.teams.messenger.delete(chat, chat.thread_id, "1")
    urls = (theirs.graph_url, theirs.login_url, theirs.openid_metadata_url, theirs.token_service_url)
    own = {urlsplit(url).hostname for url in urls}
    assert asked == own | set(theirs.connector_hosts)


@pytest.mark.parametrize("name", ["gcch", "dod"])
async def test_people_meet_in_the_clouds_of_the_government(cloud: Cloud, tmp_path: Path, name: str) -> None:
    """Where Graph's beta is missing, a channel gets a meeting of its own, and its card says so at once."""
    cloud.entra.move(CLOUDS[name].token_issuer)
    tenant = cloud.tenant
    async with bot(cloud, tmp_path, app.REAL, MUSTER_CLOUD=name) as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
        (made,) = cloud.journal.find("graph.createOrGet")
        assert made.path.startswith("/v1.0/")
        assert "chatInfo" not in made.request
        assert "This meeting has its own chat" in journey.texts(tenant.incidents)[0]


async def test_what_another_cloud_signed_is_not_let_in(cloud: Cloud, tmp_path: Path) -> None:
    """A bot in GCC High refuses what the worldwide Teams would send."""
    tenant = cloud.tenant
    async with bot(cloud, tmp_path, app.REAL, MUSTER_CLOUD="gcch") as journey:
        delivery = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        assert delivery.status in {401, 403}
