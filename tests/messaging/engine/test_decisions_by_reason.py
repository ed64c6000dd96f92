"""Decided outcomes counted in one counter a send become one for each reason, and back."""

from importlib import import_module
from types import SimpleNamespace

from django.db import connection
from django.utils import timezone

from messaging.engine.claim import claim
from messaging.engine.decisions import treat_as_sent
from messaging.engine.mark import mark
from messaging.engine.reconcile import lines
from messaging.engine.record import Answer, record
from messaging.models import DeliveryCounter, SendControl
from tests import build_messaging as build

migration = import_module("messaging.migrations.0007_count_launches_and_decisions_by_reason")


def decided(shop: SimpleNamespace) -> SendControl:
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=5)
    mark(control, ours, ids=ours.ids, at=timezone.now())
    reasons = ["timeout", "timeout", "cut_off", "cut_off", "bad_signature"]
    record(
        control,
        ours.token,
        [Answer(one, "unknown", why, 1.0) for one, why in zip(ours.ids, reasons, strict=True)],
    )
    treat_as_sent(control, delivery_ids=ours.ids[:3], by=shop.operator, at=timezone.now())
    return control


def counted(control: SendControl) -> dict[str, int]:
    rows = DeliveryCounter.objects.filter(send=control, state="decided")
    return dict(rows.values_list("reason", "n"))


def test_the_counters_are_split_and_joined_without_losing_anybody(shop: SimpleNamespace) -> None:
    control, nobody = decided(shop), build.send(shop.app, shop.template, shop.list)
    by_reason = {"timeout": 2, "cut_off": 1}
    assert counted(control) == by_reason
    with connection.cursor() as cursor:
        cursor.execute(migration.IN_ONE)
        assert counted(control) == {"": 3}
        assert not any(line.difference for line in lines(control))
        cursor.execute(migration.BY_REASON)
    assert counted(control) == by_reason
    assert counted(nobody) == {}
    assert not any(line.difference for line in lines(control))
