"""`python app.py why 7F3K-92QD`: the story of one request, as the store has it (EXPERIENCE 1.19)."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bot.errors import UsageError
from bot.operator.ids import guid
from bot.settings import Settings
from bot.store.records import open_records
from bot.stories import Moment, Story, spelled
from cards import story_text

HELP = "It is the one that people read out, such as 7F3K-92QD. Lately asked: python app.py audit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `why`."""
    parser.add_argument("reference", help="what people read out, such as 7F3K-92QD")
    parser.add_argument("--tenant", type=guid, help="only this tenant's")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(options: argparse.Namespace) -> int:
    """Print the story from the store of the settings. Raises SettingsError, StoreError."""
    try:
        found = asyncio.run(_found(options.reference, options.tenant or ""))
    except UsageError as error:
        print(error.meant, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps([as_json(story) for story in found], indent=2))
    else:
        print("\n\n".join(as_lines(story) for story in found))
    return 0


async def _found(typed: str, tenant: str) -> list[Story]:
    reference = spelled(typed)
    if not reference:
        raise UsageError(typed, f"{typed!r} is no reference. {HELP}")
    records = await open_records(Settings.from_env().store.reveal())
    try:
        stories = await records.stories(reference, int(time.time() * 1000))
    finally:
        await records.close()
    found = [story for story in stories if tenant in {"", story.tenant}]
    if not found:
        kept = "What was said is forgotten after two days, a meeting after MUSTER_KEEP_DAYS."
        raise UsageError(typed, f"Nothing is known about {reference}. {kept} {HELP}")
    return found


def as_lines(story: Story) -> str:
    """Return a story as lines to read, times in UTC."""
    text = story_text(story.reference, [_facts(moment, moment.at) for moment in story.moments])
    return f"{text}\nTenant {story.tenant}"


def as_json(story: Story) -> dict[str, Any]:
    """Return a story as JSON values, times as ISO 8601 in UTC."""
    told = [_facts(moment, _iso(moment.at)) for moment in story.moments]
    return {**asdict(story), "moments": told}


def _facts(moment: Moment, at: int | str) -> dict[str, Any]:
    return {"at": at, "what": moment.what, **moment.facts}


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
