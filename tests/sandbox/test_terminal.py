"""The chat in the terminal: every word of it, typed into a console that keeps what it is shown."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from bot.commands import COMMANDS
from bot.commands.grammar import find
from bot.sandbox import breaking, explain, terminal, usage
from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Lines, Look, Stream, Terminal
from bot.sandbox.display import Display, place
from bot.sandbox.faults import CATALOGUE
from bot.sandbox.journal import Exchange
from bot.sandbox.telephony import Leg
from tests.sandbox import sample_bot

LINK = "https://teams.example/meet/23456789012?p=demo"


class Kept(Stream):
    """A console that keeps what it is shown and types what it is given."""

    def __init__(self, *typed: str) -> None:
        super().__init__(io.StringIO())
        self.texts: list[str] = []
        self.shown = asyncio.Event()
        self._typed = list(typed)

    def show(self, text: str) -> None:
        """Keep it."""
        self.texts.append(text)
        self.shown.set()

    async def ask(self, prompt: str) -> str:
        """Type the next line."""
        if not self._typed:
            raise EOFError(prompt)
        return self._typed.pop(0)


class Played:
    """A talk with the sample bot."""

    def __init__(self, cloud: Cloud, endpoint: str) -> None:
        self.cloud = cloud
        self.console = Kept()
        self.display = Display(cloud, self.console, Look(boxes=True, unicode=True))
        self.talk = terminal.Talk(cloud, cloud.client(endpoint), self.console, self.display)
        self.talk.patience = 0.3

    async def type(self, *lines: str) -> str:
        """Type lines and return what the last one showed."""
        for line in lines:
            self.console.texts.clear()
            await self.talk.line(line)
        return "\n".join(self.console.texts)


@pytest.fixture
async def played(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Played]:
    for name, value in cloud.environment(0).items():
        monkeypatch.setenv(name, value)
    runner = web.AppRunner(await sample_bot.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Played(cloud, f"http://127.0.0.1:{runner.addresses[0][1]}/api/messages")
    await runner.cleanup()


async def test_a_bare_line_mentions_the_bot_and_the_card_is_drawn(played: Played) -> None:
    """Typing `meet now Retro` shows the card with its link, and how long it took."""
    shown = await played.type("meet now Retro")
    assert LINK in shown
    assert "[1] Join Retro   [2] More" in shown
    assert "from message to card: 0 calls to Graph, 1 to Teams." in shown
    said = played.cloud.posts(played.cloud.tenant.incidents)[0]
    assert said.text == "<at>Muster</at> meet now Retro"


async def test_digits_press_buttons(played: Played) -> None:
    """A link shows where it leads, More opens the rest, and a button of the bot edits the post in one line."""
    await played.type("meet now Retro")
    assert LINK in await played.type("1")
    assert "[3] End" in await played.type("2")
    shown = await played.type("3")
    assert "Only Ana sees: Closed for everybody." in shown
    (edit,) = [line for line in shown.split("\n") if line.startswith("  ~")]
    assert edit.startswith("  ~ Retro: ended")
    assert edit.endswith("the same post, edited")
    assert len(edit) == 76
    assert "No button has the number 9" in await played.type("9")


async def test_the_card_can_be_drawn_again(played: Played) -> None:
    """`card` draws the last card as it stands now, with the same numbers."""
    assert "There is no card yet" in await played.type("card")
    assert "[1] Join Retro" in await played.type("meet now Retro", "card")


async def test_somebody_else_speaks_for_one_line_or_from_now_on(played: Played) -> None:
    """`/as ben meet now` is Ben's alone; `/as ben` changes who you are."""
    shown = await played.type("/as ben whisper")
    assert "Only Ben sees: There's already a meeting here: Retro." in shown
    assert played.talk.prompt == "Ana > "
    assert "you are Ben Okafor" in await played.type("/as ben")
    assert played.talk.prompt == "Ben > "
    assert "There are: Ana, Ben, Chloé, Kim." in await played.type("/as zoe")


async def test_you_talk_in_any_chat(played: Played) -> None:
    """`/in` goes to the group chat, to your own chat and back; a stranger to a chat is not let in."""
    assert (await played.type("/in group")).startswith("On-call leads · you are Ana Lima")
    assert "Muster in On-call leads" in await played.type("meet now Retro")
    assert (await played.type("/in personal")).startswith("Ana Lima's own chat")
    assert (await played.type("/in #incidents")).startswith("#incidents")
    assert "/in WHERE" in await played.type("/in nowhere")
    await played.type("/in personal", "/as kim")
    assert played.talk.chat is played.cloud.tenant.incidents
    assert place(None) == "a chat"


