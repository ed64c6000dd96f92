"""Every page of a merchant, and those of its largest send, at ten thousand deliveries and at ten million."""

import json
import os
import time
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from membership.models import Customer, PeopleList
from messaging.models import BatchSend, SendControl
from tests import build, build_messaging
from tests.bench.harness import FULL, Figure, tell
from tests.permission_table import TABLE

FEW, MANY = (10_000, int(os.environ.get("BENCH_ROWS", 10_000_000))) if FULL else (200, 600)
SENDS = 10  # of equal size
ROUNDS = 20 if FULL else 1
MOST_SECONDS, MOST_GROWTH = 0.1, 1.5
# of the largest send; the others are of the table of permissions
LARGE = (
    ("send", ""),
    ("send_deliveries", ""),
    ("send_deliveries", "?state=accepted"),
    ("send_deliveries", "?state=skipped&reason=no_consent"),
    ("list", ""),
)
CUSTOMERS = """
INSERT INTO membership_customer (merchant_id, mini_program_id, open_id, source)
SELECT %(merchant)s, %(app)s, 'bench' || n, 'bench' FROM generate_series(%(first)s, %(last)s) n
"""
ENTRIES = """
INSERT INTO membership_peoplelistentry (people_list_id, customer_id)
SELECT %(people_list)s, id FROM membership_customer
WHERE source = 'bench' AND mini_program_id = %(app)s ORDER BY id LIMIT %(rows)s
"""
DELIVERIES = """
INSERT INTO messaging_delivery (books_month, send_id, customer_id, due_at, state, reason, attempt, spent,
    sent_at, recorded_at, duration_ms)
SELECT s.books_month, s.id, c.id, s.due_at, CASE WHEN c.id %% 10 = 0 THEN 'skipped' ELSE 'accepted' END,
    CASE WHEN c.id %% 10 = 0 THEN 'no_consent' ELSE '' END, 1, c.id %% 10 <> 0, s.due_at, s.due_at, 20
FROM messaging_sendcontrol s, (
    SELECT id FROM membership_customer WHERE source = 'bench' AND mini_program_id = %(app)s
    ORDER BY id LIMIT %(rows)s
) c WHERE s.id = %(send)s
"""
COUNTERS = """
INSERT INTO messaging_deliverycounter (send_id, state, reason, n)
SELECT send_id, state, reason, count(*) FROM messaging_delivery WHERE send_id = %(send)s GROUP BY 1, 2, 3
"""
EMPTIED = ("messaging_delivery", "messaging_deliverycounter", "membership_peoplelistentry")


@dataclass(frozen=True)
class Timed:
    """`seconds`: the 95th of a hundred; `queries` of one request."""

    seconds: float
    queries: int


def run(statement: str, **parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def fill(cast: build.Cast, sends: list[BatchSend], to: PeopleList, rows: int) -> None:
    """`rows` deliveries in all, in sends of equal size to the same people."""
    app, each = cast.mini_program, rows // SENDS
    for table in EMPTIED:
        run(f"TRUNCATE {table}")
    known = Customer.objects.filter(source="bench").count()
    run(CUSTOMERS, merchant=app.merchant_id, app=app.pk, first=known + 1, last=each)
    run(ENTRIES, people_list=to.pk, app=app.pk, rows=each)
    PeopleList.objects.filter(pk=to.pk).update(rows=each, count=each)
    for one in sends:
        run(DELIVERIES, app=app.pk, send=one.control_id, rows=each)
        run(COUNTERS, send=one.control_id)
        SendControl.objects.filter(pk=one.control_id).update(frozen_total=each)
    for table in (*EMPTIED, "membership_customer"):
        run(f"ANALYZE {table}")


def timed(client: Client, url: str, data: Any = None) -> Timed:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(url, data)
    queries = len(asked)  # the next request empties the log
    assert answer.status_code < 400 or answer.status_code == 404, f"{url}: {answer.status_code}"
    seconds = []
    for _round in range(ROUNDS):
        begun = time.perf_counter()
        client.get(url, data)
        seconds.append(time.perf_counter() - begun)
    seconds.sort()
    return Timed(seconds[int(len(seconds) * 0.95) - 1 if len(seconds) > 1 else 0], queries)


def pages(cast: build.Cast, client: Client, largest: BatchSend) -> dict[str, Timed]:
    slug, found = cast.yunduo.slug, {}
    for name, query in LARGE:
        kwargs = {"send_id": largest.pk} if name != "list" else {"list_id": largest.people_list_id}
        url = reverse(name, kwargs={"merchant": slug, **kwargs})
        found[f"{name} of the largest{query}"] = timed(client, url + query)
    for row in TABLE if FULL else TABLE[:12]:
        if row.post:
            continue
        with transaction.atomic():
            kwargs = {"merchant": slug, **row.kwargs(cast.mini_program, cast.owner)}
            url, data = reverse(row.name, kwargs=kwargs), row.data(cast.mini_program, cast.owner)
            found[row.name] = timed(client, url, data)
            transaction.set_rollback(True)
    return found


@pytest.mark.django_db(transaction=True)
def test_no_page_grows_with_the_deliveries(client: Client) -> None:
    cast = build.cast()
    app = cast.mini_program
    chosen = build_messaging.template(app)
    to = build_messaging.people_list(app, build_messaging.people(app, 1))
    sends = [
        build_messaging.launched_batch(app, cast.operator, chosen=chosen, to=to, state="finished")
        for _send in range(SENDS)
    ]
    client.force_login(cast.owner, backend="django.contrib.auth.backends.ModelBackend")
    fill(cast, sends, to, FEW)
    few = pages(cast, client, sends[0])
    fill(cast, sends, to, MANY)
    many = pages(cast, client, sends[0])

    more_queries = {name: (few[name].queries, one.queries) for name, one in many.items()}
    assert all(before == after for before, after in more_queries.values()), more_queries
    slowest = max(many, key=lambda name: many[name].seconds)
    grown = max(many, key=lambda name: many[name].seconds / max(few[name].seconds, 0.02))
    growth = many[grown].seconds, max(few[grown].seconds, 0.02)
    paths = tell(
        [
            Figure("slowest page, p95", many[slowest].seconds, 1.0, "s", MOST_SECONDS),
            Figure("page that grows most, p95", growth[0], growth[1], "s", MOST_GROWTH),
        ],
        notes=[
            f"{len(many)} pages, {MANY:,} deliveries against {FEW:,}; slowest: {slowest}; grows most: {grown}"
            " (under 20 ms counts as 20 ms)",
            *(f"{many[name].seconds * 1000:.0f} ms {name}" for name in over(many)),
        ],
    )
    assert json.loads(paths[0].read_text("utf-8"))["bar"] == MOST_SECONDS


def over(found: dict[str, Timed]) -> list[str]:
    """The five slowest."""
    return sorted(found, key=lambda name: -found[name].seconds)[:5]
