"""PNG files to pixels (https://www.w3.org/TR/png-3/), as far as icons go: eight bits a sample, not interlaced."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel, by colour type: grey, RGB, palette, grey and alpha, RGBA."""
Pixel = tuple[int, int, int, int]
Size = tuple[int, int]


class NoPicture(ValueError):
    """These bytes are no PNG file that can be read here; the text says why."""


def size(png: bytes) -> Size:
    """Return width and height in pixels. Raises NoPicture."""
    width, height, *_ = _header(png)
    return width, height


def pixels(png: bytes) -> list[Pixel]:
    """Return red, green, blue and alpha (0 to 255) of each pixel, row by row. Raises NoPicture.

    Look at `size` before: as many are unpacked as the file says.
    """
    width, height, depth, kind, _, _, interlaced = _header(png)
    if depth != 8 or kind not in CHANNELS or interlaced:  # noqa: PLR2004 - bits
        raise NoPicture("it has another format than eight bits a colour without interlacing")
    found: dict[bytes, bytes] = {}
    for name, body in _chunks(png):
        found[name] = found.get(name, b"") + body
    if b"tRNS" in found and kind != 3:  # noqa: PLR2004 - a palette
        raise NoPicture("it has one colour that stands for transparent instead of an alpha channel")
    step = CHANNELS[kind]
    expected = height * (1 + width * step)
    unpacking = zlib.decompressobj()
    try:
        raw = unpacking.decompress(found.get(b"IDAT", b""), expected + 1)
    except zlib.error as error:
        raise NoPicture(f"its pixels are damaged ({error})") from None
    if len(raw) != expected:
        raise NoPicture("it has more or fewer pixels than it says")
    samples = b"".join(_unfiltered(raw, width * step, step))
    return _coloured(samples, kind, found.get(b"PLTE", b""), found.get(b"tRNS", b""))


def _header(png: bytes) -> tuple[int, ...]:
    if png[:8] != SIGNATURE or png[12:16] != b"IHDR" or len(png) < 29:  # noqa: PLR2004 - the signature and one chunk
        raise NoPicture("it is no PNG file")
    return struct.unpack(">IIBBBBB", png[16:29])


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        name, body, end = png[at + 4 : at + 8], png[at + 8 : at + 8 + length], at + 12 + length
        if end > len(png) or struct.unpack_from(">I", png, end - 4) != (zlib.crc32(name + body),):
            raise NoPicture("it is damaged")
        yield name, body
        at = end


def _unfiltered(raw: bytes, width: int, step: int) -> Iterator[bytes]:
    """Yield the samples of each row; `width` is in bytes, `step` from one pixel to the next (section 9 there)."""
    above = bytes(width)
    for start in range(0, len(raw), width + 1):
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + width])
        if kind > 4:  # noqa: PLR2004 - the last of the filters
            raise NoPicture("it has a filter that PNG does not know")
        for at in range(width if kind else 0):
            left, corner = (row[at - step], above[at - step]) if at >= step else (0, 0)
            row[at] = row[at] + _predicted(kind, left, above[at], corner) & 255
        above = bytes(row)
        yield above


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    nearest = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
    return (0, left, up, (left + up) // 2, nearest)[kind]


def _coloured(samples: bytes, kind: int, palette: bytes, alphas: bytes) -> list[Pixel]:
    if kind == 6:  # noqa: PLR2004 - red, green, blue, alpha
        return list(zip(*(samples[at::4] for at in range(4)), strict=True))
    if kind == 2:  # noqa: PLR2004 - red, green and blue
        return [(*colour, 255) for colour in zip(samples[::3], samples[1::3], samples[2::3], strict=True)]
    if kind == 3:  # noqa: PLR2004 - a palette
        colours = list(zip(palette[::3], palette[1::3], palette[2::3], strict=False))
        if not samples or max(samples) >= len(colours):
            raise NoPicture("it has a colour that its palette does not")
        return [(*colours[at], alphas[at] if at < len(alphas) else 255) for at in samples]
    if kind == 4:  # noqa: PLR2004 - grey and alpha
        return [(grey, grey, grey, alpha) for grey, alpha in zip(samples[::2], samples[1::2], strict=True)]
    return [(grey, grey, grey, 255) for grey in samples]
