"""One statement writes everybody, each with the first gate that fails."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from django.utils import timezone

from merchants.models import Event
from messaging.engine.freeze import freeze
from messaging.engine.funnel import forecast, stopped_by
from messaging.models import Delivery, FrequencyCount, SendControl, SendState
from tests import build_messaging as build


def test_everybody_of_the_list_becomes_one_row_and_the_counters_say_the_same(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list, state=SendState.READY)
    assert control.frozen_total == 40
    assert build.states(control) == {"queued": 30, "skipped": 10}
    assert build.counters(control) == {("queued", ""): 30, ("skipped", "no_consent"): 10}


def test_the_first_failing_gate_names_the_reason(shop: SimpleNamespace) -> None:
    first, second, third = shop.people[:3]
    type(first).objects.filter(pk=first.pk).update(forgotten_at=timezone.now(), open_id=None)
    type(first).objects.filter(pk__in=[first.pk, second.pk]).update(do_not_send_at=timezone.now())
    control = build.send(shop.app, shop.template, shop.list, state=SendState.READY)
    reasons = dict(Delivery.objects.filter(send=control).values_list("customer_id", "reason"))
    assert reasons[first.pk] == "not_known"
    assert reasons[second.pk] == "do_not_send"
    assert reasons[third.pk] == ""
    assert reasons[shop.people[35].pk] == "no_consent"


def test_template_fatigue_counts_the_days_of_its_window_only(shop: SimpleNamespace) -> None:
    chosen = build.template(shop.app, fatigue_value=2, fatigue_unit="day", fatigue_total=1)
    build.consents(chosen, shop.people)
    due_at = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    today = due_at.date()
    for person, days in ((shop.people[0], 0), (shop.people[1], 1), (shop.people[2], 2)):
        FrequencyCount.objects.create(customer=person, template=chosen, day=today - timedelta(days=days), n=1)
    control = build.send(shop.app, chosen, shop.list, state=SendState.READY, due_at=due_at)
    tired = Delivery.objects.filter(send=control, reason="fatigue").values_list("customer_id", flat=True)
    assert sorted(tired) == sorted([shop.people[0].pk, shop.people[1].pk])


def test_a_long_term_template_asks_for_a_standing_consent(shop: SimpleNamespace) -> None:
    chosen = build.template(shop.app, kind="long_term")
    build.consents(chosen, shop.people[:7])
    control = build.send(shop.app, chosen, shop.list, state=SendState.READY)
    assert build.states(control) == {"queued": 7, "skipped": 33}


def test_the_funnel_predicts_exactly_what_freeze_writes(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list, state=SendState.PREPARING)
    due_at = control.due_at or timezone.now()
    funnel = forecast(control, due_at=due_at, at=timezone.now())
    assert funnel.total == 40 == funnel.will_send + sum(drop.n for drop in funnel.drops)
    freeze(control)
    assert build.states(control)["queued"] == funnel.will_send == 30
    behind = stopped_by(control, gate="no_consent", due_at=due_at)
    assert [customer for customer, _open_id in behind] == sorted(who.pk for who in shop.people[30:])


def test_a_send_cancelled_while_it_was_being_frozen_keeps_no_row(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list, state=SendState.PREPARING)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.CANCELLING)
    assert freeze(control) is False
    assert not Delivery.objects.filter(send=control).exists()
    assert build.counters(control) == {}


def test_a_second_freeze_replaces_the_rows_of_the_first(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list, state=SendState.READY)
    later = timezone.now() + timedelta(days=40)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.PREPARING, due_at=later)
    control.refresh_from_db()
    assert freeze(control) is True
    assert Delivery.objects.filter(send=control).count() == 40
    assert set(Delivery.objects.filter(send=control).values_list("due_at", flat=True)) == {later}
    assert build.counters(control) == {("queued", ""): 30, ("skipped", "no_consent"): 10}


def test_freezing_is_told_with_its_number(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list, state=SendState.READY)
    told = Event.objects.get(subject_id=control.pk, kind="send.ready")
    assert told.detail == {"frozen": 40}
