"""JSON from outside, with what would hurt later refused here."""

import json
import re
from typing import Any

# Half of a surrogate pair can be written in JSON, but neither in UTF-8 nor in SQLite.
_MAYBE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


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
