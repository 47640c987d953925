"""What the chats show of the bot: new posts drawn, an edit as one line, whispers by name; and how long it took."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len

from bot.sandbox import draw
from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Console, Look
from bot.sandbox.draw import Drawing, Numbers
from bot.sandbox.journal import Exchange
from bot.sandbox.lines import printable, readable, wrapped
from bot.sandbox.posts import Post
from bot.sandbox.signing_in import as_card, sign_in_card
from bot.sandbox.tenant import Chat, Person

EDITED = "the same post, edited"
QUIET_SECONDS = 0.3
"""Nothing more is coming when nothing came for so long and no call is under way."""


@dataclass(slots=True)
class Seen:
    """How much of a post was shown: the number of its versions, and its highest button."""

    versions: int = 0
    deleted: bool = False


class Display:
    """Shows each change in the chats once. `numbers` are the buttons; `last` is the post that `card` draws again."""

    def __init__(self, cloud: Cloud, console: Console, look: Look) -> None:
        self.numbers = Numbers()
        self.last: Post | None = None
        self._cloud = cloud
        self._console = console
        self._look = look
        self._seen: defaultdict[str, Seen] = defaultdict(Seen)
        self._shown: defaultdict[str, set[str]] = defaultdict(set)
        self._read: dict[str, list[str]] = {}

    @property
    def news(self) -> list[Post]:
        """Return the bot's posts that changed since they were shown, in order."""
        return [post for post in self._own() if self._changed(post)]

    def show_news(self) -> list[Post]:
        """Show what changed, and return the posts that are new."""
        changed = self.news
        fresh = [post for post in changed if not self._seen[_key(post)].versions]
        for post in changed:
            self._show_change(post, fresh=post in fresh)
        return fresh

    def redraw(self) -> None:
        """Draw the last card again."""
        if self.last is None:
            self._console.show("  There is no card yet. Type: meet now")
        else:
            self._console.show(self.drawn(self.last))

    def toggle(self, post: Post, action: dict[str, Any]) -> None:
        """Show or hide what Action.ToggleVisibility names, and draw the card again."""
        shown = self._shown[_key(post)]
        for target in action.get("targetElements") or []:
            shown ^= {target if isinstance(target, str) else str(target.get("elementId"))}
        self._console.show(self.drawn(post))

    def post(self, key: str) -> Post | None:
        """Return the bot's post of a button."""
        return next((post for post in self._own() if _key(post) == key), None)

    def answered(self, person: Person, body: Any) -> None:  # noqa: ANN401 - any JSON
        """Show what a button's answer makes Teams show to the person who pressed: a text, or an error."""
        kind = body.get("type", "") if isinstance(body, dict) else ""
        if kind == "application/vnd.microsoft.activity.message":
            self._console.show(
                "\n".join(self._hanging(f"Only {person.first_name} sees:", str(body.get("value") or "")))
            )
        elif kind == "application/vnd.microsoft.error":
            value = body.get("value") or {}
            self._console.show(f"  Teams shows {person.first_name} an error: {printable(str(value.get('message')))}")

    def drawn(self, post: Post) -> str:
        """Return a post as it stands, drawn for this console."""
        drawing = self._drawing(post, draw.WIDTH - 4)
        self._read[_key(post)] = drawing.lines
        title = f"{self._cloud.tenant.bot_name} in {place(self._cloud.tenant.chat(post.conversation_id))}"
        if not self._look.boxes:
            return draw.plain(drawing, title)
        return draw.boxed(drawing, title, unicode=self._look.unicode)

    async def settled(self, *, seconds: float) -> bool:
        """Wait until the bot has shown something and is quiet; return whether it did so within `seconds`."""
        journal = self._cloud.journal
        try:
            await journal.until(lambda: bool(self.news) and _idle(journal.exchanges), seconds=seconds)
        except TimeoutError:
            return bool(self.news)
        while True:
            before = self._state()
            try:
                await journal.until(lambda now=before: self._state() != now, seconds=QUIET_SECONDS)  # type: ignore[misc] # bound now, on purpose
            except TimeoutError:
                if _idle(journal.exchanges):
                    return True

    def timing(self, first: int) -> str:
        """Return how long the card took since exchange `first` (the message), and the calls it needed; "" if none."""
        exchanges = self._cloud.journal.exchanges[first:]
        posts = [each for each in exchanges if each.operation == "connector.post" and each.status == 201]  # noqa: PLR2004 - Created
        if not posts:
            return ""
        milliseconds = posts[0].at + posts[0].ms - exchanges[0].at
        until = [each for each in exchanges if each.number <= posts[0].number]
        graph = sum(each.server == "graph" for each in until)
        teams = sum(each.server == "teams" for each in until)
        return (
            f"{milliseconds:.0f} ms from message to card: {graph} call{'s' * (graph != 1)} to Graph, {teams} to Teams."
        )

    def _own(self) -> list[Post]:
        return [post for post in self._cloud.board.posts if post.sender == self._cloud.tenant.bot_id]

    def _changed(self, post: Post) -> bool:
        seen = self._seen[_key(post)]
        if post.deleted:
            return seen.versions > 0 and not seen.deleted
        return len(post.versions) > seen.versions

    def _state(self) -> tuple[int, int]:
        return len(self._cloud.journal.exchanges), sum(len(post.versions) for post in self._own())

    def _show_change(self, post: Post, *, fresh: bool) -> None:
        self._seen[_key(post)] = Seen(len(post.versions), post.deleted)
        if post.visible_to:
            self._console.show(self._whisper(post))
            return
        if post.card is not None:
            self.last = post
        self._console.show(self.drawn(post) if fresh else self._edit(post))

    def _edit(self, post: Post) -> str:
        """Return the heading of a post in one line, and below it what it did not say before."""
        if post.deleted:
            return "  ~ the post was deleted"
        known = self.numbers.last
        drawing = self._drawing(post, draw.WIDTH - 4)
        fresh = [button for button in drawing.buttons if int(button[1 : button.index("]")]) > known]
        text = draw.GAP.join([f"  ~ {drawing.heading}", *fresh])
        edit = text + " " * max(3, draw.WIDTH - cell_len(text) - len(EDITED)) + EDITED
        before = self._read.get(_key(post), [])
        self._read[_key(post)] = drawing.lines
        new = [line for line in drawing.lines if line.strip() not in {"", drawing.heading, *map(str.strip, before)}]
        return "\n".join([edit, *(f"    {line.strip()}" for line in new)])

    def _whisper(self, post: Post) -> str:
        person = self._cloud.tenant.person(post.visible_to)
        lead = f"  Only {person.first_name if person else 'one person'} sees:"
        return draw.hanging(lead, self._drawing(post, draw.WIDTH - cell_len(lead) - 1))

    def _drawing(self, post: Post, width: int) -> Drawing:
        oauth = sign_in_card(post)
        card = as_card(oauth) if oauth else post.card
        if card is not None:
            number = self.numbers.of(_key(post))
            drawing = draw.drawing(card, number, width=width, shown=self._shown[_key(post)], wraps=self._look.boxes)
        else:
            drawing = Drawing()
        text = post.text or ("" if drawing.lines else str(post.activity.get("summary") or ""))
        drawing.lines[:0] = self._lines(text, width) if text else []
        return drawing

    def _hanging(self, lead: str, text: str) -> list[str]:
        width = draw.WIDTH - len(lead) - 3
        return [draw.hanging(f"  {lead}", Drawing(self._lines(text, width)))]

    def _lines(self, text: str, width: int) -> list[str]:
        return wrapped(readable(text), width if self._look.boxes else draw.UNWRAPPED)


def place(chat: Chat | None) -> str:
    """Return what people call a chat: `#incidents`, a group chat's name, `Ana Lima's own chat`."""
    if chat is None:
        return "a chat"
    if chat.kind == "channel":
        return f"#{chat.name}"
    return f"{chat.name}'s own chat" if chat.kind == "personal" else chat.name


def _key(post: Post) -> str:
    return f"{post.conversation_id} {post.id}"


def _idle(exchanges: list[Exchange]) -> bool:
    return all(exchange.done for exchange in exchanges)
