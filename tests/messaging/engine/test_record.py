"""What becomes of a message: row, unit, place in the fatigue count and counters move together."""

import uuid
from types import SimpleNamespace

import pytest
from django.utils import timezone

from messaging.consent.ledger import revoke
from messaging.engine.claim import Claim, claim
from messaging.engine.mark import mark
from messaging.engine.reap import reap
from messaging.engine.reconcile import lines
from messaging.engine.record import MAX_FAILED_TRIES, Answer, record
from messaging.models import Consent, ConsentEntry, Delivery, FrequencyCount, SendControl
from tests import build_messaging as build


def in_flight(shop: SimpleNamespace, limit: int = 5) -> tuple[SendControl, Claim]:
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=limit)
    assert len(mark(control, ours, ids=ours.ids, at=timezone.now())) == limit
    return control, ours


def answer(control: SendControl, ours: Claim, shape: str, reason: str = "") -> int:
    return record(control, ours.token, [Answer(one, shape, reason, 12.5) for one in ours.ids])


def balanced(control: SendControl) -> bool:
    control.refresh_from_db()
    return not any(line.difference for line in lines(control))


def units(control: SendControl, ours: Claim) -> set[int]:
    customers = Delivery.objects.filter(send=control, id__in=ours.ids).values("customer_id")
    return set(Consent.objects.filter(customer_id__in=customers).values_list("units", flat=True))


def test_accepted_keeps_the_unit_and_the_count(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop)
    assert answer(control, ours, "accepted") == 5
    assert build.states(control) == {"accepted": 5, "queued": 25, "skipped": 10}
    assert units(control, ours) == {0}
    assert set(FrequencyCount.objects.values_list("n", flat=True)) == {1}


@pytest.mark.parametrize(
    ("shape", "reason", "state"),
    [
        ("refused", "MSG_REJECTED", "refused"),
        ("busy", "isv.app-call-limited", "queued"),
        ("not_sent", "guard", "queued"),
    ],
)
def test_a_certain_non_delivery_gives_back_unit_and_count(
    shop: SimpleNamespace, shape: str, reason: str, state: str
) -> None:
    control, ours = in_flight(shop)
    answer(control, ours, shape, reason)
    assert set(Delivery.objects.filter(send=control, id__in=ours.ids).values_list("state", flat=True)) == {
        state
    }
    assert units(control, ours) == {1}
    assert set(FrequencyCount.objects.values_list("n", flat=True)) == {0}
    assert ("units", "") not in build.counters(control)


def test_unknown_keeps_unit_and_count_spent(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop)
    answer(control, ours, "unknown", "timeout")
    row = Delivery.objects.filter(send=control, state="unknown").first()
    assert row is not None
    assert (row.cause, row.reason, row.spent) == ("answer", "timeout", True)
    assert units(control, ours) == {0}
    assert set(FrequencyCount.objects.values_list("n", flat=True)) == {1}


def test_recording_twice_changes_nothing_the_second_time(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop)
    assert answer(control, ours, "refused", "MSG_REJECTED") == 5
    before = build.counters(control)
    assert answer(control, ours, "refused", "MSG_REJECTED") == 0
    assert answer(control, ours, "accepted") == 0
    assert build.counters(control) == before
    assert units(control, ours) == {1}


def test_a_stranger_with_another_token_records_nothing(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop)
    assert answer(control, Claim(uuid.uuid4(), ours.ids), "accepted") == 0
    assert build.states(control)["sending"] == 5


def test_busy_costs_no_try_and_never_having_left_costs_one_until_it_gives_up(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, limit=1)
    answer(control, ours, "busy", "isv.app-call-limited")
    assert Delivery.objects.get(send=control, id=ours.ids[0]).failed_tries == 0
    for _try in range(MAX_FAILED_TRIES):
        Delivery.objects.filter(send=control, id=ours.ids[0]).update(due_at=control.due_at)
        ours = next(c for c in [claim(control, limit=1)] if c.ids)
        assert mark(control, ours, ids=ours.ids, at=timezone.now())
        answer(control, ours, "not_sent", "connect")
    row = Delivery.objects.get(send=control, id=ours.ids[0])
    assert (row.state, row.reason) == ("skipped", "gave_up")
    assert units(control, ours) == {1}
    assert balanced(control)


