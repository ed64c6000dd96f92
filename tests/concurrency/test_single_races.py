"""The same message handed in eight times at one instant, over HTTP, each on a connection of its own."""

import json
from collections.abc import Iterator

import pytest
from django.test import Client

from messaging.models import Delivery, SendControl, SingleSend
from tests import build
from tests.concurrency.test_merchants_races import at_once
from tests.messaging.engine.test_single import log_of
from tests.messaging.engine.test_slot import work_until_idle
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(simulator: SimulatorProcess, no_faults: None) -> Iterator[Shop]:
    yield open_shop(simulator, people=30)


def post(shop: Shop, key: str, numbers: list[int]) -> list[dict[str, object]]:
    data = {f"keyword{n}": "首月立减" for n in range(1, len(shop.template.keywords) + 1)}
    messages = [
        {
            "idempotency_key": f"key-{number}",
            "open_id": shop.open_ids[number],
            "template": shop.template.template_id,
            "data": data,
            "page": "pages/order",
        }
        for number in numbers
    ]
    answer = Client().post(
        "/api/v1/messages",
        json.dumps({"app_id": shop.app.app_id, "messages": messages}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200, answer.content
    results: list[dict[str, object]] = answer.json()["results"]
    return results


def test_eight_equal_requests_at_once_are_one_delivery_and_one_request_to_the_platform(shop: Shop) -> None:
    shop.grant(1, units=8)
    key = build.api_key(shop.app, scopes=["messages"])
    answers = at_once(lambda _n: post(shop, key, [0])[0])
    assert sorted(answer["status"] for answer in answers) == [200] * 7 + [201]
    assert len({answer["id"] for answer in answers}) == 1
    work_until_idle()
    assert Delivery.objects.count() == SendControl.objects.count() == 1
    assert len(log_of(shop)) == 1


def test_requests_that_overlap_in_any_order_keep_each_message_once(shop: Shop) -> None:
    """Each names the same thirty from another place on; without one order they would wait for each other."""
    shop.grant(30, units=3)
    key = build.api_key(shop.app, scopes=["messages"])
    answers = at_once(lambda n: post(shop, key, [(n * 7 + place) % 30 for place in range(30)]))
    taken = [one for answer in answers for one in answer if one["status"] == 201]
    assert len(taken) == SingleSend.objects.count() == Delivery.objects.count() == 30
    work_until_idle()
    assert shop.summary()["accepted_people"] == shop.summary()["accepted_messages"] == 30