async def test_messages_are_answered_edited_deleted_and_redelivered(played: Played) -> None:
    """Threads, edits, deletions and redeliveries reach the bot as Teams sends them."""
    assert "no thread yet" in await played.type("/thread meet now")
    assert "/edit TEXT" in await played.type("/edit meet now")
    assert "Nothing was said yet" in await played.type("/redeliver")
    await played.type("/delete", "meet now Retro")
    root = played.cloud.posts(played.cloud.tenant.incidents)[0].id
    await played.type("/thread meet now Again")
    assert played.cloud.bot_posts(f"{played.cloud.tenant.incidents.thread_id};messageid={root}")[-1].card is not None
    assert "/thread TEXT" in await played.type("/thread")
    await played.type("/edit whatever")
    assert "answered 202" in await played.type("/redeliver")
    await played.type("/delete")
    counts = played.cloud.journal.counts()
    assert (counts["bot.message"], counts["bot.messageUpdate"], counts["bot.messageDelete"]) == (3, 1, 1)


async def test_everybody_speaks_another_language(played: Played) -> None:
    """`/lang ar` puts Teams into Arabic for all; what became of the bot's posts is said, and a slip shows the usage."""
    assert "/lang TAG" in await played.type("/lang ar; drop")
    assert await played.type("/lang ar") == "  Everybody's Teams is in ar now, and so is what only they see."
    assert {person.locale for person in played.cloud.tenant.people} == {"ar"}

    async def speak(tag: str) -> str:
        return f"Posts are in {tag}."

    played.talk.speak = speak
    assert "  Posts are in ja." in await played.type("/lang ja")


async def test_faults_are_put_in_force_and_ended_by_name(played: Played) -> None:
    """`/fault policy` says what it means; `off` ends one or all; a misspelt one is guessed."""
    assert "no access policy" in await played.type("/fault policy")
    assert [active.name for active in played.cloud.faults.active] == ["policy"]
    assert "* policy" in await played.type("/fault")
    assert "in force: connector.*" in await played.type("/fault connector-502")
    assert "policy is over" in await played.type("/fault policy off")
    assert "Everything works again" in await played.type("/fault off")
    assert played.cloud.faults.active == []
    assert "Did you mean outage?" in await played.type("/fault outge")
    assert "/fault lists" in await played.type("/fault xyz")


async def test_what_a_fault_leaves_behind_is_said(cloud: Cloud) -> None:
    """Who met a fault reads what is left of it when it ends; nobody is told of what nobody met."""
    for word in ("policy off", "off"):
        breaking.change(cloud.faults, "policy")
        assert "15 minutes" not in breaking.change(cloud.faults, word)
        breaking.change(cloud.faults, "policy")
        cloud.faults.active[0].hits = 1
        assert "15 minutes" in breaking.change(cloud.faults, word)


async def test_silence_is_explained(played: Played) -> None:
    """Where no answer comes in time the chat says so, and what Muster's log says stands in the way, once."""
    refused = 'WARNING muster token.refused status=401 error="CredentialsWrong: make a new one"'
    log = iter([[], [f"21:42:12 {refused}", f"21:42:13 {refused}"]])
    played.talk.log = lambda: next(log)
    played.talk.hints = True
    shown = await played.type("doctor")
    assert "shown nothing yet" in shown
    assert shown.split("\n")[1:] == ["  Its log: make a new one"]


async def test_an_unknown_word_gets_the_nearest(played: Played) -> None:
    """A misspelt word of the chat is not sent to the bot."""
    assert "Did you mean /fault?" in await played.type("/faults")
    assert "/help lists them" in await played.type("/zzzzzz")
    assert played.cloud.journal.counts()["bot.message"] == 0
    assert "/redeliver" in await played.type("/help")
    assert await played.type("   ") == ""


async def test_help_asks_the_bot_and_lists_the_words_of_the_chat(played: Played) -> None:
    """`help` is the bot's own help and the terminal's."""
    assert "/as NAME" in await played.type("help")
    assert played.cloud.journal.counts()["bot.message"] == 1


async def test_calls_are_explained_without_secrets(played: Played) -> None:
    """`/explain` shows who called whom, and neither tokens nor passcodes."""
    assert "Nothing was sent yet" in await played.type("/explain")
    shown = await played.type("meet now Retro", "/explain")
    assert "Teams -> Muster  POST /api/messages  202" in shown
    assert "Muster -> Teams  POST /teams/v3/conversations/" in shown
    for secret in (played.cloud.app_secret, "p=demo", "eyJ"):
        assert secret not in shown
    played.talk.explains = True
    assert "Muster -> Entra" in await played.type("meet now Retro")


