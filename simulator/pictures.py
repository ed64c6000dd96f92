"""What is known of uploaded pictures without opening them: how large they are in bytes and in points."""

import struct
from dataclasses import dataclass

from simulator.disk import Disk

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Rule:
    most_bytes: int
    width: int
    height: int
    square: bool = False


LOGO = Rule(1024 * 1024, 500, 500, square=True)
BACKGROUND = Rule(2 * 1024 * 1024, 1020, 643)


class Pictures:
    """Of every app, by image id: (bytes, width, height)."""

    def __init__(self, disk: Disk) -> None:
        rows = disk.read_at_start("SELECT image_id, length(content), width, height FROM images")
        self._known = {image_id: (size, width or 0, height or 0) for image_id, size, width, height in rows}

    def add(self, image_id: str, content: bytes) -> tuple[int, int]:
        width, height = measured(content)
        self._known[image_id] = (len(content), width, height)
        return width, height

    def trouble(self, image_id: str, rule: Rule | None) -> str:
        """Why it cannot be used there, or nothing."""
        known = self._known.get(image_id)
        if known is None:
            return "不是已上传的图片"
        if rule is None:
            return ""
        size, width, height = known
        if size > rule.most_bytes:
            return f"图片不能超过 {rule.most_bytes // 1024 // 1024} MB"
        if width < rule.width or height < rule.height:
            return f"图片不能小于 {rule.width}×{rule.height}"
        return "图片需为正方形" if rule.square and width != height else ""


def measured(content: bytes) -> tuple[int, int]:
    """(width, height) of a png, bmp or jpeg; (0, 0) where it does not say."""
    try:
        if content.startswith(b"\x89PNG") and content[12:16] == b"IHDR":
            width, height = struct.unpack(">II", content[16:24])
            return int(width), int(height)
        if content.startswith(b"BM"):
            width, height = struct.unpack("<ii", content[18:26])
            return abs(width), abs(height)
        if content.startswith(b"\xff\xd8"):
            return _of_jpeg(content)
    except (struct.error, IndexError):
        return 0, 0
    return 0, 0


def _of_jpeg(content: bytes) -> tuple[int, int]:
    at = 2
    while content[at] == 0xFF:
        if content[at + 1] in _FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return int(width), int(height)
        at += 2 + int(struct.unpack(">H", content[at + 2 : at + 4])[0])
    return 0, 0
