"""`python app.py register`: shows what registers Muster, asks, and does it with the Azure CLI (issue 8, 3)."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.clouds import WORLDWIDE
from bot.errors import UsageError
from bot.operator.registration import APP, MESSAGES, SIGN_IN, WAYS, Step, Wanted, done, filled, joined, steps
from bot.operator.values import guid
from bot.permissions import Feature
from bot.remedies import cmdlets

NOT_THERE = 3
"""What `az … show` exits with when there is no such thing (https://learn.microsoft.com/cli/azure/reference-index)."""
MORE = {"calendar": Feature.CALENDAR, "owners": Feature.OWNERS}
READABLE_BY_ME = 0o600
AGAIN = "Run it again: what is done stays done."
_NAME = re.compile(r"[\w][\w .-]*")
_KEPT = re.compile(r"^(\w+)='([^']*)'$", re.MULTILINE)
_MEANT: Mapping[str, str] = {
    "az login": "Sign in first: az login",
    "AADSTS": "Your sign-in is over: az login",
    "insufficient privileges": "Your account may not do this. Who may: {who}.",
    "Authorization_RequestDenied": "Your account may not do this. Who may: {who}.",
    "AuthorizationFailed": "Your account may not do this. Who may: {who}.",
    "MissingSubscriptionRegistration": "First, once for the subscription: az provider register -n Microsoft.BotService",
}
"""What the Azure CLI, Entra, Graph and Azure Resource Manager say, and what it means here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command of the Azure CLI ended: its exit status, what it printed, and its complaint."""

    status: int
    lines: list[str]
    complaint: str = ""


Az = Callable[[tuple[str, ...], str], Answer]
"""Runs a command, given the words after `az` and its standard input."""
Ask = Callable[[str], str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `register`."""
    add = parser.add_argument
    add("--way", choices=WAYS, default=SIGN_IN, help="README, Three ways in (default: sign-in)")
    add(
        "--endpoint",
        default="",
        help=f"https://HOST{MESSAGES}: makes the bot too",
    )
    add("--print", action="store_true", help="show it all as a script for a shell, and do nothing")
    add("--yes", action="store_true", help="do not ask before each step")
    add("--name", default="Muster", help="what the app is called in Entra (default: Muster)")
    add("--app-id", metavar="ID", type=guid, help="an app that is there already")
    add(
        "--identity",
        metavar="ID",
        type=guid,
        help="a managed identity, by its object id, that gets the permissions instead of an app",
    )
    add("--with", dest="more", action="append", default=[], choices=sorted(MORE), help="a permission that is optional")
    add("--group", default="muster", help="the Azure resource group (default: muster)")
    add("--location", default="westeurope", help="where a new group is (default: westeurope)")
    add("--bot", default="muster-bot", help="the Azure Bot's name (default: muster-bot)")
    add(
        "--out",
        type=Path,
        default=Path("muster.env"),
        metavar="FILE",
        help="where the settings go (default: muster.env)",
    )


def run(options: argparse.Namespace) -> int:
    """Show the steps, or do them; 0 done, 1 failed or left, 2 not understood."""
    try:
        wanted = _wanted(options)
        plan = steps(wanted)
    except UsageError as error:
        print(error.meant, file=sys.stderr)
        return 2
    if options.print:
        print("\n".join(script(plan, wanted, options.out)))
        return 0
    command = shutil.which("az")
    if command is None:
        print(
            "The Azure CLI (az) is not here. Install it: https://learn.microsoft.com/cli/azure/install-azure-cli\n"
            f"Or run this in {WORLDWIDE.powershell_url}, where it is; --print shows every command to pass on.",
            file=sys.stderr,
        )
        return 1
    try:
        return Registering(_runner(command), (lambda _: "y") if options.yes else input, options.out).all(plan, wanted)
    except (KeyboardInterrupt, EOFError):
        print(f"\nLeft. {AGAIN}")
        return 1


def _wanted(options: argparse.Namespace) -> Wanted:
    for name in ("name", "group", "location", "bot"):
        if not _NAME.fullmatch(getattr(options, name)):
            raise UsageError(getattr(options, name), f"--{name} may have letters, digits, blanks, and . _ -")
    return Wanted(
        way=options.way,
        name=options.name,
        app=options.app_id or "",
        endpoint=options.endpoint.rstrip("/"),
        identity=options.identity or "",
        group=options.group,
        location=options.location,
        bot=options.bot,
        more=frozenset(MORE[word] for word in options.more),
    )


def _runner(command: str) -> Az:
    def az(words: tuple[str, ...], piped: str) -> Answer:
        ended = subprocess.run(  # noqa: S603 - the Azure CLI, found on the PATH, with words and no shell
            [command, *words], input=piped, capture_output=True, text=True, check=False
        )
        return Answer(ended.returncode, ended.stdout.split("\n") if ended.stdout.strip() else [], ended.stderr)

    return az


class Registering:
    """Does the steps one after the other, and prints each before it does anything.

    `out` is the file that the settings go to; it is made readable by its owner alone, and never written over.
    """

    def __init__(self, az: Az, ask: Ask, out: Path) -> None:
        self._az = az
        self._ask = ask
        self._out = out
        self._known: dict[str, str] = {}

    def all(self, plan: tuple[Step, ...], wanted: Wanted) -> int:
        """Do them all and say what comes next. Returns 0, or 1 when one failed or was declined."""
        for number, step in enumerate(plan, start=1):
            print(f"\n{number}/{len(plan)}  {step.title}")
            problem = self._one(step, wanted)
            if problem:
                print(f"     {problem}", file=sys.stderr)
                return 1
        print("\n" + "\n".join(afterwards(wanted, self._known, self._out)))
        return 0

    def _one(self, step: Step, wanted: Wanted) -> str:
        """Do one step; return what went wrong, "" for nothing."""
        if step.secret:
            return self._keep(step, wanted)
        there = self._az(filled(step.look, self._known), "")
        if there.status not in {0, NOT_THERE}:
            return meaning(there, step.who)
        found = [line.strip() for line in there.lines if line.strip()]
        if len(found) > 1 and step.gives:
            return f"There are {len(found)}: {', '.join(found)}. Say which: --app-id"
        if done(step, found, self._known):
            print(f"     There already: {', '.join(filled(step.expects, self._known) or found)}")
            return self._learn(step, found)
        if not step.do:
            return "It is not there."
        if found and found != ["false"]:
            print(f"     There now: {', '.join(found)}")
        return self._do(step)

    def _do(self, step: Step) -> str:
        command, problem = self._command(step)
        if problem:
            return problem
        print(f"     Who may: {step.who}\n     {shown(command)}")
        answer = self._ask("     Run it? [y]es, [s]kip, [q]uit: ").strip().casefold()
        if answer in {"s", "skip"} and not step.gives:
            print("     Left out.")
            return ""
        if answer not in {"y", "yes"}:
            return f"Left. {AGAIN}"
        ended = self._az(command, self._known.get("secret", "") if step.pipe else "")
        if ended.status:
            return meaning(ended, step.who)
        found = [line.strip() for line in ended.lines if line.strip()]
        print("     Done." if step.secret or not found else f"     Done: {', '.join(found)}")
        return self._learn(step, found)

    def _command(self, step: Step) -> tuple[tuple[str, ...], str]:
        """Return the command that does a step, with what others have on the list that it sets; or what went wrong."""
        command = filled(step.do, self._known)
        if not step.keeps:
            return command, ""
        look = ("ad", "app", "show", "--id", "$app", "--query", step.keeps, "--output", "json")
        there = self._az(filled(look, self._known), "")
        if there.status:
            return command, meaning(there, step.who)
        return joined(command, step.keeps, json.loads("\n".join(there.lines) or "null") or []), ""

    def _learn(self, step: Step, found: list[str]) -> str:
        if step.gives and not found:
            return "The Azure CLI printed nothing where an id was expected."
        if step.gives:
            self._known[step.gives] = found[0]
        return ""

    def _keep(self, step: Step, wanted: Wanted) -> str:
        """Have a secret in the file: the one that is there, or a new one, which goes nowhere else."""
        kept = dict(_KEPT.findall(self._out.read_text(encoding="utf-8"))) if self._out.exists() else {}
        if kept.get("MicrosoftAppId") == self._known["app"] and kept.get("MicrosoftAppPassword"):
            self._known["secret"] = kept["MicrosoftAppPassword"]
            print(f"     There already: in {self._out}")
            return ""
        if self._out.exists():
            return f"{self._out} is there and is not of this app. Move it away, or name another: --out"
        try:  # before there is a secret that could be lost
            self._out.touch(READABLE_BY_ME, exist_ok=False)
        except OSError as error:
            return f"{self._out} cannot be written: {error.strerror}. Name another: --out"
        try:
            problem = self._do(step)
            if not problem:
                self._out.write_text("".join(settings(wanted, self._known)), encoding="utf-8")
                print(f"     Written to {self._out}")
        finally:
            if not self._out.stat().st_size:
                self._out.unlink()
        return problem


def meaning(ended: Answer, who: str) -> str:
    """Return in plain words why a command failed: what is known of its complaint, else its own last line."""
    for mark, words in _MEANT.items():
        if mark.casefold() in ended.complaint.casefold():
            return words.format(who=who)
    said = [line.strip() for line in ended.complaint.splitlines() if line.strip()]
    why = said[-1] if said else "it does not say why"
    return f"The Azure CLI refused ({ended.status}): {why}\n     What was made a moment ago may need a minute: {AGAIN}"


def settings(wanted: Wanted, known: Mapping[str, str]) -> Iterator[str]:
    """Return the lines of the settings' file, for a shell and for Docker alike; `known` has app, tenant and secret."""
    values = {
        "MicrosoftAppId": known["app"],
        "MicrosoftAppTenantId": known["tenant"],
        "MicrosoftAppPassword": known["secret"],
    }
    if wanted.way == SIGN_IN:
        values |= {"MUSTER_AUTH": "user", "MUSTER_OAUTH_CONNECTION": wanted.connection}
    if wanted.endpoint:
        values["MUSTER_PUBLIC_URL"] = wanted.endpoint.removesuffix(MESSAGES)
    return (f"{name}='{value}'\n" for name, value in values.items())


def shown(words: tuple[str, ...]) -> str:
    """Return a command as one types it; `$names` stay the shell's."""
    return " ".join(["az", *map(_quoted, words)])


def _quoted(word: str) -> str:
    if not set("$'") & set(word):
        return shlex.quote(word)
    escaped = re.sub(r'(["`\\])', r"\\\1", word)
    return f'"{escaped}"'


def script(plan: tuple[Step, ...], wanted: Wanted, out: Path) -> Iterator[str]:
    """Return the same as a script for a shell, to read or to paste. It looks for nothing, so it is for one time."""
    yield from ("#!/bin/sh", "# What `python app.py register` does, to read, and to run once.", "set -eu", "umask 077")
    if any(step.secret for step in plan):
        file = shlex.quote(str(out))
        yield f'[ ! -e {file} ] || {{ printf "%s is there. Move it away, or: --out\\n" {file} >&2; exit 1; }}'
    for number, step in enumerate(plan, start=1):
        yield f"\n# {number}/{len(plan)}  {step.title}"
        if step.who:
            yield f"# Who may: {step.who}"
        if step.keeps and wanted.app:
            yield f"# This sets the whole of {step.keeps}: add what the app has there."
        command = shown(step.do or step.look)
        if step.gives:
            yield f"{step.gives}=$({command})"
        else:
            yield f'printf %s "$secret" | {command}' if step.pipe else command
        if step.secret:
            given = {name: f"${name}" for name in ("app", "tenant", "secret")}
            text = "".join(settings(wanted, given)).removesuffix("\n")
            yield f"cat > {shlex.quote(str(out))} <<END\n{text}\nEND"
    yield ""
    yield from (f"# {line}".rstrip() for line in afterwards(wanted, {"app": "<app id>"}, out))


def afterwards(wanted: Wanted, known: Mapping[str, str], out: Path) -> Iterator[str]:
    """Return what is left to do, a line each; the Azure CLI cannot do it."""
    if wanted.way != SIGN_IN:
        url, connect, new, grant = cmdlets(known["app"], WORLDWIDE)
        yield f"Next, a Teams administrator in {url} (PowerShell):"
        yield from (f"    {line}" for line in (connect, new, f"{grant.split(' -Identity')[0]} -Global"))
        yield '  -Global is everybody; for some: -Group "<group id>" or -Identity "<object id>".'
        yield "  It works within 30 minutes, sometimes longer."
    if not wanted.endpoint and not wanted.identity:
        yield "Then the bot and where it runs: az deployment group create, as infra/main.bicep begins."
        return
    if wanted.identity:
        return
    file = out if out.is_absolute() else f"./{out}"
    yield f"Then run Muster with the settings in {out}: set -a; . {file}; python app.py"
    if wanted.way == APP:
        yield "For a card that shows who is in, set MUSTER_SECRET_KEY too (openssl rand -hex 32)."
    yield "And: python app.py manifest build, and upload build/muster.zip in the Teams admin center."
