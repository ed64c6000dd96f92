"""`{column}` in a value: fixed text with places that each person's own text fills.

`{name}` takes the column `name` of the list, `{name|friend}` says "friend" where it is empty; `{{` and `}}`
are braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


class PlaceholderError(ValueError):
    """The text cannot be read; the sentence says what to do. `start`: where, in characters from 0."""

    def __init__(self, sentence: str | Promise, *, start: int) -> None:
        self.sentence = sentence
        self.start = start
        super().__init__(str(sentence))


@dataclass(frozen=True)
class Place:
    """A column by its name, and what stands there where a person's is empty."""

    column: str
    fallback: str
    start: int


def parse(text: str) -> list[str | Place]:
    """The text as fixed parts and places. Raises PlaceholderError."""
    found: list[str | Place] = []
    for match in _TOKEN.finditer(text):
        part = _part(match)
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return found


def _part(match: re.Match[str]) -> str | Place:
    said = match[0]
    if said in {"{{", "}}"}:
        return said[0]
    if said == "{":
        raise PlaceholderError(
            _("The “{” at character %(n)s has no “}”. Close it, or write “{{” for a brace.")
            % {"n": match.start() + 1},
            start=match.start(),
        )
    if said == "}":
        raise PlaceholderError(
            _("The “}” at character %(n)s has no “{” before it. Remove it, or write “}}” for a brace.")
            % {"n": match.start() + 1},
            start=match.start(),
        )
    if said[0] != "{":
        return said
    column, _bar, fallback = match[1].partition("|")
    if not column.strip():
        raise PlaceholderError(
            _("The braces at character %(n)s name no column. Write one, such as {name}, or remove them.")
            % {"n": match.start() + 1},
            start=match.start(),
        )
    return Place(column.strip(), fallback.strip(), match.start())


def columns_in(text: str) -> set[str]:
    """Names of the columns it takes. Raises PlaceholderError."""
    return {part.column for part in parse(text) if isinstance(part, Place)}


def compiled(text: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    """As messaging.engine.text renders it. Raises PlaceholderError for a column the list does not have."""
    return list(_pieces(text, columns))


def _pieces(text: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    for part in parse(text):
        if isinstance(part, str):
            yield {"text": part}
        elif part.column in columns:
            yield {"column": list(columns).index(part.column), "fallback": part.fallback}
        else:
            raise PlaceholderError(_unknown(part.column, columns), start=part.start)


def _unknown(column: str, columns: Sequence[str]) -> str:
    if not columns:
        words = _(
            "This list keeps no columns, so {%(column)s} has nothing to take. Write the text out, "
            "or choose a list with columns."
        )
        return words % {"column": column}
    words = _("The list has no column “%(column)s”. It has: %(columns)s.")
    names = pgettext("between items of a list", ", ").join(columns)
    return words % {"column": column, "columns": names}


def literal(text: str) -> str:
    """`text` written so that it stands for itself."""
    return text.replace("{", "{{").replace("}", "}}")
