"""What became of the rows of a file, counted so that the parts add up to the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from orders.importing.rows import Read
from orders.intake import Received


@dataclass
class Tally:
    """rows = created + updated + unchanged + refused, and = taken + late + repeated + without + refused.

    `late`: taken, but older than what the platform has; it is kept and not synced. `without`: rows with no
    status. `reasons`: why rows were refused; `lacking`: `scene/status` of those whose message lacks fields.
    """

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    taken: int = 0
    late: int = 0
    repeated: int = 0
    without: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    lacking: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        orders = self.created + self.updated + self.unchanged + self.refused
        statuses = self.taken + self.late + self.repeated + self.without + self.refused
        return self.rows == orders == statuses and sum(self.reasons.values()) == self.refused

    @property
    def changing(self) -> int:
        """Rows that make or change an order."""
        return self.created + self.updated

    @property
    def lacking_rows(self) -> int:
        return sum(self.lacking.values())

    def plus(self, judged: Iterable[tuple[Read, Received]]) -> Tally:
        """A new one; this one stays."""
        counts = Counter({name: n for name, n in asdict(self).items() if isinstance(n, int)})
        reasons, lacking = Counter(self.reasons), Counter(self.lacking)
        for read, answer in judged:
            counts["rows"] += 1
            counts[answer.outcome] += 1
            if answer.outcome == "refused":
                reasons[answer.code] += 1
                continue
            counts["late" if answer.late else answer.status or "without"] += 1
            if answer.lacking and read.given is not None and read.given.status is not None:
                lacking[f"{read.given.scene}/{read.given.status.status}"] += 1
        return Tally(**counts, reasons=dict(reasons), lacking=dict(lacking))

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def stored_tally(value: Mapping[str, Any]) -> Tally:
    return Tally(**value)
