"""`python app.py demo` from its first check to the last line, with the real bot and with a small one."""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox import demo, leash, watch
from bot.sandbox.child import ROOT, Child, Stopped, bot_environment, free_port
from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Stream

SAMPLE = (sys.executable, str(Path(__file__).with_name("sample_bot.py")))
# What runs in these processes is covered by the tests beside them; tracing doubles the time they take to start.
TRACED = "COVERAGE_PROCESS"
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith(TRACED)} | {"MUSTER_SETUP": "off"}


def options(*words: str) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    return parser.parse_args([*words, "--port", "0"] if "--port" not in words else list(words))


async def program(*words: str, stdin: bytes | None = None) -> tuple[int, str]:
    """Run `python app.py demo` to its end and return its exit status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "app.py",
        "demo",
        "--port",
        "0",
        *words,
        cwd=ROOT,
        env=ENVIRON,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(stdin), 60)
    return process.returncode or 0, said.decode()


def heeding() -> None:
    """Have a child heed Ctrl-C where we do not: what a shell starts in the background ignores it, and so would it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def taken(port: int) -> bool:
    """Return whether somebody listens on a port of 127.0.0.1."""
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


async def test_one_command_shows_the_card_with_every_fact_on_one_line() -> None:
    """Grep finds the join link, two numbers, the conference id and the timing; --explain adds each call, no secret."""
    status, said = await program("--say", "@Muster meet now Retro", "--explain")
    lines = said.split("\n")
    assert status == 0, said
    for fact in (
        r"https://teams\.example/meet/\d{11}\?p=\w+",
        r"\+44 20 7946 0123",
        r"\+44 808 157 0192",
        r"\d{3} \d{3} \d{3}#",
        r"\d+ ms from message to card: 1 call to Graph, 1 to Teams\.",
        r"  ok  Muster       :\d+, the real bot, ready in \d+\.\d s",
    ):
        assert any(re.search(fact, line) for line in lines), fact
    assert "Ana > @Muster meet now Retro" in lines
    assert len(re.findall(r"Muster -> Graph  POST \S+createOrGet", said)) == 1
    assert '"threadId": "19:' in said
    assert len(re.findall(r"Muster -> Teams  POST ", said)) == 1
    assert "eyJ" not in said
    assert not re.search(r"Bearer (?!\*)", said)


async def test_a_conversation_can_be_piped_and_says_which_call_was_chosen_and_why() -> None:
    """--interactive reads lines, names each meeting's call and its reason in one line, ends with the input."""
    lines = b"meet #INC-7 Budget lobby everyone passcode for 30m\n/as ben meet now\n/fault policy\nquit\n"
    status, said = await program("--interactive", "--plain", "--explain", stdin=lines)
    assert status == 0, said
    assert "Muster chose create: a passcode can only be set when a meeting is made; with it go lobby" in said
    assert len(re.findall(r"Muster -> Graph  POST \S+/onlineMeetings  201", said)) == 1
    assert "Only Ben sees: " in said
    assert "Graph now answers 403, no access policy." in said
    assert said.rstrip().endswith(demo.BYE)


async def test_nothing_is_left_behind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """After the last line the port is free and the folder is gone."""
    shows = (*SAMPLE, str(tmp_path / "where"))
    assert await demo.run(options("--say", "meet now Retro"), command=shows) == 0
    said = capsys.readouterr().out
    port = re.search(r"Muster       :(\d+)", said)
    assert port is not None
    assert not taken(int(port[1]))
    folder = Path((tmp_path / "where").read_text(encoding="utf-8"))
    assert folder.name.startswith("muster-demo-")
    assert not folder.exists()  # noqa: ASYNC240 - one look at the end of a test


