"""Muster as it is served, which also tells its longest pause."""

from __future__ import annotations

import sys

from aiohttp import web

import app
from bot import cli
from bot.settings import Settings
from tests.bench.beat import attach


def build(settings: Settings) -> web.Application:
    """Return Muster's own application with the two addresses of the beat."""
    return attach(app.build(settings))


if __name__ == "__main__":
    sys.exit(cli.run(["serve"], build))
