"""The status of an order by API, against a view with the same key check and parsing that writes one row.

Both are asked in turns through the whole of Django in this process, so that no web server stands between them
and what is measured.
"""

import json
import statistics
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, override_settings

from merchants import rate
from orders.models import Order, StatusChange
from tests import build, build_messaging, build_orders
from tests.bench.harness import FULL, Figure, tell

ORDERS, ROUNDS = (500, 5) if FULL else (20, 1)
BAR = 0.5
BEGIN = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
FIELDS = {"total_rent": "897.00", "lease": "30", "delivery_time": "2026-03-01 10:00:00"}


def asked(client: Client, key: str, urls: list[str], *, at: datetime) -> float:
    """Requests a second."""
    told = {"status": "TO_SEND_GOODS", "order_modified_time": at.isoformat(), "fields": FIELDS}
    body, headers = json.dumps(told), {"Authorization": f"Bearer {key}"}
    begun = time.perf_counter()
    for url in urls:
        answer = client.post(url, body, content_type="application/json", headers=headers)
        assert answer.status_code == 200, answer.content
    return len(urls) / (time.perf_counter() - begun)


@pytest.mark.django_db(transaction=True)
@override_settings(ROOT_URLCONF="tests.bench.reference_api", API_REQUESTS_PER_SECOND=1_000_000)
def test_a_status_costs_at_most_twice_a_view_that_writes_one_row(client: Client) -> None:
    rate.connection().flushdb()
    app = build.mini_program(build.merchant())
    person = build_messaging.people(app, 1)[0]
    mine: list[Order] = [build_orders.order(app, customer=person) for _order in range(ORDERS)]
    theirs = [build_orders.order(app, customer=person) for _order in range(ORDERS)]
    key = build.api_key(app, scopes=["orders"])
    ours = [f"/api/v1/orders/{order.out_biz_no}/status" for order in mine]
    reference = [f"/reference/v1/orders/{order.pk}/status" for order in theirs]
    rates: dict[str, list[float]] = {"ours": [], "reference": []}
    for round_ in range(ROUNDS):
        at = BEGIN + timedelta(seconds=round_)
        rates["ours"].append(asked(client, key, ours, at=at))
        rates["reference"].append(asked(client, key, reference, at=at))

    assert StatusChange.objects.count() == 2 * ORDERS * ROUNDS
    assert set(Order.objects.filter(pk__in=[one.pk for one in mine]).values_list("status_at", flat=True)) == {
        at
    }
    middle = {name: statistics.median(found) for name, found in rates.items()}
    paths = tell(
        [
            Figure(
                "order status by API",
                middle["ours"],
                middle["reference"],
                "requests/s",
                BAR,
                higher_is_better=True,
            )
        ],
        notes=[f"{ORDERS:,} orders, {ROUNDS} rounds, one process, asked in turns"],
    )
    assert all(json.loads(path.read_text("utf-8"))["ours"] > 0 for path in paths)
