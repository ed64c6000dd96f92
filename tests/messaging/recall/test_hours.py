from datetime import date, timedelta

from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from merchants.models import Merchant
from messaging.models import (
    BatchSend,
    DeliveryCounter,
    RecallHour,
    Rollup,
    SendControl,
    UntiedVisits,
    VisitHour,
)
from messaging.recall import hours, untied
from tests import build_messaging
from tests.messaging.recall.base import DAY, NOON, RecallCase

HOUR = timedelta(hours=1)


class HoursCase(RecallCase):
    def make_send(self, people, app=None, template=None):
        send = super().make_send(people, app, template)
        self.accept(send, len(people))
        return send

    def accept(self, send: SendControl, n: int) -> None:
        DeliveryCounter.objects.update_or_create(send=send, state="accepted", reason="", defaults={"n": n})

    def by_hour(self) -> list[tuple[date, int, int, int, int, int]]:
        columns = ("day", "hour", "sends", "accepted", "visits", "shared_visits")
        return sorted(RecallHour.objects.values_list(*columns))

    def curve(self, send: SendControl | None = None) -> list[tuple[int, int, int]]:
        rows = VisitHour.objects.filter(send=send or self.send)
        return sorted(rows.values_list("hour", "visits", "shared_visits"))


class RollUp(HoursCase):
    def test_a_visit_counts_in_the_hour_in_which_its_send_started(self) -> None:
        self.take_in(self.visit(at=NOON + 3 * DAY))
        assert hours.roll_up()
        assert self.by_hour() == [(date(2026, 8, 3), 12, 1, 3, 1, 0)]
        assert self.curve() == [(72, 1, 0)]

    def test_hours_and_days_are_those_of_the_merchant(self) -> None:
        Merchant.objects.filter(pk=self.yunduo.pk).update(time_zone="America/Los_Angeles")
        SendControl.objects.filter(pk=self.send.pk).update(started_at=NOON + 2 * HOUR)
        hours.roll_up()
        assert self.by_hour() == [(date(2026, 8, 2), 23, 1, 3, 0, 0)]

    def test_a_test_to_one_person_counts_in_no_hour(self) -> None:
        for told in ("a send", "its test"):
            batch = build_messaging.batch(self.mini_program, self.operator, chosen=self.template)
            send = self.send if told == "a send" else self.make_send(self.people[:1])
            left_over = batch.control_id
            batch.control = send
            batch.test_of = BatchSend.objects.filter(control=self.send).first()
            batch.save()
            SendControl.objects.filter(pk=left_over).delete()
            self.take_in(self.visit(token=self.token(self.people[0], send)))
        hours.roll_up()
        assert self.by_hour() == [(date(2026, 8, 3), 12, 1, 3, 1, 0)]
        assert hours.recount(repair=False) == []

    def test_run_twice_it_gives_the_same(self) -> None:
        self.take_in(self.visit())
        hours.roll_up()
        once = (self.by_hour(), self.curve())
        hours.roll_up()
        assert (self.by_hour(), self.curve()) == once

    def test_what_comes_later_is_added(self) -> None:
        hours.roll_up()
        self.take_in(self.visit(self.people[0], at=NOON + HOUR), self.visit(self.people[1], at=NOON))
        self.accept(self.send, 2)
        hours.roll_up()
        assert self.by_hour() == [(date(2026, 8, 3), 12, 1, 2, 2, 0)]
        assert self.curve() == [(0, 1, 0), (1, 1, 0)]

    def test_an_earlier_visit_told_later_moves_to_its_hour(self) -> None:
        self.take_in(self.visit(at=NOON + 5 * HOUR))
        hours.roll_up()
        self.take_in(self.visit(at=NOON + 2 * HOUR))
        hours.roll_up()
        assert self.curve() == [(2, 1, 0)]

    def test_a_clock_that_is_behind_puts_the_visit_in_the_first_hour(self) -> None:
        self.take_in(self.visit(at=NOON - HOUR))
        hours.roll_up()
        assert self.curve() == [(0, 1, 0)]

    def test_a_send_that_was_not_touched_lately_is_not_counted_again(self) -> None:
        hours.roll_up()
        SendControl.objects.update(touched_at=NOON)
        RecallHour.objects.update(accepted=99)
        hours.roll_up()
        assert self.by_hour()[0][3] == 99

    def test_merchants_keep_their_own(self) -> None:
        hours.roll_up()
        assert not RecallHour.objects.for_merchant(self.qingcha).exists()

    def test_it_says_when_it_ran(self) -> None:
        assert hours.computed_at() is None
        hours.roll_up()
        first = hours.computed_at()
        hours.roll_up()
        assert first < hours.computed_at()

    def test_the_number_of_statements_does_not_grow_with_the_sends(self) -> None:
        hours.roll_up()
        with CaptureQueriesContext(connection) as few:
            hours.roll_up()
        for _ in range(5):
            self.make_send(self.people)
        with CaptureQueriesContext(connection) as many:
            hours.roll_up()
        assert len(few) == len(many)
        assert self.by_hour()[0][2] == 6


