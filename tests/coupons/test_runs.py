"""Batch issue: a grant and one outcome for everybody on the list; paused, resumed, cancelled, undone."""

import uuid
from datetime import timedelta
from typing import Any
from unittest import mock

from django.test import override_settings
from django.utils import timezone

from coupons import giving, runs
from coupons.models import Coupon, CouponGrant, CouponRun
from membership import customers
from membership.models import PeopleList
from merchants.models import Event, GatewayCall
from tests import build_coupons
from tests.coupons.giving_base import SEND, GivingCase, refused
from tests.gateway.platform import hang_up


class Runs(GivingCase):
    def start(self, coupon: Coupon, n: int = 5, **fields: Any) -> CouponRun:
        return self.run_for(coupon, self.people(n), **fields)

    def look(self) -> int:
        return runs.issue_due(at=timezone.now())

    def state(self, run: CouponRun) -> str:
        run.refresh_from_db()
        return str(run.state)

    def events(self, run: CouponRun) -> list[str]:
        rows = Event.objects.filter(kind__startswith="coupon_run.", subject_id=run.pk).order_by("id")
        return [kind.partition(".")[2] for kind in rows.values_list("kind", flat=True)]

    def test_everybody_gets_one(self) -> None:
        coupon = self.coupon()
        run = self.start(coupon)
        with self.platform() as counter:
            self.drain()
        self.assertEqual(self.states(run), {"claimed": 5})
        self.assertEqual(self.state(run), "finished")
        self.assertEqual((run.people, counter.times(SEND)), (5, 5))
        self.assert_books(coupon)
        self.assertEqual(self.events(run), ["started", "issuing", "finished"])

    def test_the_same_form_starts_one_run(self) -> None:
        coupon, token, to = self.coupon(), uuid.uuid4(), self.list_of(self.people(2))
        made = [
            runs.start(coupon, to, by=self.operator, form_token=token, at=timezone.now())
            for _time in range(3)
        ]
        self.assertEqual(len({run.pk for run in made}), 1)

    def test_looking_often_asks_for_nobody_twice(self) -> None:
        run = self.start(self.coupon(), 7)
        for _look in range(4):
            self.look()
        self.assertEqual(GatewayCall.objects.count(), 7)
        with self.platform():
            self.drain()
        self.assertEqual(self.states(run), {"claimed": 7})

    @override_settings(COUPON_CALLS_IN_FLIGHT=3)
    def test_so_many_are_on_their_way_and_no_more(self) -> None:
        run = self.start(self.coupon(), 8)
        self.assertEqual([self.look(), self.look()], [3, 0])
        other = self.start(self.coupon(), 4)
        self.assertEqual(self.look(), 0)
        with self.platform():
            self.drain()
        self.assertEqual((self.states(run), self.states(other)), ({"claimed": 8}, {"claimed": 4}))

    @override_settings(COUPON_UNDO_SECONDS=10)
    def test_nothing_leaves_while_it_can_be_undone(self) -> None:
        coupon = self.coupon()
        run = self.start(coupon)
        self.assertEqual(self.look(), 0)
        self.assertEqual(runs.cancel(run, by=self.operator), 0)
        self.assertEqual((self.state(run), self.states(run)), ("cancelled", {}))
        self.assertEqual(runs.issue_due(at=timezone.now() + timedelta(minutes=1)), 0)
        self.assertEqual(self.count(coupon).taken, 0)

    @override_settings(COUPON_CALLS_IN_FLIGHT=2)
    def test_paused_nobody_more_is_asked_for(self) -> None:
        run = self.start(self.coupon())
        self.look()
        runs.pause(run, by=self.operator)
        with self.platform():
            self.send()
            self.assertEqual(self.look(), 0)
            self.assertEqual(self.states(run), {"claimed": 2, "sending": 3})
            runs.resume(run, by=self.operator)
            self.drain()
        self.assertEqual(self.states(run), {"claimed": 5})
        self.assertEqual(self.events(run), ["started", "issuing", "paused", "resumed", "finished"])

    @override_settings(COUPON_CALLS_IN_FLIGHT=2)
    def test_cancelled_whoever_was_not_asked_for_gets_none(self) -> None:
        coupon = self.coupon(per_person=1)
        run = self.start(coupon)
        self.look()
        self.assertEqual(runs.cancel(run, by=self.operator), 3)
        with self.platform() as counter:
            self.send()
        self.assertEqual(self.states(run), {"claimed": 2, "refused:run_cancelled": 3})
        self.assertEqual((self.state(run), counter.times(SEND)), ("cancelled", 2))
        self.assert_books(coupon)

    def test_moves_that_are_none_are_refused(self) -> None:
        run = self.start(self.coupon())
        for move in (runs.pause, runs.resume):
            with self.assertRaises(runs.RunMoved):
                move(run, by=self.operator)
        with self.platform():
            self.drain()
        for move in (runs.pause, runs.resume, runs.cancel):
            with self.assertRaises(runs.RunMoved):
                move(run, by=self.operator)
        self.assertEqual(self.state(run), "finished")

    def test_a_stopped_mini_program_gives_nothing(self) -> None:
        run = self.start(self.coupon())
        self.mini_program.stopped_at = timezone.now()
        self.mini_program.save(update_fields=["stopped_at"])
        self.assertEqual(self.look(), 0)
        self.assertEqual(self.states(run), {"sending": 5})

    def test_each_person_who_cannot_get_one_has_the_reason(self) -> None:
        coupon = self.coupon(per_person=1)
        people = self.people(5)
        build_coupons.grant(coupon, people[0])
        customers.forget(people[1], by=self.owner, at=timezone.now())
        customers.set_profiling_opt_out(people[2], by=None, at=timezone.now())
        run = self.run_for(coupon, people, source=PeopleList.Source.RULE)
        with self.platform():
            self.drain()
        expected = {"refused:limit_reached": 1, "refused:not_known": 1, "refused:opted_out": 1, "claimed": 2}
        self.assertEqual(self.states(run), expected)
        self.assert_books(coupon)

    def test_opting_out_keeps_nobody_off_a_list_made_by_hand(self) -> None:
        [person] = self.people(1)
        customers.set_profiling_opt_out(person, by=None, at=timezone.now())
        run = self.run_for(self.coupon(), [person])
        with self.platform():
            self.drain()
        self.assertEqual(self.states(run), {"claimed": 1})

    def test_a_limit_of_several_is_filled_up_by_several_runs(self) -> None:
        coupon, people = self.coupon(per_person=2), self.people(3)
        build_coupons.grant(coupon, people[0])
        made = [self.run_for(coupon, people) for _run in range(3)]
        with self.platform():
            self.drain()
        self.assertEqual(self.states(made[0]), {"claimed": 3})
        self.assertEqual(self.states(made[1]), {"claimed": 2, "refused:limit_reached": 1})
        self.assertEqual(self.states(made[2]), {"refused:limit_reached": 3})
        slots = CouponGrant.objects.filter(coupon=coupon, state="claimed").values_list("slot", flat=True)
        self.assertEqual(sorted(slots), ["L.1"] * 3 + ["L.2"] * 3)
        self.assert_books(coupon)

    def test_where_the_stock_does_not_reach_the_rest_gets_none(self) -> None:
        coupon = self.coupon(stock=3, per_person=1)
        run = self.start(coupon)
        with self.platform():
            self.drain()
        self.assertEqual(self.states(run), {"claimed": 3, "refused:stock_gone": 2})
        self.assert_books(coupon)
        later = self.start(coupon, 2)
        with self.platform():
            self.drain()
        self.assertEqual(self.states(later), {"refused:stock_gone": 2})

    def test_a_coupon_that_ends_pauses_its_run_and_names_why(self) -> None:
        coupon = self.coupon()
        run = self.start(coupon)
        with mock.patch.object(giving, "hindrance", return_value="over"):
            self.assertEqual(self.look(), 0)
        self.assertEqual((self.state(run), run.paused_because), ("paused", "over"))

    @override_settings(COUPON_CALLS_IN_FLIGHT=1)
    def test_what_keeps_everybody_out_pauses_the_run(self) -> None:
        coupon = self.coupon()
        run = self.start(coupon)
        self.counter.plan[SEND] = [refused("ACTIVITY_IS_STOPED", "活动已停止")]
        with self.platform():
            self.look()
            self.send()
            self.watch(run)
            self.assertEqual((self.state(run), run.paused_because), ("paused", "ACTIVITY_IS_STOPED"))
            self.assertEqual(self.states(run), {"refused:ACTIVITY_IS_STOPED": 1, "sending": 4})
            runs.resume(run, by=self.operator)
            self.counter.plan[SEND] = [refused("COUNT_OVER_LIMIT"), None]
            self.look()
            self.send()
            self.watch(run)
            self.assertEqual(self.state(run), "issuing")
            self.drain()
        self.assertEqual(self.states(run)["claimed"], 3)
        self.assert_books(coupon)

    @override_settings(COUPON_CALLS_IN_FLIGHT=4)
    def test_the_same_refusal_of_a_row_of_people_pauses_the_run(self) -> None:
        run = self.start(self.coupon(), 20)
        self.counter.plan[SEND] = [refused("BIZ_ERROR", "业务异常")]
        with self.platform():
            for _look in range(2):
                self.look()
                self.send()
                self.watch(run)
            self.assertEqual(self.state(run), "issuing")
            self.look()
            self.send()
            self.watch(run)
        self.assertEqual((self.state(run), run.paused_because), ("paused", "BIZ_ERROR"))
        self.assertEqual(self.states(run), {"refused:BIZ_ERROR": 12, "sending": 8})

    def watch(self, run: CouponRun) -> None:
        """The hint that a refusal gives."""
        newest = GatewayCall.objects.filter(state="refused").latest("pk")
        runs.watch(run.pk, newest.pk)

    def test_a_refusal_hints_that_the_run_be_watched(self) -> None:
        run = self.start(self.coupon(), 1)
        self.counter.plan[SEND] = [refused("ACTIVITY_IS_END")]
        with self.platform(), mock.patch("coupons.answers.enqueue") as hinted:
            self.look()
            self.send()
        call = GatewayCall.objects.get()
        hinted.assert_called_once_with("coupons.watch_run", self.yunduo.pk, run.pk, call.pk)

    def test_an_outcome_that_nobody_knows_is_an_outcome(self) -> None:
        coupon = self.coupon()
        run = self.start(coupon, 2)
        with self.platform():
            self.look()
            self.lose_answers()
            self.look()
        self.assertEqual((self.state(run), self.states(run)), ("finished", {"unknown": 2}))
        self.assert_books(coupon)

    def test_a_person_forgotten_meanwhile_gets_none(self) -> None:
        coupon, people = self.coupon(), self.people(2)
        with override_settings(COUPON_CALLS_IN_FLIGHT=0):
            run = self.run_for(coupon, people)
            self.look()
        customers.forget(people[0], by=self.owner, at=timezone.now())
        with self.platform():
            self.drain()
        self.assertEqual(self.states(run), {"refused:not_known": 1, "claimed": 1})
        self.assert_books(coupon)

    def test_a_list_that_is_not_ready_or_of_another_mini_program_is_refused(self) -> None:
        coupon = self.coupon()
        checking = self.list_of(self.people(1), state=PeopleList.State.CHECKING)
        foreign = self.list_of(self.people(1))
        foreign.mini_program = self.other_mini_program
        for to in (checking, foreign):
            with self.assertRaises(giving.NotPossible):
                runs.start(coupon, to, by=self.operator, form_token=uuid.uuid4(), at=timezone.now())

    def test_a_lost_answer_is_asked_for_again_and_gives_one(self) -> None:
        coupon = self.coupon()
        run = self.start(coupon, 3)
        self.counter.plan[SEND] = [hang_up, hang_up, None]
        with self.platform() as counter:
            self.drain()
        self.assertEqual(self.states(run), {"claimed": 3})
        self.assertEqual(counter.times(SEND), 5)
        self.assertEqual(len({biz["out_biz_no"] for _one, biz in counter.asked}), 3)
        self.assert_books(coupon)
