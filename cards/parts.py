"""What a card consists of before it is an Adaptive Card: lines, buttons, and what *More* hides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Union

from cards import escape, fitting
from cards.words import Words

SHORT = 40
"""Characters of a name on a button that says a command."""


class Look(StrEnum):
    """How a line stands out."""

    HEADING = "heading"
    TEXT = "text"
    SUBTLE = "subtle"


class Act(StrEnum):
    """What a button does: opens an address, asks the bot, shows what is hidden in the card, or opens a dialog."""

    OPEN = "open"
    PRESS = "press"
    SHOW = "show"
    DIALOG = "dialog"


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to an address."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class At:
    """Somebody who is mentioned: their name, and the id by which Teams knows them."""

    name: str
    id: str

    @property
    def tag(self) -> str:
        """Return how a mention stands in a card's text; an entity of the same text says who it is (facts/teams 3.5)."""
        return f"<at>{escape.clean(self.name).replace('<', '').replace('>', '')}</at>"


Value = Union[str, Link, At, "Line"]
"""What a template's `{name}` stands for: words, a link, a mention, or words of ours around some more values."""


class _Shown(dict[str, str]):
    """Values as they are shown, each made when a template asks for it: most lines name one or two of them."""

    def __init__(self, values: Mapping[str, Value], show: Callable[[Value], str]) -> None:
        super().__init__()
        self._values = values
        self._show = show

    def __missing__(self, name: str) -> str:
        return self._show(self._values[name])


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph: a translated template of ours and the values in its `{names}`, which may be anybody's.

    `longest` is how many characters of each value are shown.
    """

    template: str
    values: Mapping[str, Value] = field(default_factory=dict)
    look: Look = Look.TEXT
    longest: int = escape.LONGEST

    def markdown(self, *, rtl: bool = False) -> str:
        """Return the line for a TextBlock; only the template's own marks format."""
        return escape.line_start(self._markdown(rtl=rtl))

    def plain(self, *, rtl: bool = False) -> str:
        """Return the line in plain words."""
        if not self.values:
            return self.template.replace("**", "")
        shown = _Shown(self.values, lambda value: _in_plain(value, self.longest, rtl=rtl))
        return self.template.replace("**", "").format_map(shown)

    def _markdown(self, *, rtl: bool) -> str:
        if not self.values:
            return self.template
        shown = _Shown(self.values, lambda value: _in_markdown(value, self.longest, rtl=rtl))
        return self.template.format_map(shown)


@dataclass(frozen=True, slots=True)
class Button:
    """One button. `target` is the address, the command line it says, the id of what it shows, or the dialog's name."""

    act: Act
    title: str
    target: str
    tooltip: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """Buttons beside each other."""

    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a button of the same card shows."""

    name: str
    parts: tuple[Line | Row, ...]


Part = Line | Row | Hidden


@dataclass(frozen=True, slots=True)
class Content:
    """All that a card says, in reading order, and its one sentence for lock screens."""

    words: Words
    parts: tuple[Part, ...]
    summary: Line


def join(subject: str, url: str, says: Words) -> tuple[Button, ...]:
    """Return the button that leads into a meeting; none when there is no address to open."""
    return (open_button(says("Join {subject}"), subject, url, says),) if escape.https(url) else ()


def open_button(title: str, subject: str, url: str, says: Words) -> Button:
    """Return a button whose title names the meeting, or its topic, or is cut; its tooltip names it in full."""
    full = titled(title, {"subject": subject}, says)
    left = fitting.TITLE - fitting.width(titled(title, {"subject": ""}, says))
    words = escape.clean(subject)
    topic = words.partition(" ")[0] if words.startswith("#") else ""
    if fitting.shown(words, left) < len(words) and any(map(str.isdecimal, topic)):
        words = topic  # by which people know the incident
    short = titled(title, {"subject": words}, says, fitting.shown(words, left))
    return Button(Act.OPEN, short, escape.https(url), full)


def titled(title: str, values: Mapping[str, Value], says: Words, longest: int = escape.LONGEST) -> str:
    """Return a button's title with somebody's words in it, each of at most `longest` characters."""
    return Line(title, values, longest=longest).plain(rtl=says.rtl)


def naming(text: str, names: Iterable[Value], says: Words) -> tuple[str, dict[str, Value]]:
    """Return a template whose `{names}` are a list of these names, and its values: each name by itself."""
    values: dict[str, Value] = {f"n{place}": name for place, name in enumerate(names)}
    return text.replace("{names}", says.listed([f"{{{name}}}" for name in values])), values


def mentioned(parts: tuple[Part, ...]) -> list[At]:
    """Return who is mentioned in the lines of a card."""
    lines = (part for part in parts if isinstance(part, Line))
    return [value for line in lines for value in line.values.values() if isinstance(value, At)]


def plain_text(parts: tuple[Part, ...], *, rtl: bool = False, say: str = "") -> str:
    """Return the parts in plain words, one paragraph a line; an address that a button opens is written out.

    `say` is a template with `{title}` and `{line}` for what a button says; "" leaves those buttons out.
    """
    lines: list[str] = []
    for part in parts:
        if isinstance(part, Line):
            lines.append(part.plain(rtl=rtl))
        elif isinstance(part, Row):
            lines += filter(None, (_button_text(button, say, rtl=rtl) for button in part.buttons))
        else:
            lines.append(plain_text(part.parts, rtl=rtl, say=say))
    return "\n".join(filter(None, lines))


def _button_text(button: Button, say: str, *, rtl: bool) -> str:
    if button.act is Act.OPEN:
        return f"{button.title}: {escape.isolated(button.target, rtl=rtl)}"
    if not say or button.act is not Act.PRESS:
        return ""
    return say.format(title=button.title, line=escape.isolated(button.target, rtl=rtl))


def _in_markdown(value: Value, longest: int, *, rtl: bool) -> str:
    if isinstance(value, str):
        return escape.isolated(escape.markdown(value, longest), rtl=rtl)
    if isinstance(value, Line):
        return value._markdown(rtl=rtl)  # noqa: SLF001 - of this module
    if isinstance(value, Link):
        target = escape.link_target(value.url)
        return f"[{value.title}]({target})" if target else value.title
    return escape.isolated(value.tag, rtl=rtl)


def _in_plain(value: Value, longest: int, *, rtl: bool) -> str:
    if isinstance(value, str):
        return escape.isolated(escape.clean(value, longest), rtl=rtl)
    if isinstance(value, Line):
        return value.plain(rtl=rtl)
    if isinstance(value, Link):
        return f"{value.title}: {escape.isolated(value.url, rtl=rtl)}"
    return escape.isolated(f"@{escape.clean(value.name)}", rtl=rtl)
