"""Text that differs per person: a value is pieces, each fixed text or a column of the list.

Rendered twice by the same rule: here for previews, and in SQL for a whole list at freeze.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway import wire

# {"text": "…"} or {"column": position in the list's columns, "fallback": "…"}
Piece = Mapping[str, Any]
Pieces = Sequence[Sequence[Piece]]  # one sequence for each keyword
BLANK = " \t\r\n\u3000"  # around a column's text it is dropped; a column of nothing else is empty


def render(pieces: Sequence[Piece], values: Sequence[str | None] | None = None) -> str:
    """One value for a person with these column texts; without any, every column takes its fallback."""
    return "".join(_piece(piece, values or ()) for piece in pieces)


def _piece(piece: Piece, values: Sequence[str | None]) -> str:
    if "text" in piece:
        return str(piece["text"])
    position: int = piece["column"]
    text = values[position] if position < len(values) else None
    return (text or "").strip(BLANK) or str(piece["fallback"])


def fits(value: str) -> bool:
    """Whether the platform takes one rendered value."""
    return bool(value.strip(BLANK)) and wire.text_length(value) <= wire.KEYWORD_VALUE_MAX_CHARACTERS


def data_of(values: Sequence[str]) -> dict[str, dict[str, str]]:
    """The `data` of a message: keyword1 … keywordN."""
    return {f"keyword{n}": {"value": value} for n, value in enumerate(values, start=1)}


def data_length(values: Sequence[str]) -> int:
    """Characters of the `data` text as the slot writes it."""
    return len(json.dumps(data_of(values), ensure_ascii=False, separators=(",", ":")))


def is_personal(pieces: Pieces) -> bool:
    return any("column" in piece for value in pieces for piece in value)


@dataclass(frozen=True)
class Rendering:
    """SQL for one send. `join` gives the row `said` with v1 … vN; needs the list entry as `e`.

    All three are built from constants and positions; every text is a parameter.
    """

    join: str
    fails: str
    data: str
    parameters: dict[str, Any]


def rendering(pieces: Pieces, data: Mapping[str, Any]) -> Rendering:
    """`data`: what the send says to who has no text of their own; the row's is NULL where it is the same."""
    numbers = range(1, len(pieces) + 1)
    parameters: dict[str, Any] = {
        "blank": BLANK,
        "value_limit": wire.KEYWORD_VALUE_MAX_CHARACTERS,
        "data_limit": wire.DATA_MAX_CHARACTERS - data_length([""] * len(pieces)) + 2 * len(pieces),
        "data": json.dumps(data),
    }
    columns = []
    for n, value in enumerate(pieces, start=1):
        parts = list(_terms(n, value, parameters))
        columns.append(f"concat({', '.join(parts) or repr('')}) AS v{n}")
    # OFFSET 0 keeps the planner from writing the text out anew at each place that names it.
    join = f"CROSS JOIN LATERAL (SELECT {', '.join(columns)} OFFSET 0) said"
    return Rendering(join=join, fails=_fails(numbers), data=_data(numbers), parameters=parameters)


def _terms(n: int, value: Sequence[Piece], parameters: dict[str, Any]) -> Iterator[str]:
    for m, piece in enumerate(value):
        name = f"text_{n}_{m}"
        if "text" in piece:
            parameters[name] = str(piece["text"])
            yield f"%({name})s::text"
        else:
            parameters[name] = str(piece["fallback"])
            kept = f"nullif(btrim(e.\"values\" ->> {int(piece['column'])}, %(blank)s), '')"
            yield f"coalesce({kept}, %({name})s::text)"


def _fails(numbers: Sequence[int]) -> str:
    tests = [f"length(said.v{n}) > %(value_limit)s OR btrim(said.v{n}, %(blank)s) = ''" for n in numbers]
    total = " + ".join(f"length(to_json(said.v{n})::text)" for n in numbers)  # quotes and escapes included
    return f"({' OR '.join(tests)} OR {total} > %(data_limit)s)"


def _data(numbers: Sequence[int]) -> str:
    pairs = ", ".join(f"'keyword{n}', jsonb_build_object('value', said.v{n})" for n in numbers)
    return f"nullif(jsonb_build_object({pairs}), %(data)s::jsonb)"
