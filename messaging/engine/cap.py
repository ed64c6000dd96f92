"""The merchant's frequency cap: messages of all its templates together to one person of a mini program.

Counted are accepted, unknown and messages in flight, as for template fatigue. Two sends of different
templates may mark the same person at the same instant: the person's own row is locked before counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from messaging.engine import sql
from messaging.models import SendRules

# For freeze.JUDGED, which has `day`, `cap_day`, `cap_week` and `week_from` at hand.
GATE = "WHEN coalesce(m.today, 0) >= %(cap_day)s OR coalesce(m.week, 0) >= %(cap_week)s THEN 'cap'"
AS_A_WHOLE = """
LEFT JOIN (
    SELECT f.customer_id, sum(f.n) FILTER (WHERE f.day = %(day)s) AS today, sum(f.n) AS week
    FROM membership_peoplelistentry x JOIN messaging_frequencycount f ON f.customer_id = x.customer_id
    WHERE x.people_list_id = %(people_list)s AND f.day BETWEEN %(week_from)s AND %(day)s
    GROUP BY f.customer_id
) m ON m.customer_id = e.customer_id
"""
ONE_BY_ONE = """
LEFT JOIN LATERAL (
    SELECT sum(n) FILTER (WHERE day = %(day)s) AS today, sum(n) AS week FROM messaging_frequencycount
    WHERE customer_id = e.customer_id AND day BETWEEN %(week_from)s AND %(day)s
) m ON true
"""
LOCK_PEOPLE = """
SELECT id FROM membership_customer WHERE id = ANY(%(customers)s) ORDER BY id FOR NO KEY UPDATE
"""
MESSAGES = """
SELECT customer_id, coalesce(sum(n) FILTER (WHERE day = %(day)s), 0), sum(n) FROM messaging_frequencycount
WHERE customer_id = ANY(%(customers)s) AND day BETWEEN %(week_from)s AND %(day)s
GROUP BY customer_id
"""


@dataclass(frozen=True)
class Cap:
    """Most messages to one person; None: no limit."""

    day: int | None = None
    week: int | None = None

    def __bool__(self) -> bool:
        return self.day is not None or self.week is not None

    def parameters(self, day: date) -> dict[str, Any]:
        """`day`: the Beijing day that is judged; its week begins on Monday."""
        week_from = day - timedelta(days=day.weekday())
        return {"day": day, "week_from": week_from, "cap_day": self.day, "cap_week": self.week}


def cap_of(merchant_id: int) -> Cap:
    row = SendRules.objects.filter(merchant_id=merchant_id).values_list("cap_day", "cap_week").first()
    return Cap(*row) if row else Cap()


def reached(cap: Cap, customers: Sequence[int], *, day: date) -> set[int]:
    """Who of them may get no more today. Locks them, so that no other send counts them meanwhile."""
    parameters = cap.parameters(day) | {"customers": list(customers)}
    sql.rows(LOCK_PEOPLE, parameters)
    return {
        customer
        for customer, today, week in sql.rows(MESSAGES, parameters)
        if (cap.day is not None and today >= cap.day) or (cap.week is not None and week >= cap.week)
    }