async def test_a_taken_port_gives_way_to_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo says which port it wanted and which it took."""
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", 0))
        mine.listen()
        port = mine.getsockname()[1]
        assert await demo.run(options("--say", "meet now", "--port", str(port)), command=SAMPLE) == 0
    assert f"({port} is taken)" in capsys.readouterr().out


async def test_a_bot_that_does_not_start_is_one_failed_check(capsys: pytest.CaptureFixture[str]) -> None:
    """What the bot last said is shown, with the repair; exit status 2."""
    assert await demo.run(options("--say", "meet now"), command=(*SAMPLE, "--broken")) == 2
    said = capsys.readouterr().out
    assert "  no  Muster       it ended at once. Repair:" in said
    assert "name 'coffe' is not defined" in said


async def test_a_request_without_an_answer_is_a_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No card within the bound: one clear line, and exit status 1."""
    monkeypatch.setattr(demo, "CARD_WITHIN_SECONDS", 0.2)
    assert await demo.run(options("--say", "nothing"), command=SAMPLE) == 1
    assert "No answer came within 0.2 s" in capsys.readouterr().out


async def test_an_unknown_person_or_port_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is not in the sample tenant cannot speak; the installer's report is a check of its own."""
    monkeypatch.setenv(demo.REPORT, "41 of 41, 96 MB, 31 s")
    assert await demo.run(options("--as", "zoe", "--say", "meet now"), command=SAMPLE) == 2
    said = capsys.readouterr().out
    assert "Nobody here is called 'zoe'" in said
    assert "  ok  packages     41 of 41, 96 MB, 31 s" in said
    assert await demo.run(options("--say", "x", "--port", "70000"), command=SAMPLE) == 2
    assert "Repair: python app.py demo --port 0" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_demo_cleans_up(stop: signal.Signals) -> None:
    """Ctrl-C and a polite end say goodbye; the bot's port is free."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "app.py",
        "demo",
        "--interactive",
        "--port",
        "0",
        cwd=ROOT,
        env=ENVIRON,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=heeding,
    )
    assert process.stdout is not None
    port = 0
    while b"Add a command" not in (line := await asyncio.wait_for(process.stdout.readline(), 60)):
        assert line
        found = re.search(rb"Muster       :(\d+)", line)
        port = int(found[1]) if found else port
    assert taken(port)
    process.send_signal(stop)
    rest = await asyncio.wait_for(process.stdout.read(), 30)
    assert await process.wait() == 0
    assert rest.decode().rstrip().endswith(demo.BYE)
    assert not taken(port)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
async def test_the_bot_does_not_outlive_a_killed_demo() -> None:
    """A demo that is killed ends the bot too."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "app.py",
        "demo",
        "--interactive",
        "--port",
        "0",
        cwd=ROOT,
        env=ENVIRON,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    while not (found := re.search(rb"Muster       :(\d+)", await asyncio.wait_for(process.stdout.readline(), 60))):
        pass
    reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
    process.kill()
    await process.wait()
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()


async def test_a_changed_file_restarts_the_bot(tmp_path: Path) -> None:
    """Saving a file restarts the bot and says so; one that does not start says why and waits."""
    out = io.StringIO()
    async with Cloud() as cloud:
        port = free_port(0)
        environment = bot_environment(os.environ, cloud.environment(port), tmp_path / "muster.db")
        endpoint = f"http://127.0.0.1:{port}/api/messages"
        bot = Child(SAMPLE, environment, tmp_path)
        await demo.restarted(bot, endpoint, [Path("coffee.py")], Stream(out))
        assert "coffee.py changed: Muster restarted, ready in" in out.getvalue()
        assert "it speaks en, ar, de, es, fr, ja." in await demo.in_language(bot, endpoint, "xx")
        assert "restarted with MUSTER_LANGUAGE=de-AT, ready in" in await demo.in_language(bot, endpoint, "de-AT")
        await bot.stop()
        broken = Child((*SAMPLE, "--broken"), environment, tmp_path)
        with socket.socket() as silent:  # a port that nobody else's bot answers on meanwhile
            silent.bind(("127.0.0.1", 0))
            nowhere = f"http://127.0.0.1:{silent.getsockname()[1]}/api/messages"
            await demo.restarted(broken, nowhere, [Path("a.py"), Path("b.py")], Stream(out))
            assert "Muster does not start with MUSTER_LANGUAGE=ar" in await demo.in_language(broken, nowhere, "ar")
    assert "a.py and 1 more changed, and Muster does not start: it ended at once. Save again." in out.getvalue()
    assert "coffe" in out.getvalue()


