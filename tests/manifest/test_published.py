"""Microsoft's schemas are had from a file, from Microsoft's site or from npm's package, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpServer

from bot.errors import SettingsError
from bot.manifest.published import LARGEST, NotPublished, fetched, given, installed
from bot.manifest.schemas import Schemas
from bot.sandbox.authority import Authority

MANIFEST = {"properties": {"name": {"type": "string", "pattern": r"^\p{L}+$"}, "version": {"const": "1.29"}}}
OTHERS = {
    "properties": {"name.short": {"maxLength": 3}},
    "patternProperties": {"^bots": {}},
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """Whom the reader trusts."""
    made = Authority()
    yield made
    made.close()


async def site(aiohttp_server: AiohttpServer, authority: Authority) -> str:
    """Microsoft's site, with schemas 1.24 to 1.30, each served in another way; return how its addresses look."""

    async def serve(request: web.Request) -> web.Response:
        version, localization = request.match_info["version"], "Localization" in request.path
        moved = {
            "1.25": request.url.with_path(request.path.replace("1.25", "1.24")),
            "1.26": request.url.with_host("127.0.0.1"),
            "1.27": request.url.with_scheme("http"),
            "1.28": request.url,
        }
        if version in moved:
            raise web.HTTPFound(moved[version])
        if version == "1.29":
            raise web.HTTPNotFound
        if version == "1.30":
            return web.Response(body=bytes(LARGEST + 1))
        if localization:
            raise web.HTTPNotFound
        return web.json_response(MANIFEST)

    app = web.Application()
    app.router.add_get("/teams/v{version}/{name}", serve)
    started = await aiohttp_server(app, ssl=authority.server_context)
    return f"https://localhost:{started.port}/teams/v{{}}/MicrosoftTeams.schema.json"


@pytest.mark.parametrize("version", ["1.24", "1.25"])
async def test_a_schema_is_fetched(version: str, aiohttp_server: AiohttpServer, authority: Authority) -> None:
    """Microsoft's site is asked over https, and may send to another place of its own."""
    address = await site(aiohttp_server, authority)
    found = await fetched(version, authority.client_context(), address)
    assert found == Schemas(MANIFEST, None, address.format(version))


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("1.26", "sends to another place, 127.0.0.1"),
        ("1.27", "sends to another place"),
        ("1.28", "sends in circles"),
        ("1.29", "answers 404"),
        ("1.30", "sends more than a schema"),
    ],
)
async def test_what_is_no_schema_is_said(
    version: str, why: str, aiohttp_server: AiohttpServer, authority: Authority
) -> None:
    """Another host, no https, circles, an error and what is too large are refused with their reason."""
    address = await site(aiohttp_server, authority)
    with pytest.raises(NotPublished, match=why):
        await fetched(version, authority.client_context(), address)


async def test_a_stranger_on_the_way_is_not_believed(aiohttp_server: AiohttpServer, authority: Authority) -> None:
    """A site whose certificate nobody vouches for is not asked."""
    address, other = await site(aiohttp_server, authority), Authority()
    with pytest.raises(NotPublished, match="localhost cannot be reached"):
        await fetched("1.24", other.client_context(), address)
    other.close()


def test_a_schema_is_read_from_a_file(tmp_path: Path) -> None:
    """`--schema FILE` takes the other languages' schema too where it lies beside it, and says what is no schema."""
    file, beside = (
        tmp_path / "MicrosoftTeams.schema.1.30.json",
        tmp_path / "MicrosoftTeams.Localization.schema.1.30.json",
    )
    file.write_text(json.dumps(MANIFEST), encoding="utf-8")
    assert given(file).localization is None
    beside.write_text(json.dumps(OTHERS), encoding="utf-8")
    assert given(file) == Schemas(MANIFEST, OTHERS, str(file))
    for content, why in (("[]", "no JSON schema"), ("{", "no JSON schema"), ("{}", "no JSON schema")):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(SettingsError, match=why):
            given(file)
    with pytest.raises(SettingsError, match="cannot be read"):
        given(tmp_path / "nothing.json")


def test_a_schema_is_found_in_npms_package(tmp_path: Path) -> None:
    """Where `@microsoft/app-manifest` is installed, its schema of the version that is wanted is taken."""
    folder = tmp_path / "node_modules" / "@microsoft" / "app-manifest" / "build" / "json-schemas" / "teams" / "v1.29"
    folder.mkdir(parents=True)
    (folder / "MicrosoftTeams.schema.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    (folder / "MicrosoftTeams.Localization.schema.json").write_text(json.dumps(OTHERS), encoding="utf-8")
    found = installed("1.29", (tmp_path / "elsewhere", tmp_path))
    assert found is not None
    assert (found.manifest, found.localization) == (MANIFEST, OTHERS)
    assert installed("1.30", (tmp_path,)) is None


def test_a_schema_is_taken_at_its_word() -> None:
    """What it says of constants, names and lengths counts; a pattern that Python does not know stops nobody."""
    schemas = Schemas(MANIFEST, OTHERS, "here")
    assert [*schemas.departures({"name": "5", "version": "1.30"})] == [(("version",), "'1.29' was expected")]
    told = dict(schemas.departures({"name.short": "Muster", "bots[0]": "", "x": 1}, language=True))
    assert told == {("name.short",): "'Muster' is too long", ("x",): "nothing of this name is known"}
    assert [*Schemas(MANIFEST, None, "here").departures({"x": 1}, language=True)] == []
