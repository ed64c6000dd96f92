"""Only rows that are still ours may leave, each through the gates once more, spending a unit."""

import uuid
from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from messaging.engine.claim import Claim, claim, release
from messaging.engine.mark import mark
from messaging.models import Consent, Delivery, FrequencyCount, SendControl, SendState
from tests import build_messaging as build


def claimed_send(shop: SimpleNamespace, limit: int = 10) -> tuple[SendControl, Claim]:
    control = build.send(shop.app, shop.template, shop.list)
    return control, claim(control, limit=limit)


def test_a_claim_takes_no_more_than_asked_and_leaves_the_counters_alone(shop: SimpleNamespace) -> None:
    control, ours = claimed_send(shop)
    assert len(ours.ids) == 10
    assert build.states(control) == {"claimed": 10, "queued": 20, "skipped": 10}
    assert build.counters(control)["queued", ""] == 30


def test_release_gives_back_only_what_is_still_claimed_with_our_token(shop: SimpleNamespace) -> None:
    control, ours = claimed_send(shop)
    assert release(control, Claim(uuid.uuid4(), ours.ids)) == 0
    assert release(control, ours) == 10
    assert build.states(control) == {"queued": 30, "skipped": 10}


def test_marking_spends_a_unit_and_counts_the_message(shop: SimpleNamespace) -> None:
    control, ours = claimed_send(shop)
    marked = mark(control, ours, ids=ours.ids, at=timezone.now())
    assert {row.id for row in marked} == set(ours.ids)
    customers = [row.customer_id for row in marked]
    assert set(Consent.objects.filter(customer__in=customers).values_list("units", flat=True)) == {0}
    counted = FrequencyCount.objects.filter(customer__in=customers, template=shop.template)
    assert set(counted.values_list("n", flat=True)) == {1}
    assert build.counters(control)["sending", ""] == 10
    assert build.counters(control)["units", ""] == 10
    row = Delivery.objects.filter(send=control, state="sending").first()
    assert row is not None
    assert row.spent and row.attempt == 1 and row.answer_by is not None


def test_a_row_claimed_by_somebody_else_meanwhile_is_not_ours(shop: SimpleNamespace) -> None:
    control, ours = claimed_send(shop)
    stolen = ours.ids[:4]
    Delivery.objects.filter(send=control, id__in=stolen).update(token=uuid.uuid4())
    marked = mark(control, ours, ids=ours.ids, at=timezone.now())
    assert {row.id for row in marked} == set(ours.ids[4:])


def test_a_lease_that_ends_within_two_seconds_is_too_short_to_send(shop: SimpleNamespace) -> None:
    control, ours = claimed_send(shop)
    Delivery.objects.filter(send=control, state="claimed").update(
        lease_until=timezone.now() + timedelta(seconds=1)
    )
    assert mark(control, ours, ids=ours.ids, at=timezone.now()) == []


def test_a_send_paused_after_the_claim_marks_nobody(shop: SimpleNamespace) -> None:
    control, ours = claimed_send(shop)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.PAUSED)
    assert mark(control, ours, ids=ours.ids, at=timezone.now()) == []
    assert build.states(control)["claimed"] == 10


def test_who_lost_consent_since_the_freeze_is_skipped_and_spends_nothing(shop: SimpleNamespace) -> None:
    control, ours = claimed_send(shop)
    rows = list(Delivery.objects.filter(send=control, id__in=ours.ids).order_by("id"))
    Consent.objects.filter(customer_id=rows[0].customer_id).update(units=0)
    type(shop.people[0]).objects.filter(pk=rows[1].customer_id).update(do_not_send_at=timezone.now())
    type(shop.people[0]).objects.filter(pk=rows[2].customer_id).update(
        forgotten_at=timezone.now(), open_id=None
    )
    marked = mark(control, ours, ids=ours.ids, at=timezone.now())
    assert len(marked) == 7
    reasons = dict(Delivery.objects.filter(send=control, id__in=ours.ids).values_list("id", "reason"))
    assert [reasons[row.id] for row in rows[:3]] == ["no_consent", "do_not_send", "not_known"]
    assert build.counters(control)["skipped", "do_not_send"] == 1
    assert build.counters(control)["skipped", "no_consent"] == 11


def test_who_opted_out_of_profiling_since_the_freeze_is_skipped_only_where_a_rule_wrote_the_list(
    shop: SimpleNamespace,
) -> None:
    for source, reason, sent in (("rule", "opted_out", 9), ("upload", "", 10)):
        people = build.people(shop.app, 10)
        build.consents(shop.template, people)
        control = build.send(shop.app, shop.template, build.people_list(shop.app, people, source=source))
        ours = claim(control, limit=10)
        out = Delivery.objects.get(send=control, id=ours.ids[0])
        type(people[0]).objects.filter(pk=out.customer_id).update(profiling_opt_out_at=timezone.now())
        assert len(mark(control, ours, ids=ours.ids, at=timezone.now())) == sent
        assert Delivery.objects.get(send=control, id=out.id).reason == reason
        left = Consent.objects.get(template=shop.template, customer_id=out.customer_id).units
        assert left == (1 if reason else 0)
        assert build.counters(control).get(("skipped", "opted_out"), 0) == (1 if reason else 0)


def test_fatigue_reached_since_the_freeze_stops_the_message(shop: SimpleNamespace) -> None:
    chosen = build.template(shop.app, fatigue_value=1, fatigue_unit="week", fatigue_total=2)
    build.consents(chosen, shop.people)
    control = build.send(shop.app, chosen, shop.list)
    ours = claim(control, limit=3)
    tired = Delivery.objects.get(send=control, id=ours.ids[0]).customer_id
    today = timezone.localdate()
    FrequencyCount.objects.create(customer_id=tired, template=chosen, day=today, n=2)
    marked = mark(control, ours, ids=ours.ids, at=timezone.now())
    assert tired not in {row.customer_id for row in marked}
    assert Delivery.objects.get(send=control, id=ours.ids[0]).reason == "fatigue"


def test_one_unit_is_never_spent_by_two_sends(shop: SimpleNamespace) -> None:
    first, ours = claimed_send(shop, limit=40)
    second = build.send(shop.app, shop.template, shop.list)
    theirs = claim(second, limit=40)
    assert len(mark(first, ours, ids=ours.ids, at=timezone.now())) == 30
    assert mark(second, theirs, ids=theirs.ids, at=timezone.now()) == []
    assert build.states(second) == {"skipped": 40}


def test_a_standing_consent_is_not_spent(shop: SimpleNamespace) -> None:
    chosen = build.template(shop.app, kind="long_term")
    build.consents(chosen, shop.people[:5])
    control = build.send(shop.app, chosen, shop.list)
    ours = claim(control, limit=5)
    assert len(mark(control, ours, ids=ours.ids, at=timezone.now())) == 5
    assert ("units", "") not in build.counters(control)
    assert not Delivery.objects.filter(send=control, spent=True).exists()


def test_a_row_with_a_kept_unknown_attempt_goes_back_to_unknown_when_a_gate_stops_it(
    shop: SimpleNamespace,
) -> None:
    control, ours = claimed_send(shop, limit=1)
    row = Delivery.objects.get(send=control, id=ours.ids[0])
    Delivery.objects.filter(send=control, id=row.id).update(kept_unknown=True)
    Consent.objects.filter(customer_id=row.customer_id).update(units=0)
    assert mark(control, ours, ids=ours.ids, at=timezone.now()) == []
    again = Delivery.objects.get(send=control, id=row.id)
    assert (again.state, again.reason) == ("unknown", "kept")
    assert build.counters(control)["unknown", "kept"] == 1
