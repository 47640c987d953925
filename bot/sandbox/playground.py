"""`--playground`: Microsoft 365 Agents Playground, run from npm and never kept, in front of the same bot."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from bot.sandbox.child import Child, Stopped, free_port
from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Console
from bot.sandbox.relay import Relay
from bot.sandbox.tenant import DOMAIN, Person, Tenant

PACKAGE = "@microsoft/m365agentsplayground@0.2.28"
PORT = 56150
READY = "Listening on"
INSTALLS_WITHIN_SECONDS = 300.0
NO_NPM = (
    "  no  Playground   it comes from npm, and npx is not here. Repair: install Node.js 20 or newer from "
    "https://nodejs.org, then run the demo again. The chat in the terminal needs none of it: python app.py demo"
)
_NO_SCREEN = "none"


def tenant() -> Tenant:
    """Return the sample tenant with two more people: the Playground wants exactly five besides the one who types."""
    made = Tenant()
    made.add_person("Dan Weber", locale="de-DE", country="DE", zone="Europe/Berlin")
    made.add_person("Eve Novak", locale="cs-CZ", country="CZ", zone="Europe/Prague")
    for chat in made.chats:
        chat.members = [person.oid for person in made.people]
    return made


def settings(people: Tenant) -> str:
    """Return the Playground's settings file: the sample people and chats under the ids that Teams would give them.

    The format is YAML, of which JSON is a part; the key is spelt `userPrincipleName` there.
    """
    first, *others = (_user(person) for person in people.people)
    group = next(chat for chat in people.chats if chat.kind == "groupChat")
    channels = [chat for chat in people.chats if chat.kind == "channel"]
    data: dict[str, Any] = {
        "version": "0.1.0",
        "tenantId": people.tenant_id,
        "bot": {"id": people.bot_id, "name": people.bot_name},
        "currentUser": first,
        "users": others,
        "personalChat": {"id": people.personal_chat(people.ana).thread_id},
        "groupChat": {"id": group.thread_id, "name": group.name},
        "team": {
            "id": people.team.id,
            "name": people.team.name,
            "aadGroupId": people.team.group_id,
            "channels": [{"id": chat.thread_id, "name": chat.name} for chat in channels],
        },
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def command(npx: str, endpoint: str, port: int) -> tuple[str, ...]:
    """Return the command line that starts the Playground towards an endpoint, on a port, without telemetry."""
    return (npx, "--yes", PACKAGE, "start", "-e", endpoint, "-c", "msteams", "-p", str(port), "--dt")


async def run(cloud: Cloud, bot_url: str, console: Console, folder: Path) -> int:
    """Run the Playground until it is closed or Ctrl-C; return 0, or 2 if it cannot start."""
    npx = shutil.which("npx")
    if npx is None:
        console.show(NO_NPM)
        return 2
    port = free_port(PORT)
    relay = Relay(cloud, bot_url, f"http://127.0.0.1:{port}/_connector")
    await relay.start(0)
    (folder / ".m365agentsplayground.yml").write_text(settings(cloud.tenant), encoding="utf-8")
    playground = Child(command(npx, relay.endpoint, port), _environment(), folder)
    try:
        console.show("Starting Microsoft 365 Agents Playground from npm; the first time this takes a minute.")
        await playground.start()
        await playground.ready(lambda: _listens(playground), seconds=INSTALLS_WITHIN_SECONDS)
        console.show(f"  ok  Playground   http://127.0.0.1:{port}   Ctrl-C ends it. Say @Muster meet now there.")
        await playground.ended()
    except Stopped as stopped:
        said = "\n".join(f"      | {line}" for line in stopped.lines[-8:])
        console.show(f"  no  Playground   {stopped}. Repair: npx --yes {PACKAGE} --version\n{said}")
        return 2
    finally:
        await playground.stop()
        await relay.stop()
    return 0


def _user(person: Person) -> dict[str, str]:
    given, _, family = person.name.partition(" ")
    mail = person.upn if not person.guest else f"{given.lower()}@guests.{DOMAIN}"
    return {
        "id": person.id,
        "name": person.name,
        "userPrincipleName": person.upn,
        "aadObjectId": person.oid,
        "givenName": given,
        "surname": family,
        "email": mail,
    }


def _environment() -> dict[str, str]:
    """Return the machine's environment; a browser opens only where there is a display and something to open it with.

    The Playground ends where Linux has no xdg-open; of all variables it heeds TEAMSAPPTESTER_BROWSER alone.
    """
    environment = dict(os.environ)
    screen = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    if sys.platform not in ("win32", "darwin") and not (screen and shutil.which("xdg-open")):
        environment.update(BROWSER=_NO_SCREEN, TEAMSAPPTESTER_BROWSER=_NO_SCREEN)
    return environment


def _listens(playground: Child) -> bool:
    return any(READY in line for line in playground.lines)
