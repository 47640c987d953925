"""`make browser`: every card drawn by Microsoft's renderer in Chromium, and a person at Microsoft's Agents Playground.

Each card is drawn light and dark, 320 and 800 px wide, folded and with More open; nothing may be cut off, axe-core
finds nothing, and what a screen reader finds is as kept in `tests/browser/aria`. Needs Node.js 20; the rest comes from
npm.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.browser import chats, kept
from tests.browser.tools import HERE, MissingTool, Tools, environment, fetched
from tests.browser.verdict import Drawing, flaws, spoken
from tests.cards.gallery import gallery

PARTS = ("cards", "chats")
MOST_TOLD = 30
"""Flaws that are printed; of more only the number."""


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; 0 is green, 1 is red or something could not be run."""
    parser = argparse.ArgumentParser(
        prog="python app.py test browser", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="keep every picture, outside the repository")
    parser.add_argument(
        "--keep", action="store_true", help="keep what a screen reader finds now, and README's pictures"
    )
    parser.add_argument("--only", choices=PARTS, default="", help="one part alone")
    parser.add_argument(
        "--if-possible", action="store_true", help="what cannot run here is left out, and is no failure"
    )
    options = parser.parse_args(arguments)
    if options.pictures and options.pictures.resolve().is_relative_to(HERE.parents[1]):
        parser.error("--pictures wants a folder outside the repository")
    return _closed(*_run(options), spare=options.if_possible)


def _run(options: argparse.Namespace) -> tuple[list[str], list[str], list[str]]:
    """Return what was done, what is wrong, and what had to be left out, in sentences."""
    done: list[str] = []
    wrong: list[str] = []
    try:
        tools = fetched()
    except MissingTool as missing:
        return [], [], [f"everything: {missing}"]
    if options.only in {"", "cards"}:
        with _folder(options) as pictures:
            wrong += _cards(tools, pictures, done, keeping=options.keep)
    if options.only in {"", "chats"}:
        try:
            seen, problems = asyncio.run(chats.talked(tools, options.pictures))
            print("\n".join(f"  {line}" for line in seen), flush=True)
            wrong += problems
            done.append(f"Agents Playground in {len(seen)} chats")
        except MissingTool as missing:
            return done, wrong, [f"Agents Playground: {missing}"]
    return done, wrong, []


@contextmanager
def _folder(options: argparse.Namespace) -> Iterator[Path | None]:
    """Yield where pictures go: a folder that was named, one for the moment when some are kept, else nowhere."""
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    if options.pictures or not options.keep:
        yield options.pictures
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _cards(tools: Tools, pictures: Path | None, done: list[str], *, keeping: bool) -> list[str]:
    began = time.monotonic()
    shown = [asdict(card) for card in gallery()]
    drawings = _drawn(tools, shown, pictures)
    languages = sorted({card["language"] for card in shown})
    done.append(f"{len(shown)} cards in {', '.join(languages)}, {len(drawings)} drawings")
    print(f"  {done[-1]} ({time.monotonic() - began:.0f} s)", flush=True)
    wrong = [flaw for drawing in drawings for flaw in flaws(drawing)]
    if len({(drawing["language"], drawing["name"]) for drawing in drawings}) < len(shown):
        wrong.append("not every card was drawn")
    if keeping and pictures:
        kept.keep(spoken(drawings), pictures)
    elif otherwise := kept.differences(spoken(drawings)):
        print("\n".join(otherwise), flush=True)
        wrong.append("a screen reader finds something else than is kept: read the lines above, then ARGS=--keep")
    return wrong


def _drawn(tools: Tools, shown: list[dict[str, object]], pictures: Path | None) -> list[Drawing]:
    work = {"chromium": tools.chromium, "pictures": str(pictures.resolve()) if pictures else "", "cards": shown}
    done = subprocess.run(  # noqa: S603 - node with our own script
        [tools.node, str(HERE / "draw.mjs")],
        env=environment(),
        input=json.dumps(work),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]  # whatever a broken end left out is missed later


def _closed(done: list[str], wrong: list[str], left_out: list[str], *, spare: bool) -> int:
    """Print what is wrong and one closing line; return the exit status."""
    for flaw in sorted(wrong)[:MOST_TOLD]:
        print(f"  no  {flaw}")
    if len(wrong) > MOST_TOLD:
        print(f"  and {len(wrong) - MOST_TOLD} more")
    red = bool(wrong) or (bool(left_out) and not spare)
    words = [*done, f"{len(wrong)} flaws", *(f"LEFT OUT {text}" for text in left_out)]
    print(f"browser: {'FAILED' if red else 'green' if done else 'NOT RUN'}; {'; '.join(words)}")
    return int(red)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
