"""The chat in a terminal: you are a person in #incidents; what you type reaches the bot as Teams would send it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence

from bot.sandbox import attending, breaking, explain, phones, windows
from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Console
from bot.sandbox.display import Display, place
from bot.sandbox.posts import Post
from bot.sandbox.teams_client import Delivery, TeamsClient
from bot.sandbox.tenant import Chat, Person
from bot.sandbox.usage import USAGE, unknown

ANSWER_WITHIN_SECONDS = 5.0
"""After so long the chat goes on; what comes later is shown when it comes."""

_DAY = 86_400.0

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


class Quit(Exception):
    """The chat is over."""


class Talk:
    """One person at a time, in one chat, with one bot. `problems` counts messages that the bot did not take.

    `answered` says whether the last message had an answer; `explains`, whether its calls are shown each time.
    `log` returns what the bot has logged so far; `speak` lets its posts be in a language, and returns what to say.
    """

    def __init__(self, cloud: Cloud, client: TeamsClient, console: Console, display: Display) -> None:
        self.person: Person = cloud.tenant.ana
        self.chat: Chat = cloud.tenant.incidents
        self.patience = ANSWER_WITHIN_SECONDS
        self.problems = 0
        self.explains = False
        self.log: Callable[[], Sequence[str]] = tuple
        self.speak: Callable[[str], Awaitable[str]] = _nothing
        self.hints = False
        self.answered = False
        self.busy = False
        self._cloud = cloud
        self._client = client
        self._console = console
        self._display = display
        self._account = cloud.signing_in(client)
        self._last: Delivery | None = None
        self._dialog: Delivery | None = None
        self._since = 0
        self._logged: frozenset[str] = frozenset()
        self._verbs = self._by_word()

    def _by_word(self) -> dict[str, Callable[[str], Awaitable[None]]]:
        return {
            "/as": self._as,
            "/in": self._in,
            "/thread": self._thread,
            "/reply": self._thread,
            "/edit": self._edit,
            "/delete": self._delete,
            "/redeliver": self._redeliver,
            "/lang": self._lang,
            "/join": self._join,
            "/leave": self._leave,
            "/fault": self._fault,
            "/install": self._install,
            "/compose": self._compose,
            "/about": self._about,
            "/fill": self._fill,
            "/answer": self._answer,
            "/decline": self._decline,
            "/explain": self._explain,
            "/help": self._list,
            "/quit": self._quit,
            "card": self._card,
            "help": self._help,
            "quit": self._quit,
            "exit": self._quit,
        }

    @property
    def prompt(self) -> str:
        """Return what stands before the line being typed."""
        return f"{self.person.first_name} > "

    def header(self) -> str:
        """Return where and who you are."""
        others = [other for other in self._cloud.tenant.members(self.chat) if other is not self.person]
        names = ", ".join(other.first_name + (" (guest)" if other.guest else "") for other in others)
        also = f" · also here: {names}" if names else ""
        return f"{place(self.chat)} · you are {self.person.name}{also}"

    def become(self, name: str) -> bool:
        """Be somebody from now on; say who there is if there is nobody of that name, and return whether there is."""
        person = self._cloud.tenant.person(name)
        if person is None:
            names = ", ".join(each.first_name for each in self._cloud.tenant.people)
            self._console.show(f"  Nobody here is called {name!r}. There are: {names}.")
            return False
        self.person = person
        if self.chat.kind == "personal" or person.oid not in self.chat.members:
            self.chat = self._cloud.tenant.incidents
        return True

    async def line(self, text: str) -> None:
        """Do what a line says: a word of the chat, a button's number, else it is said to the bot. Raises Quit."""
        text = text.strip()
        if not text:
            return
        self.busy = True
        try:
            await self._line(text)
        finally:
            self.busy = False
            self._cloud.journal.changed()

    async def watch(self) -> None:
        """Show what comes while nobody waits for it, until cancelled."""
        while True:
            try:
                await self._cloud.until(lambda: not self.busy and bool(self._display.news), seconds=_DAY)
            except TimeoutError:
                continue
            self._display.show_news()

    async def _line(self, text: str) -> None:
        first, _, rest = text.partition(" ")
        word = first.lower()
        if text.isdecimal():
            await self._press(int(text))
        elif word in self._verbs and (word.startswith("/") or not rest):
            await self._verbs[word](rest.strip())
        elif text.startswith("/"):
            self._console.show(unknown(word))
        else:
            await self._say(text)

    async def _say(self, text: str, *, root: str = "") -> None:
        delivery = await self._wait(self._client.say(self.person, self.chat, text, root=root))
        self._last = delivery

    async def _wait(self, sending: Coroutine[None, None, Delivery]) -> Delivery:
        """Send, wait for what the bot does, and show it with its timing."""
        self._since = len(self._cloud.journal.exchanges)
        self._logged = frozenset(self.log())
        self.answered = False
        delivery = await sending
        if delivery.error or delivery.problems():
            self.problems += 1
            self._console.show(f"  Muster did not take it: {delivery.error or '; '.join(delivery.problems())}")
            return delivery
        if dialog := windows.drawn(delivery):
            self._dialog = delivery
            self._console.show(dialog)
        else:
            self._display.answered(self.person, delivery.body)
        if await self._display.settled(seconds=self.patience):
            self.answered = True
            await self._sign_in_silently()
            fresh = self._display.show_news()
            timing = self._display.timing(self._since) if any(not post.visible_to for post in fresh) else ""
            if timing:
                self._console.show(timing + ("   /explain shows them" if self.hints else ""))
        elif self.hints and not delivery.body:
            self._console.show(explain.silence(line for line in self.log() if line not in self._logged))
        if self.explains:
            await self._explain("")
        return delivery

    async def _press(self, number: int) -> None:
        found = self._display.numbers.behind(number)
        post = self._display.post(found[0]) if found else None
        if found is None or post is None:
            self._console.show(f"  No button has the number {number}. The highest is {self._display.numbers.last}.")
            return
        action = found[1]
        title = action.get("title") or action.get("verb")
        if action["type"] == "Action.OpenUrl":
            self._console.show(f"  {title} opens, in Teams or a browser:\n  {action.get('url')}")
            if attending.is_meeting(self._cloud, str(action.get("url"))):
                await self._join("")
        elif action["type"] == "signin":
            await self._sign_in(post)
        elif action["type"] == "Action.ToggleVisibility":
            self._display.toggle(post, action)
        else:
            await self._invoke(number, str(title))

    async def _invoke(self, number: int, title: str) -> None:
        found = self._display.numbers.behind(number)
        post = self._display.post(found[0]) if found else None
        if post is None:
            return
        try:
            await self._wait(self._client.press(self.person, post, title))
        except PermissionError:
            self._console.show(f"  {self.person.first_name} does not see that message.")
        except LookupError:
            self._console.show("  That button is gone: the post was edited.")

    async def _sign_in_silently(self) -> None:
        """Let Teams try what it tries before it shows a sign-in card: with its own token, outside channels."""
        for post in self._display.news:
            person = self._cloud.tenant.person(post.visible_to) or self.person
            answers = await self._account.silently(person, post)
            if answers and post.deleted:
                self._console.show(f"  Teams signed {person.first_name} in by itself.")
                await self._display.settled(seconds=self.patience)
            elif answers:
                self._console.show(f"  Teams can't sign {person.first_name} in by itself yet, and shows the button:")

    async def _sign_in(self, post: Post) -> None:
        """Open the sign-in in the browser, consent, and let the code that it ends with reach the bot."""
        if post.visible_to not in ("", self.person.id):
            self._console.show(f"  {self.person.first_name} does not see that message.")
            return
        self._console.show(f"  A browser opens; {self.person.first_name} signs in and consents.")
        await self._wait(self._account.in_the_browser(self.person, post))

    async def _as(self, rest: str) -> None:
        name, _, text = rest.partition(" ")
        before, where = self.person, self.chat
        if not self.become(name):
            return
        if not text.strip():
            self._console.show(self.header())
            return
        try:
            await self._line(text.strip())
        finally:
            self.person, self.chat = before, where

    async def _in(self, rest: str) -> None:
        chat = self._chat(rest.lstrip("#").casefold())
        if chat is None:
            self._console.show("  " + USAGE["/in"])
            return
        self.chat = chat
        self._console.show(self.header())

    def _chat(self, name: str) -> Chat | None:
        tenant = self._cloud.tenant
        if name in ("personal", "me"):
            return tenant.personal_chat(self.person)
        kinds = {"channel": "channel", "group": "groupChat"}
        wanted = [
            chat
            for chat in tenant.chats
            if self.person.oid in chat.members and (chat.kind == kinds.get(name) or chat.name.casefold() == name)
        ]
        return wanted[0] if wanted else None

    async def _thread(self, text: str) -> None:
        if self._last is None or self.chat.kind != "channel":
            self._console.show("  There is no thread yet: say something in a channel first.")
        elif not text:
            self._console.show("  " + USAGE["/thread"])
        else:
            await self._say(text, root=self._last.conversation_id.partition(";messageid=")[2])

    async def _edit(self, text: str) -> None:
        if self._last is None or not text:
            self._console.show("  " + USAGE["/edit"])
            return
        tag = f"@{self._cloud.tenant.bot_name}"
        marked = text if tag in text or self.chat.kind == "personal" else f"{tag} {text}"
        await self._wait(self._client.edit(self._last, marked))

    async def _delete(self, _: str) -> None:
        if self._last is not None:
            await self._wait(self._client.delete(self._last))

    async def _redeliver(self, _: str) -> None:
        if self._last is None:
            self._console.show("  Nothing was said yet.")
            return
        delivery = self._last
        copies = await self._client.redeliver(delivery)
        self._console.show(f"  Teams sent the same message again; Muster answered {copies[0].status or 'nothing'}.")
        if await self._display.settled(seconds=1):
            self._display.show_news()

    async def _install(self, _: str) -> None:
        await self._wait(windows.installed(self._client, self.person, self.chat))

    async def _compose(self, subject: str) -> None:
        await self._wait(windows.composed(self._client, self.person, self.chat, subject))

    async def _about(self, _: str) -> None:
        if self._last is None:
            self._console.show("  Nothing was said yet.")
            return
        await self._wait(windows.about(self._client, self.person, self._last))

    async def _fill(self, text: str) -> None:
        try:
            await self._wait(windows.filled(self._client, self._cloud.tenant, self._dialog, text))
        except LookupError as error:
            self._console.show(f"  {error.args[0]}")

    async def _answer(self, name: str) -> None:
        await attending.told(phones.taken(self._cloud, name), self._console, self._display)

    async def _decline(self, name: str) -> None:
        await attending.told(phones.declined(self._cloud, name), self._console, self._display)

    async def _lang(self, tag: str) -> None:
        if not _TAG.fullmatch(tag):
            self._console.show("  " + USAGE["/lang"])
            return
        for person in self._cloud.tenant.people:
            person.locale = tag
        self._console.show(f"  Everybody's Teams is in {tag} now, and so is what only they see.")
        if said := await self.speak(tag):
            self._console.show(f"  {said}")

    async def _fault(self, rest: str) -> None:
        self._console.show(breaking.change(self._cloud.faults, rest))

    async def _join(self, names: str) -> None:
        await attending.shown(attending.join(self._cloud, names, self.person), self._console, self._display)

    async def _leave(self, names: str) -> None:
        await attending.shown(attending.leave(self._cloud, names, self.person), self._console, self._display)

    async def _explain(self, _: str) -> None:
        reasons = explain.chosen(line for line in self.log() if line not in self._logged)
        calls = explain.report(self._cloud.journal.exchanges[self._since :])
        self._console.show("\n\n".join(filter(None, (reasons, calls))) or "  Nothing was sent yet.")

    async def _card(self, _: str) -> None:
        self._display.redraw()

    async def _list(self, _: str) -> None:
        self._console.show("  In this chat:\n" + "\n".join(f"    {line}" for line in USAGE.values()))

    async def _help(self, _: str) -> None:
        await self._say("help")
        await self._list("")

    async def _quit(self, _: str) -> None:
        raise Quit


async def chat(talk: Talk, console: Console) -> None:
    """Read lines and do what they say until the end of input, Ctrl-C or `quit`."""
    watching = asyncio.create_task(talk.watch())
    try:
        while True:
            await talk.line(await console.ask(talk.prompt))
    except (Quit, EOFError, KeyboardInterrupt):
        return
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _nothing(_: str) -> str:
    """Leave the bot's posts in the language that they have."""
    return ""
