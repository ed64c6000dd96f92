"""Bodies in parts: fields, and files that take no part in the signature."""

from dataclasses import dataclass

from aiohttp import BodyPartReader, web

MAX_FORM_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A part of a body that has a file name."""

    filename: str
    content: bytes


async def parts_of(http: web.Request) -> tuple[dict[str, bytes], dict[str, Upload]]:
    """(values by name, files by name) of a multipart body. What cannot be read as one ends the reading."""
    values: dict[str, bytes] = {}
    files: dict[str, Upload] = {}
    left = MAX_FORM_BYTES
    try:
        async for part in await http.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            content = bytearray()
            while piece := await part.read_chunk(_PIECE_BYTES):
                content += piece
                left -= len(piece)
                if left < 0:
                    raise web.HTTPRequestEntityTooLarge(MAX_FORM_BYTES, MAX_FORM_BYTES - left)
            if part.filename is None:
                values[part.name] = bytes(content)
            else:
                files[part.name] = Upload(part.filename, bytes(content))
    except (ValueError, RuntimeError, AssertionError, LookupError):
        return values, files
    return values, files
