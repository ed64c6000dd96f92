"""How large a picture is, read from its first bytes."""

import struct

import pytest

from simulator.pictures import measured
from tests.simulator.card_asks import picture


def _bmp(width: int, height: int) -> bytes:
    return b"BM" + bytes(16) + struct.pack("<ii", width, height) + bytes(20)


def _jpeg(width: int, height: int, marker: int = 0xC2) -> bytes:
    """A comment and a table stand before the frame; the table's marker looks like a frame's."""
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"abcd"
    table = b"\xff\xc4" + struct.pack(">H", 5) + b"\x01\x02\x03"
    frame = bytes((0xFF, marker)) + struct.pack(">HBHH", 11, 8, height, width) + bytes(4)
    return b"\xff\xd8" + comment + table + frame


@pytest.mark.parametrize("make", [picture, _bmp, _jpeg])
def test_width_and_height_are_read(make) -> None:
    assert measured(make(640, 480)) == (640, 480)


def test_a_bmp_whose_lines_run_downwards_has_its_height_all_the_same() -> None:
    assert measured(_bmp(640, -480)) == (640, 480)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"BM12",
        b"\xff\xd8\xff",
        _jpeg(1, 1)[:12],
        _jpeg(1, 1)[:-9],
        b"\xff\xd8" + bytes(40),
    ],
)
def test_what_does_not_say_how_large_it_is_has_no_size(content: bytes) -> None:
    assert measured(content) == (0, 0)
