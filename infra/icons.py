"""Draws manifest/color.png and manifest/outline.png to Microsoft's rules (facts/teams 6.3); standard library only.

A speech bubble with three people in it. Run it again after a change: `python infra/icons.py`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

MANIFEST = Path(__file__).resolve().parent.parent / "manifest"
BLUE, WHITE, NOTHING = (70, 71, 117, 255), (255, 255, 255, 255), (255, 255, 255, 0)
Colour = tuple[int, int, int, int]
TAIL_TOP, TAIL_TIP, TAIL_LEFT = 0.70, 0.97, 0.26
DOTS = ((0.30, 0.44), (0.50, 0.44), (0.70, 0.44))
LEFT, TOP, WIDTH, HEIGHT = 0.02, 0.12, 0.96, 0.85
"""What of the unit square the symbol fills."""


def in_bubble(x: float, y: float) -> bool:
    """Say whether a point of the unit square lies in the speech bubble: a round body and its tail."""
    across, down = max(0.22 - x, 0.0, x - 0.78), max(0.32 - y, 0.0, y - 0.56)
    tail = TAIL_TOP <= y <= TAIL_TIP and TAIL_LEFT <= x <= TAIL_LEFT + (TAIL_TIP - y)
    return across**2 + down**2 <= 0.20**2 or tail


def in_dot(x: float, y: float) -> bool:
    """Say whether a point of the unit square lies on one of the three people."""
    return any((x - left) ** 2 + (y - top) ** 2 <= 0.075**2 for left, top in DOTS)


def colour_icon(x: float, y: float) -> Colour:
    """Return a point of the colour icon: the symbol in the middle 96 of 192 pixels, on a solid square."""
    x, y = x * 2 - 0.5, y * 2 - 0.5
    return WHITE if in_bubble(x, y) and not in_dot(x, y) else BLUE


def outline_icon(x: float, y: float) -> Colour:
    """Return a point of the outline icon: white, or fully transparent, nothing between and no padding around."""
    x, y = LEFT + x * WIDTH, TOP + y * HEIGHT
    return WHITE if in_bubble(x, y) and not in_dot(x, y) else NOTHING


def png(size: int, paint: Callable[[float, float], Colour]) -> bytes:
    """Return a square RGBA image (PNG specification, colour type 6) of `size` pixels."""
    rows = (
        b"\0" + b"".join(bytes(paint((column + 0.5) / size, (row + 0.5) / size)) for column in range(size))
        for row in range(size)
    )
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    body = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


if __name__ == "__main__":
    for name, size, paint in (("color.png", 192, colour_icon), ("outline.png", 32, outline_icon)):
        (MANIFEST / name).write_bytes(png(size, paint))
        print(MANIFEST / name)
