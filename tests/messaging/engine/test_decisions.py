"""Unknown outcomes end by a person's word only, and each choice keeps the books."""

from types import SimpleNamespace

import pytest
from django.utils import timezone

from merchants.models import Event
from messaging.engine.claim import Claim, claim
from messaging.engine.decisions import NothingToSendAgain, send_again, treat_as_sent
from messaging.engine.mark import mark
from messaging.engine.reconcile import lines
from messaging.engine.record import Answer, record
from messaging.engine.schedule import advance, close_books
from messaging.models import Consent, Delivery, DeliveryAttempt, SendControl, SendState
from tests import build_messaging as build


def with_unknown(shop: SimpleNamespace, n: int = 4) -> tuple[SendControl, Claim]:
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=n)
    mark(control, ours, ids=ours.ids, at=timezone.now())
    record(control, ours.token, [Answer(one, "unknown", "timeout", 1.0) for one in ours.ids])
    return control, ours


def balanced(control: SendControl) -> bool:
    control.refresh_from_db()
    return not any(line.difference for line in lines(control))


def test_treat_as_sent_changes_no_state_and_is_told(shop: SimpleNamespace) -> None:
    control, ours = with_unknown(shop)
    assert treat_as_sent(control, delivery_ids=ours.ids[:3], by=shop.operator, at=timezone.now()) == 3
    assert build.states(control)["unknown"] == 4
    assert Delivery.objects.filter(send=control, decision="treated_as_sent").count() == 3
    assert build.counters(control)["decided", "timeout"] == 3
    assert Event.objects.get(kind="unknown.treated_as_sent").detail == {"people": 3}
    assert balanced(control)


def test_deciding_twice_counts_once(shop: SimpleNamespace) -> None:
    control, _ours = with_unknown(shop)
    assert treat_as_sent(control, delivery_ids=None, by=shop.operator, at=timezone.now()) == 4
    assert treat_as_sent(control, delivery_ids=None, by=shop.operator, at=timezone.now()) == 0
    assert send_again(control, delivery_ids=None, by=shop.operator, at=timezone.now()) == 0


def test_send_again_keeps_the_old_outcome_and_its_unit(shop: SimpleNamespace) -> None:
    control, ours = with_unknown(shop)
    assert send_again(control, delivery_ids=ours.ids, by=shop.operator, at=timezone.now()) == 4
    assert DeliveryAttempt.objects.filter(send=control, state="unknown", spent=True).count() == 4
    rows = Delivery.objects.filter(send=control, id__in=ours.ids)
    assert set(rows.values_list("state", "kept_unknown", "spent")) == {("queued", True, False)}
    assert balanced(control)


def test_send_again_without_a_unit_left_is_unknown_again_not_skipped(shop: SimpleNamespace) -> None:
    control, ours = with_unknown(shop)
    send_again(control, delivery_ids=ours.ids, by=shop.operator, at=timezone.now())
    again = claim(control, limit=4)
    assert mark(control, again, ids=again.ids, at=timezone.now()) == []
    assert build.states(control)["unknown"] == 4
    assert balanced(control)


def test_send_again_takes_another_unit(shop: SimpleNamespace) -> None:
    control, ours = with_unknown(shop)
    customers = Delivery.objects.filter(send=control, id__in=ours.ids).values_list("customer_id", flat=True)
    people = [who for who in shop.people if who.pk in set(customers)]
    build.more_units(shop.template, people)
    send_again(control, delivery_ids=ours.ids, by=shop.operator, at=timezone.now())
    again = claim(control, limit=4)
    marked = mark(control, again, ids=again.ids, at=timezone.now())
    assert {row.attempt for row in marked} == {2}
    record(control, again.token, [Answer(row.id, "accepted", "", 1.0) for row in marked])
    assert set(Consent.objects.filter(customer__in=customers).values_list("units", flat=True)) == {0}
    assert build.counters(control)["units", ""] == 8
    assert balanced(control)


def test_refused_rows_of_one_cause_can_be_sent_again(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=4)
    mark(control, ours, ids=ours.ids, at=timezone.now())
    reasons = ["MSG_REJECTED", "TEMPLATE_ILLEGAL", "TEMPLATE_ILLEGAL", "MSG_REJECTED"]
    record(
        control,
        ours.token,
        [Answer(one, "refused", why, 1.0) for one, why in zip(ours.ids, reasons, strict=True)],
    )
    again = send_again(
        control,
        delivery_ids=None,
        states=("refused",),
        reason="TEMPLATE_ILLEGAL",
        by=shop.operator,
        at=timezone.now(),
    )
    assert again == 2
    assert build.counters(control)["refused", "MSG_REJECTED"] == 2
    assert ("refused", "TEMPLATE_ILLEGAL") not in build.counters(control)
    assert balanced(control)


def test_a_finished_send_goes_back_to_sending_and_a_cancelled_one_never_does(shop: SimpleNamespace) -> None:
    control, ours = with_unknown(shop)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.FINISHED)
    send_again(control, delivery_ids=ours.ids[:1], by=shop.operator, at=timezone.now())
    control.refresh_from_db()
    assert control.state == SendState.SENDING
    SendControl.objects.filter(pk=control.pk).update(state=SendState.CANCELLED)
    with pytest.raises(NothingToSendAgain):
        send_again(control, delivery_ids=None, by=shop.operator, at=timezone.now())


def test_a_finished_send_whose_rows_were_queued_without_the_move_is_brought_back(
    shop: SimpleNamespace,
) -> None:
    control, _ours = with_unknown(shop)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.FINISHED)
    advance()
    control.refresh_from_db()
    assert control.state == SendState.SENDING


def test_books_close_only_when_every_unknown_is_decided(shop: SimpleNamespace) -> None:
    control, _ours = with_unknown(shop)
    Delivery.objects.filter(send=control, state="queued").delete()
    SendControl.objects.filter(pk=control.pk).update(
        state=SendState.FINISHED, balanced=True, checked_at=timezone.now(), touched_at="2020-01-01T00:00Z"
    )
    assert close_books() == 0
    treat_as_sent(control, delivery_ids=None, by=shop.operator, at=timezone.now())
    SendControl.objects.filter(pk=control.pk).update(checked_at=timezone.now())
    assert close_books() == 1
    control.refresh_from_db()
    assert control.books_closed_at is not None
