"""A share of those who would be sent to is kept back: by ids alone, alike each time, and never more."""

import hashlib
from math import sqrt
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.engine import holdout, sql
from messaging.engine.claim import claim
from messaging.engine.freeze import freeze
from messaging.engine.funnel import forecast, stopped_by
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.models import Consent, Delivery, SendControl, SendState
from messaging.person import gates_of
from messaging.recall.figures import send_recall
from tests import build_messaging as build

PEOPLE = 10_000
KEPT_BACK = f"""
SELECT e.customer_id FROM generate_series(%(first)s, %(last)s) e (customer_id)
WHERE CASE {holdout.GATE} END = 'holdout'
"""


def kept_back(send_id: int, percent: int, *, first: int = 1) -> set[int]:
    """Of 10,000 people whose ids follow one another."""
    control = SendControl(pk=send_id, holdout_percent=percent)
    parameters = holdout.parameters(control) | {"first": first, "last": first + PEOPLE - 1}
    return {customer for (customer,) in sql.rows(KEPT_BACK, parameters)}


def within(found: int, expected: float, of: int) -> bool:
    """Five standard deviations: by chance once in a million."""
    return abs(found - expected) <= 5 * sqrt(of * (expected / of) * (1 - expected / of)) + 1


@pytest.mark.django_db
@given(send=st.integers(1, 2**62), percent=st.integers(0, 50), first=st.integers(1, 2**61))
@settings(max_examples=15, deadline=None)
def test_the_share_is_what_was_asked_for_and_the_same_people_each_time(
    send: int, percent: int, first: int
) -> None:
    found = kept_back(send, percent, first=first)
    assert within(len(found), PEOPLE * percent / 100, PEOPLE) and (percent > 0 or not found)
    assert kept_back(send, percent, first=first) == found
    assert found <= kept_back(send, 50, first=first)


@pytest.mark.django_db
@given(send=st.integers(1, 2**62), other=st.integers(1, 2**62))
@settings(max_examples=8, deadline=None)
def test_two_sends_keep_back_people_independently(send: int, other: int) -> None:
    if send == other:
        return
    both = kept_back(send, 20) & kept_back(other, 20)
    assert within(len(both), PEOPLE * 0.2 * 0.2, PEOPLE)


@pytest.mark.django_db
def test_who_is_kept_back_is_fixed_for_ever() -> None:
    """By a sum that any program can do again: another choice would part a freeze from its forecast."""
    by_hand = {
        customer
        for customer in range(1, PEOPLE + 1)
        if int(hashlib.md5(f"17:{customer}".encode()).hexdigest()[:8], 16) % 10_000 < 1_000
    }
    assert kept_back(17, 10) == by_hand


def preparing(shop: SimpleNamespace, percent: int, **fields: object) -> SendControl:
    return build.send(
        shop.app, shop.template, shop.list, state=SendState.PREPARING, holdout_percent=percent, **fields
    )


def held_out(control: SendControl) -> list[int]:
    rows = Delivery.objects.filter(send=control, state="skipped", reason="holdout")
    return sorted(rows.values_list("customer_id", flat=True))


def test_forecast_and_freeze_keep_back_the_same_people_after_every_other_gate(shop: SimpleNamespace) -> None:
    control = preparing(shop, 50)
    now = timezone.now()
    seen = forecast(control, due_at=now, at=now)
    drops = [(drop.reason, drop.n) for drop in seen.drops]
    assert drops[-1][0] == "holdout" and 0 < drops[-1][1] < 30
    assert ("no_consent", 10) in drops  # who has no consent is not counted as kept back
    people = [row[0] for row in stopped_by(control, gate="holdout", due_at=now)]
    assert freeze(control)
    assert held_out(control) == people
    assert build.states(control) == {"queued": seen.will_send, "skipped": 40 - seen.will_send}
    assert build.counters(control)["skipped", "holdout"] == len(people)


def test_a_second_freeze_keeps_back_the_same_people(shop: SimpleNamespace) -> None:
    control = preparing(shop, 50)
    assert freeze(control)
    first = held_out(control)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.PREPARING)
    control.refresh_from_db()
    assert freeze(control)
    assert held_out(control) == first


def test_a_send_without_a_share_keeps_nobody_back_and_has_no_such_step(shop: SimpleNamespace) -> None:
    control = preparing(shop, 0)
    now = timezone.now()
    assert "holdout" not in [drop.reason for drop in forecast(control, due_at=now, at=now).drops]
    assert freeze(control)
    assert held_out(control) == []


def test_it_is_not_judged_again_at_the_end_and_uses_no_consent(shop: SimpleNamespace) -> None:
    control = preparing(shop, 50)
    assert freeze(control)
    SendControl.objects.filter(pk=control.pk).update(
        state=SendState.SENDING, holdout_percent=0, started_at=timezone.now()
    )
    control.refresh_from_db()
    kept = held_out(control)
    claimed = claim(control, limit=40)
    marked = mark(control, claimed, ids=claimed.ids, at=timezone.now())
    assert len(marked) == 30 - len(kept)
    assert held_out(control) == kept
    record(control, claimed.token, [Answer(row.id, "accepted", "", 1.0) for row in marked])
    recall = send_recall(control, at=timezone.now())
    assert recall is not None and recall.sums.accepted == 30 - len(kept)  # the rate's denominator
    assert Consent.objects.filter(template=shop.template, customer__in=kept, units=1).count() == len(kept)


def test_the_page_of_one_person_shows_the_gate_passed_failed_or_absent(shop: SimpleNamespace) -> None:
    control = preparing(shop, 50)
    assert freeze(control)
    control.refresh_from_db()
    rows = Delivery.objects.filter(send=control).select_related("send__people_list")
    verdicts = {row.reason: gates_of(row)[-1] for row in rows}
    assert (verdicts["holdout"].reason, verdicts["holdout"].verdict) == ("holdout", "failed")
    assert (verdicts[""].reason, verdicts[""].verdict) == ("holdout", "passed")
    assert (verdicts["no_consent"].reason, verdicts["no_consent"].verdict) == ("holdout", "not_judged")
    plain = preparing(shop, 0)
    assert freeze(plain)
    row = Delivery.objects.filter(send=plain).select_related("send__people_list").first()
    assert row is not None and "holdout" not in [gate.reason for gate in gates_of(row)]


def test_no_more_than_half_may_be_kept_back(shop: SimpleNamespace) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        preparing(shop, 51)
