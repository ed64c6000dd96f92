"""Visits and their figure: one row per delivery and per kind of visitor, one figure per send.

The figure moves in the transaction that writes the visits. `rebuild` counts again; it may run at any
time: it locks the figure first and counts what is committed; a visit that is not yet adds itself later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Now

from messaging.engine import sql
from messaging.models import RecallCount, Visit

# The earliest visit stays, whatever came first.
ADD_VISITS = """
INSERT INTO messaging_visit AS v (books_month, delivery_id, shared, send_id, at)
SELECT c.books_month, c.delivery_id, c.shared, c.send_id, min(c.at)
FROM unnest(%(months)s::date[], %(deliveries)s::bigint[], %(shared)s::bool[], %(sends)s::bigint[],
    %(times)s::timestamptz[]) AS c (books_month, delivery_id, shared, send_id, at)
GROUP BY c.books_month, c.delivery_id, c.shared, c.send_id
ORDER BY c.books_month, c.delivery_id, c.shared
ON CONFLICT (books_month, delivery_id, shared) DO UPDATE SET at = least(v.at, excluded.at)
RETURNING send_id, shared, xmax = 0
"""
ADD_COUNTS = """
INSERT INTO messaging_recallcount AS r (send_id, visits, shared_visits)
SELECT * FROM unnest(%(sends)s::bigint[], %(visits)s::int[], %(shared)s::int[]) AS n (send_id, visits, shared)
ORDER BY n.send_id
ON CONFLICT (send_id) DO UPDATE SET visits = r.visits + excluded.visits,
    shared_visits = r.shared_visits + excluded.shared_visits, updated_at = now()
"""


class Came(NamedTuple):
    """A visit that counts: `shared` when somebody else than the recipient opened the link."""

    books_month: date
    delivery_id: int
    shared: bool
    send_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """A rollup that was wrong: (visits, shared visits) as kept and as counted."""

    send_id: int
    kept: tuple[int, int]
    counted: tuple[int, int]


def count(visits: Sequence[Came]) -> None:
    """Writes visits and moves the figures by those that are new, in the caller's transaction.

    A repeated visit stamps its figure too: it may be the earlier one, which the rollup by hour must see.
    """
    if not visits:
        return
    months, deliveries, shared, sends, times = (list(column) for column in zip(*visits, strict=True))
    written = sql.rows(
        ADD_VISITS,
        {"months": months, "deliveries": deliveries, "shared": shared, "sends": sends, "times": times},
    )
    new = Counter((send_id, is_shared) for send_id, is_shared, is_new in written if is_new)
    moved = sorted({send_id for send_id, _shared, _new in written})
    if moved:
        sql.run(
            ADD_COUNTS,
            {
                "sends": moved,
                "visits": [new[send_id, False] for send_id in moved],
                "shared": [new[send_id, True] for send_id in moved],
            },
        )


def rebuild(*, repair: bool = True) -> list[Difference]:
    """Counts every send again from its visits; `repair` puts figures right. Returns what differed."""
    sends = set(Visit.objects.values_list("send_id", flat=True).distinct())
    sends |= set(RecallCount.objects.values_list("send_id", flat=True))
    found = [_rebuild_one(send_id, repair=repair) for send_id in sorted(sends)]
    return [difference for difference in found if difference is not None]


def _rebuild_one(send_id: int, *, repair: bool) -> Difference | None:
    with transaction.atomic():
        RecallCount.objects.bulk_create([RecallCount(send_id=send_id)], ignore_conflicts=True)
        row = RecallCount.objects.select_for_update().get(send_id=send_id)
        counted = Visit.objects.filter(send_id=send_id).aggregate(
            visits=Count("delivery_id", filter=Q(shared=False)),
            shared=Count("delivery_id", filter=Q(shared=True)),
        )
        kept, true = (row.visits, row.shared_visits), (counted["visits"], counted["shared"])
        if repair:
            RecallCount.objects.filter(send_id=send_id).update(
                visits=true[0], shared_visits=true[1], updated_at=Now()
            )
    return None if kept == true else Difference(send_id, kept, true)
