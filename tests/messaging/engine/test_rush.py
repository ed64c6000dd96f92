"""Many sends that are due at once: each begins soon, in the order in which they are due, and then goes on."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Min
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.engine import slot
from messaging.engine.claim import claim, claim_each
from messaging.engine.mark import mark
from messaging.engine.pipeline import Pipeline
from messaging.engine.record import Answer, record_together
from messaging.engine.slot import FIRST_ROWS, RUSH, Picked
from messaging.engine.turns import Turns
from messaging.models import Delivery, SendControl
from tests import build_messaging
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)
SENDS, PEOPLE = RUSH + 5, 4


@pytest.fixture
def shop(simulator: SimulatorProcess, no_faults: None) -> Iterator[Shop]:
    yield open_shop(simulator, people=SENDS * PEOPLE, rate_per_second=5_000)


def sends(shop: Shop, number: int) -> list[SendControl]:
    """Each to people of its own, due a millisecond after the one before."""
    shop.grant(number * PEOPLE)
    begin = timezone.now() - timedelta(seconds=5)
    made = []
    for place in range(number):
        people = shop.people[place * PEOPLE : (place + 1) * PEOPLE]
        to = build_messaging.people_list(shop.app, people)
        due_at = begin + timedelta(milliseconds=place)
        made.append(build_messaging.send(shop.app, shop.template, to, due_at=due_at))
    return made


def numbers(picked: list[Picked]) -> list[int]:
    return [one.control.pk for one in picked]


def test_in_a_rush_several_are_taken_at_once_in_the_order_of_their_due_times(shop: Shop) -> None:
    made = [one.pk for one in sends(shop, SENDS)]
    first = slot._next(Turns(), passed=[])
    assert (numbers(first), first[0].is_rush) == (made[:1], True)
    assert numbers(slot._next(Turns(), passed=[], at_once=8)) == made[1:9]
    assert numbers(slot._next(Turns(), passed=[], at_once=8)) == made[9:17]


def test_without_a_rush_a_send_has_its_whole_turn(shop: Shop) -> None:
    made = [one.pk for one in sends(shop, RUSH)]
    first = slot._next(Turns(), passed=[])
    assert (numbers(first), first[0].is_rush) == (made[:1], False)


def test_what_was_served_is_not_taken_as_one_of_several(shop: Shop) -> None:
    made = sends(shop, SENDS)
    SendControl.objects.filter(pk__in=[one.pk for one in made[:-2]]).update(last_served_at=timezone.now())
    assert numbers(slot._next(Turns(), passed=[], at_once=8)) == [one.pk for one in made[-2:]]
    assert slot._next(Turns(), passed=[], at_once=8) == []
    assert len(slot._next(Turns(), passed=[])) == 1


def test_all_begin_before_one_goes_on_and_everybody_is_served_once(shop: Shop) -> None:
    made = sends(shop, SENDS)
    while slot.work(seconds=5):
        pass
    assert shop.summary()["accepted_people"] == shop.summary()["accepted_messages"] == SENDS * PEOPLE
    sent = list(Delivery.objects.order_by("sent_at", "send_id").values_list("send_id", flat=True))
    begun = [pk for pk in dict.fromkeys(sent)]
    assert begun == [one.pk for one in made]
    rushed = SENDS - RUSH  # those that found more than RUSH others waiting
    assert sent[: rushed * FIRST_ROWS] == [one.pk for one in made[:rushed] for _row in range(FIRST_ROWS)]
    firsts = Delivery.objects.values("send_id").annotate(at=Min("sent_at")).order_by("at")
    assert [row["send_id"] for row in firsts] == begun


def test_rows_claimed_together_belong_to_one_slot_and_no_send_lends_another_its_rows(shop: Shop) -> None:
    made = sends(shop, 3)
    claims = claim_each(made[:2], limit=FIRST_ROWS)
    again = claim_each(made, limit=FIRST_ROWS)
    for control in made[:2]:
        first, second = claims[control.pk].ids, again[control.pk].ids
        assert len(first) == len(second) == FIRST_ROWS and not set(first) & set(second)
        assert set(Delivery.objects.filter(id__in=first + second).values_list("send_id", flat=True)) == {
            control.pk
        }
        assert Delivery.objects.filter(id__in=first, token=claims[control.pk].token).count() == FIRST_ROWS


def test_what_was_claimed_for_a_turn_that_did_not_come_goes_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sends(shop, SENDS)

    def breaks(*_given: object, **_more: object) -> bool:
        raise RuntimeError("broke")

    slot._next(Turns(), passed=[])
    monkeypatch.setattr(slot, "_serve", breaks)
    picked = slot._next(Turns(), passed=[], at_once=8)
    with pytest.raises(RuntimeError, match="broke"), Pipeline() as pipeline:
        slot._serve_each(picked, pipeline, Turns(), until=time.monotonic() + 5)
    claimed = Delivery.objects.filter(state="claimed")
    assert set(claimed.values_list("send_id", flat=True)) <= {made[1].pk}  # of the turn that broke


def test_keys_that_cannot_be_used_pause_a_send_of_a_rush_and_keep_none_of_its_rows(shop: Shop) -> None:
    (control,) = sends(shop, 1)
    claimed = claim_each([control], limit=FIRST_ROWS)[control.pk]
    control.mini_program.alipay_public_key = "no key"
    with Pipeline() as pipeline:
        assert not slot._serve(control, pipeline, until=time.monotonic() + 5, claimed=claimed)
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == ("paused", "gateway")
    assert not Delivery.objects.filter(state="claimed").exists()


def test_accepted_messages_of_several_sends_are_written_down_by_one_transaction(shop: Shop) -> None:
    made = sends(shop, 3)
    told = []
    for control in reversed(made):
        claimed = claim(control, limit=FIRST_ROWS)
        mark(control, claimed, ids=claimed.ids, at=timezone.now())
        told.append((control, claimed.token, [Answer(one, "accepted", "", 1.0) for one in claimed.ids]))
    with CaptureQueriesContext(connection) as asked:
        assert record_together(told)
        assert record_together(told), "a second time finds none"
    assert sum(query["sql"].startswith("BEGIN") for query in asked) <= 2
    for control in made:
        assert build_messaging.counters(control)["accepted", ""] == FIRST_ROWS
        assert Delivery.objects.filter(send_id=control.pk, state="accepted").count() == FIRST_ROWS
