"""The reach funnel before the button: the gates of freeze, asked for without writing anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from messaging.engine import sql
from messaging.engine.freeze import Judged, judged
from messaging.models import Kind, SendControl, SkipReason

ORDER = (
    SkipReason.NOT_KNOWN,
    SkipReason.DO_NOT_SEND,
    SkipReason.OPTED_OUT,
    SkipReason.DOES_NOT_FIT,
    SkipReason.NO_CONSENT,
    SkipReason.FREQUENCY_CAP,
    SkipReason.FATIGUE,
    SkipReason.HOLDOUT,
)
FUNNEL = """
SELECT coalesce(gate, ''), count(*), sum(units)::bigint, count(*) FILTER (WHERE units = 1),
    count(*) FILTER (WHERE standing)
FROM ({judged}) judged GROUP BY 1
"""
STOPPED = """
SELECT judged.customer_id, c.open_id
FROM ({judged}) judged JOIN membership_customer c ON c.id = judged.customer_id
WHERE judged.gate = %(gate)s AND judged.customer_id > %(after)s
ORDER BY judged.customer_id LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Drop:
    reason: str
    label: str | Promise
    n: int


@dataclass(frozen=True)
class Balance:
    """Consent to the template among the people of the list, as it stands.

    `units` are one-time ones; the send uses at most `used` of them, since who certainly did not get it keeps
    theirs. `emptied` people would have none left. `standing` consents pay for many and are not used up.
    """

    units: int
    used: int
    emptied: int
    standing: int

    @property
    def left(self) -> int:
        return self.units - self.used


@dataclass(frozen=True)
class Funnel:
    """`total` = will_send + the drops, always."""

    total: int
    drops: list[Drop]
    will_send: int
    computed_at: datetime
    balance: Balance


def forecast(control: SendControl, *, due_at: datetime, at: datetime) -> Funnel:
    """Who would get it if it were frozen now for `due_at`. One pass over the list."""
    people = judged(control, at=due_at)
    with people.unnested():
        found_rows = sql.rows(FUNNEL.format(judged=people.statement), people.parameters)
    rows = {row[0]: row[1:] for row in found_rows}
    found = {gate: row[0] for gate, row in rows.items()}
    gates = [reason for reason in ORDER if found.get(str(reason)) or _judges(reason, control, people)]
    will_send, spends = found.get("", 0), control.template_kind == Kind.ONE_TIME
    return Funnel(
        total=sum(found.values()),
        drops=[Drop(str(reason), reason.label, found.get(str(reason), 0)) for reason in gates],
        will_send=will_send,
        computed_at=at,
        balance=Balance(
            units=sum(row[1] for row in rows.values()),
            used=will_send if spends else 0,
            emptied=rows[""][2] if spends and will_send else 0,
            standing=sum(row[3] for row in rows.values()),
        ),
    )


def _judges(reason: SkipReason, control: SendControl, people: Judged) -> bool:
    """Whether a gate that stops nobody is worth a step: four are there for some sends only."""
    if reason == SkipReason.OPTED_OUT:
        return control.people_list is not None and control.people_list.source == "rule"
    if reason == SkipReason.FREQUENCY_CAP:
        return people.is_capped
    if reason == SkipReason.HOLDOUT:
        return control.holdout_percent > 0
    return reason != SkipReason.DOES_NOT_FIT or bool(control.pieces)


def stopped_by(
    control: SendControl, *, gate: str, due_at: datetime, after: int = 0, limit: int = 100
) -> list[tuple[int, str | None]]:
    """The people behind one drop: (customer id, open_id), by customer id above `after`."""
    people = judged(control, at=due_at, one_by_one=True)
    parameters = people.parameters | {"gate": gate, "after": after, "limit": limit}
    return [(row[0], row[1]) for row in sql.rows(STOPPED.format(judged=people.statement), parameters)]
