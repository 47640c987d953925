"""Icons are read from any tool's PNG files."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.manifest.png import CHANNELS, NoPicture, pixels, size

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PALETTE = bytes(value % 256 for value in range(3 * 256))


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width: int, height: int, kind: int = 6, depth: int = 8, interlaced: int = 0) -> bytes:
    """The beginning of a PNG file."""
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))


def written(rows: list[bytes], kind: int, filters: list[int]) -> bytes:
    """Write rows of samples, each with its filter (the PNG specification, section 9)."""
    step, above, packed = CHANNELS[kind], bytes(len(rows[0])), b""
    for row, chosen in zip(rows, filters, strict=True):
        packed += bytes([chosen])
        for at, sample in enumerate(row):
            left, corner = (row[at - step], above[at - step]) if at >= step else (0, 0)
            packed += bytes([(sample - guess(chosen, left, above[at], corner)) % 256])
        above = row
    picture = header(len(rows[0]) // step, len(rows), kind)
    extra = chunk(b"PLTE", PALETTE) + chunk(b"tRNS", bytes([0, 128])) if kind == 3 else b""
    packed = zlib.compress(packed)
    middle = len(packed) // 2
    return picture + extra + chunk(b"IDAT", packed[:middle]) + chunk(b"IDAT", packed[middle:]) + chunk(b"IEND", b"")


def guess(chosen: int, left: int, up: int, corner: int) -> int:
    """What a filter takes a sample for, of its neighbours."""
    if chosen == 4:
        near = left + up - corner
        ways = [(abs(near - left), left), (abs(near - up), up), (abs(near - corner), corner)]
        return min(ways, key=lambda way: way[0])[1]
    return [0, left, up, (left + up) // 2][chosen]


def meant(pixel: bytes, kind: int) -> tuple[int, ...]:
    """The red, green, blue and alpha of one pixel's samples."""
    if kind == 3:
        at = pixel[0]
        return (*PALETTE[3 * at : 3 * at + 3], (0, 128)[at] if at < 2 else 255)
    colour = tuple(pixel[:3]) if kind in {2, 6} else (pixel[0],) * 3
    return (*colour, pixel[-1] if kind in {4, 6} else 255)


@given(some.data(), some.sampled_from(sorted(CHANNELS)), some.integers(1, 4), some.integers(1, 4))
def test_every_kind_of_picture_is_read(data: some.DataObject, kind: int, width: int, height: int) -> None:
    """Grey, coloured or of a palette, with or without alpha, however it is filtered: the pixels are those drawn."""
    step = CHANNELS[kind]
    rows = [data.draw(some.binary(min_size=width * step, max_size=width * step)) for _ in range(height)]
    filters = data.draw(some.lists(some.integers(0, 4), min_size=height, max_size=height))
    picture = written(rows, kind, filters)
    assert size(picture) == (width, height)
    assert pixels(picture) == [meant(row[at : at + step], kind) for row in rows for at in range(0, width * step, step)]


GREY = written([b"\x01"], 0, [0])


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (b"", "no PNG file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "no PNG file"),
        (header(1, 1, depth=16), "another format"),
        (header(1, 1, interlaced=1), "another format"),
        (header(1, 1, kind=5), "another format"),
        (header(1, 1), "more or fewer pixels"),
        (header(9, 9, 0) + GREY[33:], "more or fewer pixels"),
        (header(1, 1, 0) + chunk(b"IDAT", zlib.compress(bytes(99))), "more or fewer pixels"),
        (header(1, 1, 0) + chunk(b"IDAT", b"no zlib"), "damaged"),
        (GREY[:-20] + b"x" + GREY[-19:], "damaged"),
        (header(1, 1, 0) + struct.pack(">I", 1 << 31) + GREY[-40:], "damaged"),
        (header(1, 1, 0) + chunk(b"IDAT", zlib.compress(b"\x05\x00")), "filter"),
        (header(1, 1, 0) + chunk(b"tRNS", b"\x00\x01") + GREY[33:], "stands for transparent"),
        (header(1, 1, 3) + chunk(b"PLTE", b"\x00\x00\x00") + GREY[33:], "palette"),
    ],
)
def test_what_is_no_such_picture_is_said(picture: bytes, why: str) -> None:
    """A file that cannot be read as an icon is refused with its reason."""
    with pytest.raises(NoPicture, match=why):
        pixels(picture)


@given(some.data())
def test_damage_never_breaks_the_reader(data: some.DataObject) -> None:
    """Whatever bytes come, the reader answers with pixels or its own error."""
    damaged = bytearray(GREY)
    for _ in range(data.draw(some.integers(1, 3))):
        damaged[data.draw(some.integers(0, len(damaged) - 1))] = data.draw(some.integers(0, 255))
    with suppress(NoPicture):
        assert len(pixels(bytes(damaged))) == 1