def test_secrets_are_hidden_wherever_they_stand() -> None:
    """Fields with secret names, tokens in texts and passcodes in links are masked; long bodies are cut."""
    body = {"client_secret": "s", "list": ["Bearer eyJhbGciOi.eyJpc3Mi.c2ln"], "token_type": "Bearer", "userToken": "t"}
    assert explain.safe(body) == {
        "client_secret": "***",
        "list": ["Bearer ***"],
        "token_type": "Bearer",
        "userToken": "***",
    }
    exchange = Exchange(1, "graph", "GET", "/x?p=abc", 0, request={str(at): at for at in range(90)}, response="y" * 200)
    exchange.fault = "outage"
    shown = explain.explained(exchange)
    assert "Muster -> Graph  GET /x?p=***  no answer  0 ms  (fault: outage)" in shown
    assert "52 more lines" in shown
    assert max(map(len, shown.split("\n"))) <= 122


async def test_a_bot_that_is_gone_is_named(played: Played) -> None:
    """A message that cannot be delivered says so instead of waiting."""
    talk = terminal.Talk(played.cloud, played.cloud.client("http://127.0.0.1:9/x"), played.console, played.display)
    await talk.line("meet now")
    assert "Muster did not take it" in played.console.texts[-1]
    assert talk.problems == 1


async def test_a_button_of_somebody_else_or_of_yesterday_is_refused(played: Played) -> None:
    """A whisper's buttons are its reader's; a button that an edit removed is gone."""
    tenant = played.cloud.tenant
    card = {"body": [], "actions": [{"type": "Action.Execute", "title": "Go", "verb": "go"}]}
    kind = "application/vnd.microsoft.card.adaptive"
    message = {"type": "message", "attachments": [{"contentType": kind, "content": card}]}
    board = played.cloud.board
    post = board.add(tenant.incidents.thread_id, tenant.bot_id, message, visible_to=tenant.ben.id)
    played.display.show_news()
    assert "Ana does not see that message" in await played.type("1")
    board.edit(post, {"type": "message", "text": "gone"})
    post.visible_to = ""
    assert "That button is gone" in await played.type("1")
    post.deleted = True
    played.display.show_news()
    assert played.console.texts[-1] == "  ~ the post was deleted"


async def test_an_edit_with_new_buttons_names_them(played: Played) -> None:
    """A card that only becomes whole by an edit can be pressed at once."""
    tenant, kind = played.cloud.tenant, "application/vnd.microsoft.card.adaptive"
    first = {"type": "message", "text": "Retro: opening", "attachments": []}
    post = played.cloud.board.add(tenant.incidents.thread_id, tenant.bot_id, first)
    played.display.show_news()
    whole = {"contentType": kind, "content": sample_bot.sample_card()}
    played.cloud.board.edit(post, {"type": "message", "attachments": [whole]})
    played.display.show_news()
    assert played.console.texts[-1].startswith("  ~ Retro: open   [1] Join Retro   [2] More")


async def test_what_a_button_answers_is_shown(played: Played) -> None:
    """An error that Teams would show is shown; an answer without words is not."""
    ana = played.cloud.tenant.ana
    played.display.answered(ana, {"type": "application/vnd.microsoft.error", "value": {"message": "No"}})
    assert played.console.texts == ["  Teams shows Ana an error: No"]
    played.display.answered(ana, None)
    assert len(played.console.texts) == 1


async def test_the_chat_ends_with_quit_and_with_the_input(played: Played) -> None:
    """`quit` and the end of input leave the chat, and what came meanwhile was shown."""
    console = Kept("meet now Retro", "quit", "never")
    display = Display(played.cloud, console, Look(boxes=False, unicode=True))
    talk = terminal.Talk(played.cloud, played.cloud.client("http://127.0.0.1:9/x"), console, display)
    await terminal.chat(talk, console)
    await terminal.chat(talk, Kept())
    assert "Muster did not take it" in console.texts[0]


