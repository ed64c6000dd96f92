"""One statement writes everybody, each with the first gate that fails."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from django.utils import timezone

from membership.models import Customer, PeopleList
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


def by_rule(shop: SimpleNamespace, people: list[Customer]) -> PeopleList:
    return build.people_list(shop.app, people, source=PeopleList.Source.RULE)


def opt_out(*people: Customer) -> None:
    Customer.objects.filter(pk__in=[who.pk for who in people]).update(profiling_opt_out_at=timezone.now())


def test_who_opted_out_of_profiling_is_skipped_in_a_list_written_by_a_rule(shop: SimpleNamespace) -> None:
    opt_out(*shop.people[:3])
    control = build.send(shop.app, shop.template, by_rule(shop, shop.people), state=SendState.READY)
    skipped = Delivery.objects.filter(send=control, state="skipped", reason="opted_out")
    assert sorted(skipped.values_list("customer_id", flat=True)) == sorted(p.pk for p in shop.people[:3])
    assert build.counters(control) == {
        ("queued", ""): 27,
        ("skipped", "opted_out"): 3,
        ("skipped", "no_consent"): 10,
    }


def test_who_opted_out_of_profiling_still_gets_what_a_file_addresses(shop: SimpleNamespace) -> None:
    opt_out(*shop.people[:3])
    for source in (PeopleList.Source.UPLOAD, PeopleList.Source.HAND):
        to = build.people_list(shop.app, shop.people, source=source)
        control = build.send(shop.app, shop.template, to, state=SendState.READY)
        assert build.states(control) == {"queued": 30, "skipped": 10}


def test_opting_out_stands_after_do_not_send_and_before_consent(shop: SimpleNamespace) -> None:
    spared, forgotten, without_consent = shop.people[0], shop.people[1], shop.people[35]
    opt_out(spared, forgotten, without_consent)
    Customer.objects.filter(pk=spared.pk).update(do_not_send_at=timezone.now())
    Customer.objects.filter(pk=forgotten.pk).update(forgotten_at=timezone.now(), open_id=None)
    control = build.send(shop.app, shop.template, by_rule(shop, shop.people), state=SendState.READY)
    reasons = dict(Delivery.objects.filter(send=control).values_list("customer_id", "reason"))
    assert reasons[spared.pk] == "do_not_send"
    assert reasons[forgotten.pk] == "not_known"
    assert reasons[without_consent.pk] == "opted_out"


def test_the_funnel_names_who_opted_out_and_leads_to_them(shop: SimpleNamespace) -> None:
    opt_out(*shop.people[:2])
    control = build.send(shop.app, shop.template, by_rule(shop, shop.people), state=SendState.PREPARING)
    due_at = control.due_at or timezone.now()
    funnel = forecast(control, due_at=due_at, at=timezone.now())
    assert {drop.reason: drop.n for drop in funnel.drops if drop.n} == {"opted_out": 2, "no_consent": 10}
    behind = stopped_by(control, gate="opted_out", due_at=due_at)
    assert [customer for customer, _open_id in behind] == sorted(who.pk for who in shop.people[:2])
    freeze(control)
    assert build.states(control)["queued"] == funnel.will_send == 28


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
