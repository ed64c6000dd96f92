"""The pages of orders at ten thousand orders and at a million."""

import json
import os

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Order, StatusChange
from tests import build
from tests.bench.harness import FULL, Figure, tell
from tests.bench.test_pages import MOST_GROWTH, MOST_SECONDS, Timed, over, run, timed

FEW, MANY = (10_000, int(os.environ.get("BENCH_ROWS", 1_000_000))) if FULL else (200, 600)
# In either size the few hold some of each: a page without rows asks less.
DEAD_EVERY, PENDING_EVERY = (1_000, 100) if FULL else (50, 20)
CUSTOMERS = """
INSERT INTO membership_customer (merchant_id, mini_program_id, open_id, source)
SELECT %(merchant)s, %(app)s, 'order' || n, 'bench' FROM generate_series(%(first)s, %(last)s) n
"""
# A fifth of them is as old as that second orders are looked for; customers come in blocks of a thousand.
ORDERS = """
INSERT INTO orders_order (merchant_id, mini_program_id, customer_id, out_biz_no, scene, page, link_page,
    order_created_at, trade_no, items, shop, logistics, fields, source, status, status_at, synced_status)
SELECT c.merchant_id, c.mini_program_id, c.id, 'B' || c.open_id, 'online_rental', 'pages/order', '',
    placed.at, '', '[]', '{}', '[]', '{"total_rent": "897.00"}', 'api', 'TO_SEND_GOODS', placed.at, ''
FROM membership_customer c LEFT JOIN orders_order o ON o.customer_id = c.id
CROSS JOIN LATERAL (
    SELECT now() - c.id * interval '1 second' - CASE WHEN c.id / 1000 %% 5 = 3 THEN 31 ELSE 0 END
        * interval '1 day' AS at
) AS placed
WHERE c.source = 'bench' AND c.mini_program_id = %(app)s AND o.id IS NULL
"""
CHANGES = """
INSERT INTO orders_statuschange (merchant_id, order_id, status, modified_at, fields, source, lacks_fields,
    repeats, state, attempt, sub_code, words)
SELECT o.merchant_id, o.id, n.status, o.order_created_at + n.place * interval '1 minute', o.fields, 'api',
    false, 0,
    CASE WHEN n.place = 2 AND o.id %% %(dead)s = 0 THEN 'dead'
         WHEN n.place = 2 AND o.id %% %(pending)s = 1 THEN 'pending' ELSE 'synced' END, 1,
    CASE WHEN n.place = 2 AND o.id %% %(dead)s = 0 THEN 'INVALID_PARAMETER' ELSE '' END, ''
FROM orders_order o LEFT JOIN orders_statuschange s ON s.order_id = o.id,
    (VALUES (1, 'WAIT_PAY'), (2, 'TO_SEND_GOODS')) n (place, status)
WHERE o.mini_program_id = %(app)s AND s.id IS NULL
"""
TABLES = ("membership_customer", "orders_order", "orders_statuschange")
FILTERS = (
    "",
    "?scene=online_rental&status=TO_SEND_GOODS",
    "?sync=dead",
    "?sync=pending",
    "?sync=unknown",
    "?text=Border7",
)


def fill(cast: build.Cast, rows: int) -> None:
    """`rows` orders in all, each of a person of its own and with two statuses."""
    app = cast.mini_program
    first = Order.objects.count() + 1
    run(CUSTOMERS, merchant=app.merchant_id, app=app.pk, first=first, last=rows)
    run(ORDERS, app=app.pk)
    run(CHANGES, app=app.pk, dead=DEAD_EVERY, pending=PENDING_EVERY)
    for table in TABLES:
        run(f"ANALYZE {table}")
    assert (Order.objects.count(), StatusChange.objects.count()) == (rows, 2 * rows)


def pages(cast: build.Cast, client: Client) -> dict[str, Timed]:
    slug, one = cast.yunduo.slug, Order.objects.get(out_biz_no="Border7")
    asked = {f"orders{query}": reverse("orders", args=[slug]) + query for query in FILTERS}
    asked["order"] = reverse("order", args=[slug, one.pk])
    asked["order_diagnosis"] = reverse("order_diagnosis", args=[slug]) + "?q=Border7"
    asked["order_fixing"] = reverse("order_fixing", args=[slug])
    return {name: timed(client, url) for name, url in asked.items()}


@pytest.mark.django_db(transaction=True)
def test_no_page_of_orders_grows_with_the_orders(client: Client) -> None:
    cast = build.cast()
    client.force_login(cast.owner, backend="django.contrib.auth.backends.ModelBackend")
    fill(cast, FEW)
    few = pages(cast, client)
    fill(cast, MANY)
    many = pages(cast, client)
    slowest = max(many, key=lambda name: many[name].seconds)
    grown = max(many, key=lambda name: many[name].seconds / max(few[name].seconds, 0.02))
    growth = many[grown].seconds, max(few[grown].seconds, 0.02)
    paths = tell(
        [
            Figure("slowest page of orders, p95", many[slowest].seconds, 1.0, "s", MOST_SECONDS),
            Figure("page of orders that grows most, p95", *growth, "s", MOST_GROWTH),
        ],
        notes=[
            f"{MANY:,} orders against {FEW:,}; slowest: {slowest}; grows most: {grown}"
            " (under 20 ms counts as 20 ms)",
            *(
                f"{many[name].seconds * 1000:.0f} ms {name}, {many[name].queries} queries"
                for name in over(many)
            ),
        ],
    )
    more_queries = {name: (few[name].queries, one.queries) for name, one in many.items()}
    assert all(before >= after for before, after in more_queries.values()), more_queries
    assert json.loads(paths[0].read_text("utf-8"))["bar"] == MOST_SECONDS
