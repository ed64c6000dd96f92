"""Many sends that are due at once: each begins soon, in the order in which they are due, and then goes on."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models import Min
from django.utils import timezone

from messaging.engine import slot
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