async def test_changes_below_the_bots_folders_are_seen(tmp_path: Path) -> None:
    """A written, a new and a removed file count; what is not code does not."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "app.py").write_text("", encoding="utf-8")
    kept, gone = tmp_path / "bot" / "kept.py", tmp_path / "bot" / "gone.py"
    kept.touch()
    gone.touch()
    seen: list[list[Path]] = []
    looks = 0

    async def pause(seconds: float) -> None:
        nonlocal looks
        assert seconds == watch.LOOKS_EVERY_SECONDS
        looks += 1
        if looks == 2:
            os.utime(kept, ns=(1, 1))
            gone.unlink()
            (tmp_path / "bot" / "new.sql").touch()
            (tmp_path / "bot" / "notes.txt").touch()
        if looks > 3:
            raise asyncio.CancelledError

    async def restart(files: list[Path]) -> None:
        seen.append(files)

    with pytest.raises(asyncio.CancelledError):
        await watch.watch(tmp_path, restart, pause)
    assert [[path.name for path in files] for files in seen] == [["gone.py", "kept.py", "new.sql"]]


def test_a_file_that_goes_during_the_look_is_no_error(tmp_path: Path) -> None:
    """Editors save by renaming; a name without a file is skipped."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "lost.py").symlink_to(tmp_path / "nowhere")
    assert watch.snapshot(tmp_path) == {}


def test_another_bots_settings_do_not_reach_the_child(tmp_path: Path) -> None:
    """Settings and proxies of this machine stay out; everything else stays."""
    given = {"PATH": "/bin", "MUSTER_GRAPH_URL": "https://a.example", "https_proxy": "http://p", "MicrosoftAppId": "x"}
    told = {"PORT": "1", "MUSTER_PUBLIC_URL": "https://127.0.0.1:2"}
    made = bot_environment(given, told, tmp_path / "muster.db")
    assert made["PATH"] == "/bin"
    assert told.items() <= made.items()
    assert made["MUSTER_STORE"] == f"sqlite:///{(tmp_path / 'muster.db').as_posix()}"
    assert not {"MUSTER_GRAPH_URL", "https_proxy", "MicrosoftAppId"} & made.keys()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
async def test_a_leash_ends_its_command_when_its_input_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that ignores the polite end is killed."""
    monkeypatch.setattr(leash, "STOP_WITHIN_SECONDS", 0.1)
    started = asyncio.Event()

    def ignores(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started.set()
        writer.close()

    server = await asyncio.start_server(ignores, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    stubborn = (
        "import signal, socket, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"socket.create_connection(('127.0.0.1', {port})); time.sleep(60)"
    )
    stdin, writer = os.pipe()
    holding = asyncio.create_task(asyncio.to_thread(leash.hold, [sys.executable, "-c", stubborn], stdin))
    await asyncio.wait_for(started.wait(), 20)
    os.close(writer)
    assert await asyncio.wait_for(holding, 20) == 1
    server.close()
    await server.wait_closed()


def test_a_leash_gives_the_status_of_its_command() -> None:
    """A command that ends by itself is what the leash reports, although its input is still open."""
    stdin, _writer = os.pipe()
    assert leash.hold([sys.executable, "-c", "raise SystemExit(3)"], stdin) == 3


async def test_a_program_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    """Waiting has an end, and what the program said is kept."""
    quiet = Child((sys.executable, "-c", "print('starting', flush=True); input()"), os.environ, tmp_path)
    await quiet.stop()
    await quiet.ended()
    talking = Child((sys.executable, "-c", "import time; print('starting', flush=True); time.sleep(60)"), {}, tmp_path)
    await talking.start()
    with pytest.raises(Stopped) as stopped:
        await talking.ready("http://127.0.0.1:9/readyz", seconds=0.1)
    assert "not ready within 0.1 s" in str(stopped.value)
    await talking.stop()
    assert not talking.alive


def test_no_free_port_is_an_error() -> None:
    """Past the last port there is none."""
    with pytest.raises(OSError, match="70000 is no port"):
        free_port(70000)
