"""The icons of an app package against Microsoft's rules (facts/teams 6.3).

https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/apps-package#app-icons
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.manifest.finding import Finding
from bot.manifest.png import NoPicture, Pixel, pixels, size

SIDES = {"color": 192, "outline": 32}
"""Pixels, by the icon's name in the manifest."""
WHITE: Pixel = (255, 255, 255, 255)
DRAW = "draw it anew: python infra/icons.py, and build the package again"


def flaws(icon: str, file: str, png: bytes) -> Iterator[Finding]:
    """Yield what is wrong with one icon, `color` or `outline`, that stands in `file`."""
    side = SIDES[icon]
    try:
        found = size(png)
        if found != (side, side):
            what = f"it has {found[0]} x {found[1]} pixels; the {icon} icon has {side} x {side}."
            yield Finding("icon-size", file, what, DRAW)
            return
        drawn = pixels(png)
    except NoPicture as error:
        yield Finding("icon-file", file, f"{error}.", "save it as a PNG file with red, green, blue and alpha")
        return
    what = _colour(drawn, side) if icon == "color" else _outline(drawn, side)
    if what:
        yield Finding(f"icon-{icon}", file, what, DRAW)


def _colour(drawn: Sequence[Pixel], side: int) -> str:
    """Say what is wrong with the colour icon: its square must reach all corners, which Teams rounds itself."""
    edge = {*drawn[:side], *drawn[-side:], *drawn[::side], *drawn[side - 1 :: side]}
    if {pixel[3] for pixel in edge} == {0} or (len(edge) == 1 and drawn[0][3] == WHITE[3]):
        return ""
    return "its background is neither one solid colour up to the corners nor fully transparent."


def _outline(drawn: Sequence[Pixel], side: int) -> str:
    """Say what is wrong with the outline icon: pure white and fully transparent, up to the edge."""
    white = [place for place, pixel in enumerate(drawn) if pixel == WHITE]
    clear = sum(pixel[3] == 0 for pixel in drawn)
    if len(white) + clear != len(drawn):
        return "it has pixels that are neither pure white (255, 255, 255) nor fully transparent."
    if not white or not clear:
        return "it is all of one colour."
    columns, rows = [place % side for place in white], [place // side for place in white]
    if max(max(columns) - min(columns), max(rows) - min(rows)) + 1 < side - 2:
        return "there is empty space all around its symbol."
    return ""
