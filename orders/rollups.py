"""Figures of notifications by day and node, kept with the rows they are of.

A trigger notes every change of a StatusChange in its transaction as a NodeMove, whoever made it, so that
no two writers wait for one row of figures; `fold` adds the moves to NodeCount. A reader takes both at once
and so is exact at that moment. `rebuild` compares them with the rows in one snapshot and keeps no writer
waiting: what it finds wrong it adds as moves, which hold whatever was written meanwhile. Only another
rebuild waits: both would add the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from merchants.models import Merchant, MiniProgram
from orders.models import Order

FOLDED_AT_ONCE = 50_000
TOLD = "told"  # state of the rows that count orders
CELL = "merchant_id, mini_program_id, day, scene, status, state, cause"

# The same in words as the trigger of the migration that made these tables: a test compares what they count.
COUNTED = """
SELECT o.merchant_id, o.mini_program_id, (c.received_at AT TIME ZONE m.time_zone)::date AS day, o.scene,
    c.status, c.state, CASE WHEN c.state IN ('dead', 'not_notified')
        OR (c.state = 'superseded' AND c.cause = 'forgotten') THEN c.cause
        WHEN c.state = 'synced' AND c.sub_code <> '' THEN 'message_unknown' ELSE '' END AS cause,
    count(*)::int AS n
FROM orders_statuschange c JOIN orders_order o ON o.id = c.order_id
JOIN merchants_merchant m ON m.id = o.merchant_id
GROUP BY 1, 2, 3, 4, 5, 6, 7
UNION ALL
SELECT o.merchant_id, o.mini_program_id, (o.created_at AT TIME ZONE m.time_zone)::date, o.scene, '', 'told',
    '', count(*)::int
FROM orders_order o JOIN merchants_merchant m ON m.id = o.merchant_id WHERE o.told_at IS NOT NULL
GROUP BY 1, 2, 3, 4
"""
KEPT = f"""
SELECT {CELL}, sum(n)::int AS n FROM (
    SELECT {CELL}, n FROM orders_nodecount UNION ALL SELECT {CELL}, n FROM orders_nodemove
) AS both_tables GROUP BY {CELL}
"""  # noqa: S608 - put together from constants only
WRONG = f"""
SELECT {CELL}, coalesce(k.n, 0), coalesce(c.n, 0) FROM ({KEPT}) AS k
FULL JOIN ({COUNTED}) AS c USING ({CELL}) WHERE coalesce(k.n, 0) <> coalesce(c.n, 0) ORDER BY {CELL}
"""  # noqa: S608 - put together from constants only
REPAIR = f"""
WITH wrong ({CELL}, kept, counted) AS MATERIALIZED ({WRONG}), put_right AS (
    INSERT INTO orders_nodemove ({CELL}, n) SELECT {CELL}, counted - kept FROM wrong
)
SELECT * FROM wrong
"""  # noqa: S608 - put together from constants only
ONE_AT_A_TIME = "LOCK TABLE orders_nodecount IN SHARE UPDATE EXCLUSIVE MODE"  # against itself, not writers
FOLD = f"""
WITH moved AS (
    DELETE FROM orders_nodemove WHERE id IN (
        SELECT id FROM orders_nodemove ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ) RETURNING {CELL}, n
)
INSERT INTO orders_nodecount AS c ({CELL}, n)
SELECT {CELL}, sum(n) FROM moved GROUP BY {CELL} HAVING sum(n) <> 0 ORDER BY {CELL}
ON CONFLICT (mini_program_id, day, scene, status, state, cause) DO UPDATE SET n = c.n + excluded.n
"""  # noqa: S608 - put together from constants only
ADD_TOLD = """
INSERT INTO orders_nodemove (merchant_id, mini_program_id, day, scene, status, state, cause, n)
SELECT o.merchant_id, o.mini_program_id, (o.created_at AT TIME ZONE m.time_zone)::date, o.scene, '', 'told',
    '', 1
FROM orders_order o JOIN merchants_merchant m ON m.id = o.merchant_id WHERE o.id = %(order)s
"""
CELLS = """
SELECT day, scene, status, state, cause, sum(n)::int FROM (
    SELECT day, scene, status, state, cause, n FROM orders_nodecount
    WHERE mini_program_id = %(app)s AND day BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT day, scene, status, state, cause, n FROM orders_nodemove
    WHERE mini_program_id = %(app)s AND day BETWEEN %(first)s AND %(last)s
) AS both_tables GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0
"""
STANDING = """
SELECT state, sum(n)::int FROM (
    SELECT state, n FROM orders_nodecount
    WHERE merchant_id = %(merchant)s AND state IN ('pending', 'syncing', 'dead') AND n <> 0
    UNION ALL
    SELECT state, n FROM orders_nodemove WHERE merchant_id = %(merchant)s
        AND state IN ('pending', 'syncing', 'dead')
) AS both_tables GROUP BY state
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """See NodeCell."""

    day: date
    scene: str
    status: str
    state: str
    cause: str
    n: int


@dataclass(frozen=True, slots=True)
class WrongCell:
    """`key`: merchant, mini program, day, scene, status, state, cause."""

    key: tuple[Any, ...]
    kept: int
    counted: int


def first_told(order: Order, *, at: datetime | None = None) -> None:
    """The order got a message, now or `at`. In the caller's transaction; the second time it does nothing."""
    if order.told_at is not None:
        return
    if Order.objects.filter(pk=order.pk, told_at=None).update(told_at=at or Now()):
        with connection.cursor() as cursor:
            cursor.execute(ADD_TOLD, {"order": order.pk})


def cells_of(mini_program: MiniProgram, *, first: date, last: date) -> list[Cell]:
    """One statement; its rows are few: days × statuses × outcomes. Days are the merchant's, both included."""
    with connection.cursor() as cursor:
        cursor.execute(CELLS, {"app": mini_program.pk, "first": first, "last": last})
        return [Cell(*row) for row in cursor.fetchall()]


def standing(merchant: Merchant) -> Counter[str]:
    """How many statuses of all days wait, are under way, and need fixing, by state. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"merchant": merchant.pk})
        return Counter(dict(cursor.fetchall()))


def fold() -> int:
    """Adds at most FOLDED_AT_ONCE moves; how many figures changed. Safe to run twice at once."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD, {"most": FOLDED_AT_ONCE})
        return int(cursor.rowcount)


def rebuild(*, repair: bool = True) -> list[WrongCell]:
    """Counts every status again; `repair` puts the figures right. Returns what differed.

    Of two repairs at once the second counts when the first is committed, and finds nothing wrong.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if repair:
            cursor.execute(ONE_AT_A_TIME)
        cursor.execute(REPAIR if repair else WRONG)
        return [WrongCell(tuple(row[:7]), row[7], row[8]) for row in cursor.fetchall()]
