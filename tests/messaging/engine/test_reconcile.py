"""Reconcile reports every difference and repairs none."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from merchants.models import Event
from messaging.engine.claim import claim
from messaging.engine.mark import mark
from messaging.engine.reconcile import _sums, _write_down, check, lines, reconcile
from messaging.models import Consent, Delivery, DeliveryCounter, SendControl, SendState
from tests import build, build_messaging

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> SimpleNamespace:
    app = build.mini_program(build.merchant())
    chosen = build_messaging.template(app)
    people = build_messaging.people(app, 12)
    build_messaging.consents(chosen, people[:9])
    return SimpleNamespace(
        app=app, template=chosen, people=people, list=build_messaging.people_list(app, people)
    )


@pytest.fixture
def control(shop: SimpleNamespace) -> SendControl:
    made = build_messaging.send(shop.app, shop.template, shop.list)
    ours = claim(made, limit=5)
    mark(made, ours, ids=ours.ids, at=timezone.now())
    return made


def test_a_send_under_way_balances_at_any_moment(control: SendControl) -> None:
    assert reconcile() == 1
    control.refresh_from_db()
    assert control.balanced is True
    assert control.checked_at is not None
    names = [line["name"] for line in control.check_detail["lines"]]
    assert names == ["rows", "counters", "decided", "units", "consent"]


def test_a_closed_send_that_nobody_touched_is_not_counted_again(control: SendControl) -> None:
    SendControl.objects.filter(pk=control.pk).update(state=SendState.FINISHED, touched_at=timezone.now())
    assert reconcile() == 1
    assert reconcile() == 0


def lose_a_row(control: SendControl) -> None:
    Delivery.objects.filter(send=control, state="skipped").order_by("id")[:1].get().delete()


def lie_in_a_counter(control: SendControl) -> None:
    DeliveryCounter.objects.filter(send=control, state="queued").update(n=99)


def lose_a_unit(control: SendControl) -> None:
    Consent.objects.filter(units=1).order_by("id")[:1].get().delete()


def spend_without_a_row(control: SendControl) -> None:
    Delivery.objects.filter(send=control, state="sending").update(spent=False)


@pytest.mark.parametrize("sabotage", [lose_a_row, lie_in_a_counter, lose_a_unit, spend_without_a_row])
def test_each_kind_of_difference_is_seen_told_and_left_as_it_is(
    control: SendControl, sabotage: Callable[[SendControl], None]
) -> None:
    reconcile()
    sabotage(control)
    before = lines(control)
    reconcile()
    control.refresh_from_db()
    assert control.balanced is False
    assert Event.objects.filter(kind="books.differ", subject_id=control.pk).count() == 1
    assert lines(control) == before
    reconcile()
    assert Event.objects.filter(kind="books.differ").count() == 1


def test_getting_even_again_is_told_once(control: SendControl) -> None:
    reconcile()
    counters = DeliveryCounter.objects.filter(send=control, state="queued")
    right = counters.get().n
    counters.update(n=right + 1)
    reconcile()
    counters.update(n=right)
    reconcile()
    assert Event.objects.filter(kind="books.balanced", subject_id=control.pk).count() == 1


def test_each_check_writes_down_how_far_it_was_and_how_far_the_one_before(control: SendControl) -> None:
    reconcile()
    control.refresh_from_db()
    first = control.check_detail
    assert first["settled"] == 0
    assert reconcile() == 1
    control.refresh_from_db()
    before = {name: first[name] for name in ("settled", "settled_at")}
    assert control.check_detail["before"] == before


def test_each_quarter_is_told_once_by_the_check_that_sees_it(control: SendControl) -> None:
    def settle(n: int) -> None:
        DeliveryCounter.objects.filter(send=control, state__in=["queued", "sending"]).delete()
        for state, count in (("queued", 100 - n), ("accepted", n)):
            DeliveryCounter.objects.update_or_create(
                send=control, state=state, reason="", defaults={"n": count}
            )
        reconcile()

    def told() -> list[dict[str, int]]:
        return [event.detail for event in Event.objects.filter(kind="send.milestone").order_by("id")]

    settle(24)
    assert told() == []
    settle(25)
    settle(30)
    assert told() == [{"percent": 25, "settled": 25}]
    settle(80)
    settle(20)  # sent again: what was told stays told
    settle(60)
    assert told() == [{"percent": 25, "settled": 25}, {"percent": 75, "settled": 80}]
    SendControl.objects.filter(pk=control.pk).update(state=SendState.PAUSED)
    settle(90)
    assert len(told()) == 2


def test_the_slower_of_two_checks_of_one_send_writes_nothing(control: SendControl) -> None:
    reconcile()
    stale = SendControl.objects.get(pk=control.pk)
    reconcile()
    newer = SendControl.objects.get(pk=control.pk).checked_at
    _write_down([stale], [lines(stale)], timezone.now(), _sums([stale]))
    control.refresh_from_db()
    assert control.checked_at == newer


def test_a_long_send_under_way_is_counted_rarely_and_its_pace_written_down_meanwhile(
    control: SendControl,
) -> None:
    reconcile()
    SendControl.objects.filter(pk=control.pk).update(frozen_total=1_000_000)  # 50 s between two checks
    before = SendControl.objects.get(pk=control.pk)
    assert reconcile() == 0
    after = SendControl.objects.get(pk=control.pk)
    assert after.checked_at == before.checked_at
    assert after.check_detail["settled_at"] > before.check_detail["settled_at"]
    assert after.check_detail["lines"] == before.check_detail["lines"]
    SendControl.objects.filter(pk=control.pk).update(checked_at=before.checked_at - timedelta(seconds=51))
    assert reconcile() == 1


def test_the_balance_of_a_template_is_summed_once_for_all_its_sends(control: SendControl) -> None:
    with CaptureQueriesContext(connection) as asked:
        found, _taken_at = check([control] * 3)
    assert found[0] == found[1] == found[2] == lines(control)
    sums = [query["sql"] for query in asked.captured_queries if "messaging_consententry" in query["sql"]]
    assert len(sums) == 1
