"""Form fields and JSON from outside, with what would hurt later refused here."""

import binascii
import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

# Half of a surrogate pair can be written in JSON, but neither in UTF-8 nor in SQLite.
_MAYBE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# A % that escapes nothing, or what quoted-printable reads as the end of a line.
_NOT_PRINTABLE = re.compile(rb"%(?![0-9A-Fa-f]{2})|[\r\n]")


def form_fields(form: bytes, charset: str) -> dict[str, str]:
    """Fields of a query or a body; of fields with one name the last wins. %XX is decoded as quoted-printable,
    which differs by its sign only: the standard library goes character by character, which was a quarter of
    a request's time."""
    fields = {}
    for part in form.split(b"&"):
        name, _, value = part.partition(b"=")
        if name:
            fields[_text(name, charset)] = _text(value, charset)
    return fields


def _text(part: bytes, charset: str) -> str:
    plain = part.replace(b"+", b" ")
    if b"%" in plain:
        if _NOT_PRINTABLE.search(plain):
            plain = unquote_to_bytes(plain)
        else:
            plain = binascii.a2b_qp(plain.replace(b"=", b"%3D").replace(b"%", b"="))
    return plain.decode(charset, "replace")


def json_object(text: str | None) -> dict[str, Any] | None:
    """The object that `text` holds, or None if it holds anything else."""
    if not text:
        return None
    try:
        value = json.loads(text)
        if _MAYBE_SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