class Recount(HoursCase):
    def test_the_command_finds_what_is_wrong_missing_or_too_much(self) -> None:
        self.take_in(self.visit())
        hours.roll_up()
        RecallHour.objects.update(visits=9)
        VisitHour.objects.all().delete()
        row = RecallHour.objects.get()
        RecallHour.objects.create(
            **{
                field: getattr(row, field)
                for field in ("merchant", "mini_program", "template", "hour", "sends", "accepted", "visits")
            },
            shared_visits=0,
            day=date(2020, 1, 1),
        )
        found = hours.recount(repair=False)
        assert [(one.rollup, one.kept, one.counted) for one in found] == [
            ("hours", (1, 3, 9, 0), None),
            ("hours", (1, 3, 9, 0), (1, 3, 1, 0)),
            ("visits", None, (1, 0)),
        ]
        assert RecallHour.objects.count() == 2, "a check changes nothing"
        call_command("rebuild_recall", verbosity=0)
        assert hours.recount(repair=False) == []
        assert self.by_hour() == [(date(2026, 8, 3), 12, 1, 3, 1, 0)]

    def test_a_merchant_who_moved_gets_the_days_of_the_new_place(self) -> None:
        hours.roll_up()
        Merchant.objects.filter(pk=self.yunduo.pk).update(time_zone="Asia/Tokyo")
        hours.recount()
        assert [row[:2] for row in self.by_hour()] == [(date(2026, 8, 3), 13)]


class Untied(HoursCase):
    def test_visits_whose_link_names_no_message_count_by_the_day_they_came(self) -> None:
        late = NOON + timedelta(hours=13)  # 01:00 of the next day in the merchant's zone
        self.take_in(self.told("visited", scene="1014", at=NOON), self.told("visited", scene="1305", at=late))
        self.take_in(self.told("visited", scene="1014", at=late))
        assert self.kept() == [(date(2026, 8, 3), 1), (date(2026, 8, 4), 2)]

    def test_told_again_they_count_once(self) -> None:
        told = self.told("visited", scene="1014", at=NOON)
        self.take_in(told)
        self.take_in(told)
        assert self.kept() == [(date(2026, 8, 3), 1)]

    def test_a_visit_with_a_token_is_not_among_them_even_when_it_is_late(self) -> None:
        with override_settings(RECALL_WINDOW_DAYS=1):
            self.take_in(self.visit(), self.visit(at=NOON + 5 * DAY, scene="1014"))
        assert self.kept() == []

    def test_the_command_counts_them_again_as_far_back_as_signals_are_kept(self) -> None:
        self.take_in(self.told("visited", scene="1014", at=NOON))
        old = UntiedVisits.objects.create(
            merchant=self.yunduo, mini_program=self.mini_program, day=date(2020, 1, 1), visits=5
        )
        UntiedVisits.objects.exclude(pk=old.pk).update(visits=7)
        found = untied.recount(at=NOON + DAY)
        assert [(one.kept, one.counted) for one in found] == [((7,), (1,))]
        assert self.kept() == [(date(2020, 1, 1), 5), (date(2026, 8, 3), 1)]

    def kept(self) -> list[tuple[date, int]]:
        return sorted(UntiedVisits.objects.values_list("day", "visits"))


STORY = st.lists(
    st.tuples(
        st.integers(0, 2),  # whose message
        st.sampled_from(["recipient", "stranger"]),
        st.integers(-1, 200),  # hours after noon: the window ends after 168
    ),
    max_size=8,
)


class AnyOrder(HypothesisTestCase, HoursCase):
    @limits(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(visits=STORY, data=st.data())
    def test_visits_in_any_order_repeated_and_late_give_the_same_rollups(self, visits, data) -> None:
        send = self.make_send(self.people)
        told = [
            self.visit(
                token=self.token(self.people[whose], send),
                open_id=self.people[whose].open_id if who == "recipient" else "012stranger0001",
                at=NOON + after * HOUR,
            )
            for whose, who, after in visits
        ]
        shuffled = data.draw(st.permutations(told + told[::2]))
        for one in shuffled:
            self.take_in(one)
            if data.draw(st.booleans()):
                hours.roll_up()
        hours.roll_up()
        earliest: dict[tuple[int, str], int] = {}
        for whose, who, after in visits:
            if after <= 168:
                earliest[whose, who] = min(after, earliest.get((whose, who), after))
        curve: dict[int, list[int]] = {}
        for (_whose, who), after in earliest.items():
            curve.setdefault(max(after, 0), [0, 0])[who == "stranger"] += 1
        assert self.curve(send) == sorted((hour, *n) for hour, n in curve.items())
        assert hours.recount(repair=False) == []
        assert Rollup.objects.count() == 1
