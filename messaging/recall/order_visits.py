"""Visits by the link of an order: once per order and kind of visitor, figures per scene and day.

The link is the same in all messages of the order, so a visit is the order's and never one message's. The
window begins when the order was handed in, which never changes: late, repeated and shuffled reports give the
same figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum

from merchants import tokens
from merchants.models import MiniProgram
from messaging.engine import sql
from messaging.models import OrderVisitDay
from messaging.recall.hours import WrongRow
from orders.models import Order

# The earliest visit stays, whatever came first.
ADD_VISITS = """
INSERT INTO messaging_ordervisit AS v (order_id, shared, at)
SELECT c.order_id, c.shared, min(c.at)
FROM unnest(%(orders)s::bigint[], %(shared)s::bool[], %(times)s::timestamptz[]) AS c (order_id, shared, at)
GROUP BY c.order_id, c.shared
ORDER BY c.order_id, c.shared
ON CONFLICT (order_id, shared) DO UPDATE SET at = least(v.at, excluded.at)
RETURNING order_id, shared, xmax = 0
"""
CELLS = """
SELECT o.merchant_id, o.mini_program_id, (o.created_at AT TIME ZONE m.time_zone)::date, o.scene,
    count(*) FILTER (WHERE NOT v.shared)::int, count(*) FILTER (WHERE v.shared)::int
FROM {visits} AS v JOIN orders_order o ON o.id = v.order_id
JOIN merchants_merchant m ON m.id = o.merchant_id
GROUP BY 1, 2, 3, 4
"""
NEW = "unnest(%(orders)s::bigint[], %(shared)s::bool[])"
COLUMNS = "merchant_id, mini_program_id, day, scene, visits, shared_visits"
ADD_DAYS = f"""
INSERT INTO messaging_ordervisitday AS d ({COLUMNS})
{CELLS.format(visits=f"(SELECT * FROM {NEW} AS n (order_id, shared))")} ORDER BY 2, 3, 4
ON CONFLICT (mini_program_id, day, scene) DO UPDATE SET visits = d.visits + excluded.visits,
    shared_visits = d.shared_visits + excluded.shared_visits
"""  # noqa: S608 - put together from constants only
COUNT = CELLS.format(visits="messaging_ordervisit")
KEPT = f"""
SELECT {COLUMNS} FROM messaging_ordervisitday WHERE visits > 0 OR shared_visits > 0
"""  # noqa: S608 - put together from constants only


@dataclass(frozen=True, slots=True)
class OpenedOrder:
    """The order that a recall token names. `has_link`: its link left at least once."""

    id: int
    customer_id: int
    created_at: datetime
    has_link: bool

    def counts(self, at: datetime) -> bool:
        return at <= self.created_at + timedelta(days=settings.ORDER_VISIT_DAYS)


class Came(NamedTuple):
    order_id: int
    shared: bool
    at: datetime


@dataclass(frozen=True)
class OrderVisits:
    """None where nothing was ever reported: nobody knows whether anybody came."""

    visits: int | None
    shared: int | None


def opened(mini_program: MiniProgram, given: Iterable[str]) -> dict[str, OpenedOrder]:
    """Orders by token; a token we did not make, or made for another mini program, is missing."""
    read = {token: named for token in given if (named := tokens.read_for_order(token)) is not None}
    if not read:
        return {}
    rows = Order.objects.filter(mini_program=mini_program, pk__in=read.values())
    found = {
        pk: OpenedOrder(pk, customer_id, created_at, bool(link))
        for pk, customer_id, created_at, link in rows.values_list(
            "pk", "customer_id", "created_at", "link_page"
        )
    }
    return {token: found[named] for token, named in read.items() if named in found}


def count(visits: Sequence[Came]) -> None:
    """Writes visits and moves the figures by those that are new, in the caller's transaction."""
    if not visits:
        return
    orders, shared, times = (list(column) for column in zip(*visits, strict=True))
    written = sql.rows(ADD_VISITS, {"orders": orders, "shared": shared, "times": times})
    new = [(order_id, is_shared) for order_id, is_shared, is_new in written if is_new]
    if new:
        sql.run(ADD_DAYS, {"orders": [one for one, _ in new], "shared": [one for _, one in new]})


def recount(*, repair: bool = True) -> list[WrongRow]:
    """Counts again from the visits. While the table is locked whoever reports waits."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE messaging_ordervisitday IN EXCLUSIVE MODE")
        kept, counted = ({row[:4]: row[4:] for row in sql.rows(one, {})} for one in (KEPT, COUNT))
        if repair:
            sql.run("DELETE FROM messaging_ordervisitday", {})
            sql.run(f"INSERT INTO messaging_ordervisitday ({COLUMNS}) {COUNT}", {})
    keys = sorted(kept.keys() | counted.keys())
    return [
        WrongRow("order visits", one, kept.get(one), counted.get(one))
        for one in keys
        if kept.get(one) != counted.get(one)
    ]


def visits_of(mini_program: MiniProgram, *, first: date, last: date) -> OrderVisits:
    """Of orders handed in on these days, both included."""
    rows = OrderVisitDay.objects.filter(mini_program=mini_program)
    found = rows.filter(day__range=(first, last)).aggregate(visits=Sum("visits"), shared=Sum("shared_visits"))
    if found["visits"] is None and rows.exists():
        return OrderVisits(0, 0)
    return OrderVisits(found["visits"], found["shared"])
