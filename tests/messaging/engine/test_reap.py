"""Rows whose owner died are found by their lease or their deadline, never by their state alone."""

from types import SimpleNamespace

from django.utils import timezone

from messaging.engine.claim import claim
from messaging.engine.mark import mark
from messaging.engine.reap import reap
from messaging.models import Delivery
from tests import build_messaging as build

LONG_AGO = "2020-01-01T00:00Z"


def test_a_lease_that_is_over_puts_the_row_back_and_one_that_holds_does_not(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=10)
    Delivery.objects.filter(send=control, id__in=ours.ids[:4]).update(lease_until=LONG_AGO)
    assert reap() == (4, 0)
    assert build.states(control) == {"queued": 24, "claimed": 6, "skipped": 10}


def test_a_row_in_flight_is_given_up_only_ten_seconds_past_its_deadline(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=10)
    mark(control, ours, ids=ours.ids, at=timezone.now())
    Delivery.objects.filter(send=control, id__in=ours.ids[:4]).update(answer_by=LONG_AGO)
    assert reap() == (0, 4)
    assert build.states(control)["unknown"] == 4
    assert build.states(control)["sending"] == 6
    assert build.counters(control)["unknown", "no_record"] == 4
    kept = Delivery.objects.filter(send=control, state="unknown").first()
    assert kept is not None
    assert kept.spent and kept.token == ours.token


def test_reaping_twice_changes_nothing_more(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    claim(control, limit=10)
    Delivery.objects.filter(send=control, state="claimed").update(lease_until=LONG_AGO)
    assert reap() == (10, 0)
    assert reap() == (0, 0)
