"""The reach funnel before the button: the gates of freeze, asked for without writing anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from messaging.engine import sql
from messaging.engine.freeze import JUDGED, gate_parameters
from messaging.models import SendControl, SkipReason

ORDER = (SkipReason.NOT_KNOWN, SkipReason.DO_NOT_SEND, SkipReason.NO_CONSENT, SkipReason.FATIGUE)
FUNNEL = f"SELECT coalesce(gate, ''), count(*) FROM ({JUDGED}) judged GROUP BY 1"  # noqa: S608 - constants only
STOPPED = f"""
SELECT judged.customer_id, c.open_id
FROM ({JUDGED}) judged JOIN membership_customer c ON c.id = judged.customer_id
WHERE judged.gate = %(gate)s AND judged.customer_id > %(after)s
ORDER BY judged.customer_id LIMIT %(limit)s
"""  # noqa: S608 - constants only


@dataclass(frozen=True)
class Drop:
    reason: str
    label: str | Promise
    n: int


@dataclass(frozen=True)
class Funnel:
    """`total` = will_send + the drops, always."""

    total: int
    drops: list[Drop]
    will_send: int
    computed_at: datetime


def forecast(control: SendControl, *, due_at: datetime, at: datetime) -> Funnel:
    """Who would get it if it were frozen now for `due_at`. One pass over the list."""
    found: dict[str, int] = dict(sql.rows(FUNNEL, gate_parameters(control, at=due_at)))
    drops = [Drop(str(reason), reason.label, found.get(str(reason), 0)) for reason in ORDER]
    return Funnel(total=sum(found.values()), drops=drops, will_send=found.get("", 0), computed_at=at)


def stopped_by(
    control: SendControl, *, gate: str, due_at: datetime, after: int = 0, limit: int = 100
) -> list[tuple[int, str | None]]:
    """The people behind one drop: (customer id, open_id), by customer id above `after`."""
    parameters = gate_parameters(control, at=due_at) | {"gate": gate, "after": after, "limit": limit}
    return [(row[0], row[1]) for row in sql.rows(STOPPED, parameters)]