def test_what_is_suggested_is_there() -> None:
    """Every line that the demo suggests to a newcomer means something, here or to the bot."""
    suggested = [words for line in usage.TRY.split("\n") for words in re.split(r" {3,}|:  ", line) if words]
    for words in suggested:
        verb, _, rest = words.partition(" ")
        if verb == "/fault":
            assert rest in CATALOGUE
        elif verb not in usage.USAGE and verb not in {"Try", "Add", "python", "(reloads"}:
            command, _ = find(words, COMMANDS)
            assert command.name in {"meet", "dial-in", "end", "help"}
    assert len(suggested) > 8


async def test_a_line_without_boxes_is_a_whole_paragraph(played: Played) -> None:
    """In plain lines a phone number and its conference id stand together, however narrow the screen."""
    text = "Phone: +44 20 7946 0123 (London) or +44 808 157 0192 (free), then 123 456 789#"
    for look, lines in ((Look(boxes=False, unicode=True), [text]), (Look(boxes=True, unicode=True), [])):
        display = Display(played.cloud, played.console, look)
        tenant = played.cloud.tenant
        post = played.cloud.board.add(tenant.incidents.thread_id, tenant.bot_id, {"type": "message", "text": text})
        assert [line for line in display.drawn(post).split("\n") if line == text] == lines


async def test_posts_that_nobody_waits_for_are_shown(played: Played) -> None:
    """A card that comes later appears by itself."""
    watching = asyncio.create_task(played.talk.watch())
    tenant = played.cloud.tenant
    await asyncio.sleep(0)
    played.cloud.board.add(tenant.incidents.thread_id, tenant.bot_id, {"type": "message", "text": "Later"})
    played.cloud.journal.changed()
    async with asyncio.timeout(5):
        await played.console.shown.wait()
    watching.cancel()
    assert "Later" in played.console.texts[0]


async def test_a_terminal_types_with_history_and_ends_at_control_d() -> None:
    """What is typed comes back, and what is shown meanwhile stands above it."""
    with create_pipe_input() as keyboard:
        console = Terminal(io.StringIO(), usage.WORDS, keyboard=keyboard, screen=DummyOutput())
        keyboard.send_text("meet now\n")
        assert await console.ask("Ana > ") == "meet now"
        keyboard.send_text("\x04")
        with pytest.raises(EOFError):
            await console.ask("Ana > ")


async def test_lines_from_a_pipe_are_echoed() -> None:
    """A piped conversation reads as one."""
    out = io.StringIO()
    console = Lines(io.StringIO("meet now\n"), out)
    assert await console.ask("Ana > ") == "meet now\n"
    assert out.getvalue() == "Ana > meet now\n"
    with console.kept_below(), pytest.raises(EOFError):
        await console.ask("Ana > ")
    with pytest.raises(EOFError):
        await Stream(out).ask("Ana > ")


def test_a_console_that_is_not_utf_8_is_written_in_its_own_letters() -> None:
    """Dots and dashes are spelt otherwise, and nothing fails."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    Stream(out).show("a · b… é")
    assert raw.getvalue() == b"a - b... ?\n"


@pytest.mark.parametrize(
    ("terminal_there", "environ", "plain", "boxes"),
    [
        (True, {}, False, True),
        (True, {"NO_COLOR": "1"}, False, False),
        (True, {"TERM": "dumb"}, False, False),
        (True, {}, True, False),
        (False, {}, False, False),
    ],
)
def test_boxes_are_for_terminals(terminal_there: bool, environ: dict[str, str], plain: bool, boxes: bool) -> None:
    """A pipe, --plain, NO_COLOR and a dumb terminal get plain lines."""

    class Screen(io.TextIOWrapper):
        def isatty(self) -> bool:
            return terminal_there

    assert Look.of(Screen(io.BytesIO(), encoding="UTF-8"), environ, plain=plain) == Look(boxes, unicode=True)
    assert not Look.of(Screen(io.BytesIO(), encoding="cp1252"), environ, plain=plain).unicode


async def test_people_who_are_rung_answer_or_decline_at_the_terminal(played: Played) -> None:
    """`/answer ben` takes a call and `/decline chloe` does not; where nobody is rung that is said, and who is."""
    assert "Nobody is rung just now" in await played.type("/answer ben")
    calls, tenant = played.cloud.graph.calls, played.cloud.tenant
    for person in (tenant.ben, tenant.chloe):
        calls.legs.append(
            Leg("c", "https://bot.example/api/calls/n", "19:x", "established", 0, {person.oid: ("o", "x")})
        )
    assert "Ringing just now: Ben, Chloé." in await played.type("/answer kim")
    assert "Ben answers and is in the meeting." in await played.type("/answer ben")
    assert "Chloé declines." in await played.type("/decline chloe")
    assert calls.rung() == []
