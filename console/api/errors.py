"""What the API answers where something is wrong: {"error": sentence}, with `fields` where some are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ninja import Schema
from ninja.errors import HttpError


class ErrorOut(Schema):
    error: str
    fields: dict[str, str] = {}


class TooMany(HttpError):
    """429; `retry_after_seconds` goes out as the header Retry-After."""

    def __init__(self, sentence: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(429, sentence)
        self.retry_after_seconds = retry_after_seconds


class Problems(NamedTuple):
    """`sentence` names the first of `fields`; none of it repeats what was sent."""

    sentence: str
    fields: dict[str, str]


def problems_of(errors: Sequence[Mapping[str, Any]]) -> Problems:
    """Names each field by its path, as messages.3.page."""
    fields = {
        ".".join(str(part) for part in problem["loc"] if part not in ("body", "payload")): problem["msg"]
        for problem in errors
    }
    name, problem = next(iter(fields.items()))
    more = f" {len(fields) - 1} more under fields." if len(fields) > 1 else ""
    return Problems(f"{name or 'body'}: {problem}.{more}", fields)