def test_the_platforms_word_that_nobody_is_subscribed_ends_the_balance_by_a_ledger_line(
    shop: SimpleNamespace,
) -> None:
    Consent.objects.filter(template=shop.template).update(units=3)
    ConsentEntry.objects.filter(template=shop.template).update(units=3)
    control, ours = in_flight(shop)
    answer(control, ours, "refused", "MSG_UNSUBSCRIBED")
    assert units(control, ours) == {0}
    lines = ConsentEntry.objects.filter(source="platform", kind="revoked")
    assert list(lines.values_list("units", flat=True)) == [3] * 5
    assert balanced(control)


def test_the_platforms_word_ends_a_standing_consent(shop: SimpleNamespace) -> None:
    chosen = build.template(shop.app, kind="long_term")
    build.consents(chosen, shop.people[:3])
    control = build.send(shop.app, chosen, shop.list)
    ours = claim(control, limit=3)
    mark(control, ours, ids=ours.ids, at=timezone.now())
    answer(control, ours, "refused", "MSG_UNSUBSCRIBED")
    assert not Consent.objects.filter(template=chosen, standing=True).exists()
    assert ConsentEntry.objects.filter(template=chosen, kind="standing_revoked").count() == 3
    assert balanced(control)


def test_a_unit_given_back_after_a_revoke_is_revoked_too(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, limit=1)
    person = Delivery.objects.get(send=control, id=ours.ids[0]).customer
    revoke(template=shop.template, customer=person, source="signal", source_key="r1", at=timezone.now())
    answer(control, ours, "refused", "MSG_REJECTED")
    assert units(control, ours) == {0}
    assert ConsentEntry.objects.get(source="give_back").units == 1
    assert balanced(control)


@pytest.mark.parametrize(
    ("shape", "reason", "after"),
    [
        ("accepted", "", ("accepted", "")),
        ("refused", "MSG_REJECTED", ("refused", "MSG_REJECTED")),
        ("busy", "isv.app-call-limited", ("skipped", "not_sent")),
        ("not_sent", "guard", ("skipped", "not_sent")),
        ("unknown", "timeout", ("unknown", "timeout")),
    ],
)
def test_a_late_record_turns_a_reaped_unknown_into_its_true_outcome_and_never_requeues(
    shop: SimpleNamespace, shape: str, reason: str, after: tuple[str, str]
) -> None:
    control, ours = in_flight(shop, limit=1)
    Delivery.objects.filter(send=control, state="sending").update(answer_by="2020-01-01T00:00Z")
    assert reap() == (0, 1)
    assert Delivery.objects.get(send=control, id=ours.ids[0]).cause == "process"
    assert answer(control, ours, shape, reason) == 1
    row = Delivery.objects.get(send=control, id=ours.ids[0])
    assert (row.state, row.reason) == after
    assert balanced(control)


def test_a_late_record_comes_too_late_once_a_person_has_decided(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, limit=1)
    Delivery.objects.filter(send=control, state="sending").update(answer_by="2020-01-01T00:00Z")
    reap()
    Delivery.objects.filter(send=control, state="unknown").update(decision="treated_as_sent")
    assert answer(control, ours, "accepted") == 0
    assert build.states(control)["unknown"] == 1


def test_one_wave_may_hold_every_outcome_at_once_and_still_balance(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, limit=6)
    shapes = ["accepted", "refused", "busy", "not_sent", "unknown", "refused"]
    reasons = ["", "MSG_REJECTED", "x", "guard", "cut_off", "MSG_UNSUBSCRIBED"]
    given = [Answer(*row, 1.0) for row in zip(ours.ids, shapes, reasons, strict=True)]
    assert record(control, ours.token, given) == 6
    assert build.counters(control)["queued", ""] == 26
    assert balanced(control)
