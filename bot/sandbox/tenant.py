"""The sandbox's fictional tenant: its people, teams, channels and chats, changed freely by whoever runs a cloud.

Names, numbers and addresses are made up (numbers reserved for fiction, hosts under `.example`). The state is mutable on
purpose: a test or a person at the terminal takes a licence away, blocks the bot, adds a channel of its own.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
import uuid
from dataclasses import dataclass, field
from functools import lru_cache

APP_ID = "1c0d6a52-3f4e-4b8a-9a51-6d2f0b7c9e10"
TENANT_ID = "5d2f8f0e-7f43-4a0c-8f57-0c9b1f6a2d31"
DOMAIN = "contoso.example"
BOT_NAME = "Muster"

TOLL_NUMBERS = ("+44 20 7946 0123", "+49 30 23125042")
TOLL_FREE_NUMBERS = ("+44 808 157 0192",)


@dataclass(slots=True)
class Person:
    """Somebody with an account: `oid` the Entra object id, `id` the connector's `29:…`, `zone` an IANA name.

    `licensed` is a Teams licence, `dial_in` an Audio Conferencing one, `video` a Cloud Video Interop one, `mailbox` an
    Exchange Online one. `policy` says whether an application access policy of their own names the bot; None: they have
    none, and the tenant's decides (facts/graph 3.2). `app_installed`: has the bot in 1:1; `blocked`: blocked it.
    """

    name: str
    upn: str
    oid: str
    id: str
    locale: str = "en-GB"
    country: str = "GB"
    zone: str = "Europe/London"
    guest: bool = False
    licensed: bool = True
    dial_in: bool = True
    mailbox: bool = True
    video: bool = False
    policy: bool | None = True
    app_installed: bool = True
    blocked: bool = False

    @property
    def first_name(self) -> str:
        """Return what colleagues call them at the terminal, such as `Ana`."""
        return self.name.split()[0]


@dataclass(slots=True)
class Team:
    """A team: `id` is its General channel's thread, `group_id` its Entra group, `owners` people's oids."""

    id: str
    name: str
    group_id: str
    owners: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Chat:
    """A place to talk: `kind` is Teams' conversationType (`channel`, `groupChat`, `personal`).

    `thread_id` is `19:…@thread.tacv2` for channels, `19:…@thread.v2` for group chats, an opaque `a:…` in 1:1.
    `membership` is Graph's membershipType of a channel: `standard`, `private` or `shared`. `members` are people's oids.
    `installed` is whether the bot is there; `disabled` whether an administrator switched it off.
    """

    thread_id: str
    kind: str
    name: str
    members: list[str] = field(default_factory=list)
    team: Team | None = None
    membership: str = "standard"
    installed: bool = True
    disabled: bool = False


class Tenant:
    """Everything the servers know about one organisation. Starts with the sample tenant.

    `cloud` is `public`, `gcc`, `gcch`, `dod` or `china`; `policy` whether the global application access policy names
    the bot; `monthly_limit` how many meetings Graph makes for one person in a month (facts/graph 3.4).
    """

    def __init__(self, *, tenant_id: str = TENANT_ID, app_id: str = APP_ID, bot_name: str = BOT_NAME) -> None:
        self.tenant_id = tenant_id
        self.app_id = app_id
        self.bot_id = f"28:{app_id}"
        self.bot_name = bot_name
        self.cloud = "public"
        self.policy = False
        self.monthly_limit = 2_000
        self.people: list[Person] = []
        self.consents: set[str] = set()  # what teams and chats allow the app (resource-specific consent)
        self.chats: list[Chat] = []
        self.ana = self.add_person("Ana Lima", locale="en-GB", country="DE", zone="Europe/Berlin")
        self.ben = self.add_person("Ben Okafor")
        self.chloe = self.add_person("Chloé Martin", locale="fr-FR", country="FR", zone="Europe/Paris", dial_in=False)
        self.kim = self.add_person(
            "Kim Park", locale="ko-KR", country="KR", zone="Asia/Seoul", guest=True, licensed=False, dial_in=False
        )
        self.kim.mailbox = False
        self.team = Team(thread("general", "tacv2"), "Platform team", _guid("group:Platform team"))
        self.incidents = self.add_channel("incidents")
        self.leads = self.add_group_chat("On-call leads", self.ana, self.ben, self.chloe)

    def add_person(self, name: str, **details: str | bool) -> Person:
        """Add and return somebody; `details` are fields of Person. A guest's UPN gets Entra's `#EXT#` form."""
        mailbox = name.lower().replace(" ", ".").replace("é", "e")
        upn = f"{mailbox}_fabrikam.example#EXT#@{DOMAIN}" if details.get("guest") else f"{mailbox}@{DOMAIN}"
        token = base64.urlsafe_b64encode(hashlib.sha256(f"person:{name}".encode()).digest()).decode().rstrip("=")
        person = Person(name, upn, _guid(f"person:{name}"), f"29:{token}")
        for key, value in details.items():
            setattr(person, key, value)
        self.people.append(person)
        return person

    def add_channel(
        self,
        name: str,
        *members: Person,
        membership: str = "standard",
        installed: bool = True,
        team: Team | None = None,
    ) -> Chat:
        """Add and return a channel of the team; without `members`, everybody is in it."""
        oids = [person.oid for person in members or self.people]
        chat = Chat(thread(name, "tacv2"), "channel", name, oids, team or self.team, membership, installed)
        self.chats.append(chat)
        return chat

    def add_group_chat(self, name: str, *members: Person, installed: bool = True) -> Chat:
        """Add and return a group chat of these people (default: everybody)."""
        oids = [person.oid for person in members or self.people]
        chat = Chat(thread(name, "v2"), "groupChat", name, oids, installed=installed)
        self.chats.append(chat)
        return chat

    def personal_chat(self, person: Person) -> Chat:
        """Return the 1:1 chat of somebody with the bot; it is made on first use."""
        thread_id = "a:" + hashlib.sha256(f"1:1:{person.oid}".encode()).hexdigest()[:40]
        found = self.chat(thread_id)
        if found is None:
            found = Chat(thread_id, "personal", person.name, [person.oid])
            self.chats.append(found)
        return found

    def person(self, key: str) -> Person | None:
        """Return whom an oid, a `29:…`, a UPN, a full or a first name means, else None.

        Neither case nor accents matter: few keyboards have them all.
        """
        key = _plain(key)
        for person in self.people:
            names = (person.oid, person.id, person.upn, person.name, person.first_name)
            if key in map(_plain, names):
                return person
        return None

    def chat(self, conversation_id: str) -> Chat | None:
        """Return the chat of a conversation id, with or without `;messageid=`, else None."""
        thread_id = conversation_id.partition(";")[0]
        return next((chat for chat in self.chats if chat.thread_id == thread_id), None)

    def app_may_host_for(self, person: Person) -> bool:
        """Tell whether an application access policy lets the bot act as somebody: their own before the global one."""
        return self.policy if person.policy is None else person.policy

    def members(self, chat: Chat) -> list[Person]:
        """Return the people of a chat, in its order."""
        by_oid = {person.oid: person for person in self.people}
        return [by_oid[oid] for oid in chat.members if oid in by_oid]

    def bot_may_post(self, chat: Chat) -> str:
        """Return "" where the bot may post, else Teams' error code (facts/teams 3.6)."""
        if chat.disabled:
            return "BotDisabledByAdmin"
        if chat.kind == "personal":
            person = self.members(chat)[0]
            if person.blocked:
                return "ConversationBlockedByUser"
            return "" if person.app_installed else "BotNotInConversationRoster"
        return "" if chat.installed else "BotNotInConversationRoster"


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def thread(name: str, generation: str) -> str:
    """Return a thread id as Teams makes them: `19:<32 hex>@thread.<generation>`, always the same for the same name."""
    return f"19:{hashlib.md5(f'thread:{name}'.encode(), usedforsecurity=False).hexdigest()}@thread.{generation}"


def _guid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://{DOMAIN}/{name}"))
