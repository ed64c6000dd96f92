"""Reminders of coupons that expire: once per grant, at their hour, through every gate, against a holdout."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.utils import timezone

from coupons.models import CouponGrant
from membership.models import Customer
from merchants.models import Event
from messaging.engine import slot
from messaging.models import Delivery, Reminder, ReminderPolicy, ReminderRound, SendRules
from messaging.sends import reminder_policies, reminders
from messaging.sends.reminder_rounds import count_rounds
from tests import build
from tests import build_messaging as made
from tests.base import CastCase
from tests.messaging.sends import reminder_scene as scene
from tests.messaging.sends.reminder_scene import wall


class Reminding(CastCase):
    def setUp(self) -> None:
        now = timezone.now()
        self.today, self.tomorrow = wall(now, 12), wall(now + timedelta(days=1), 23, 59, 59)
        self.template = made.template(self.mini_program, keywords=["优惠内容", "到期时间"])
        self.people = made.people(self.mini_program, 3)
        made.consents(self.template, self.people, units=5)
        self.coupon = scene.coupon(self.mini_program, at=now)
        self.grants = scene.grants(self.coupon, self.people, ends_at=self.tomorrow)

    def decide(self, **changes: Any) -> ReminderPolicy:
        return scene.policy(self.template, self.owner, **changes)

    def remind(self, at: datetime | None = None) -> int:
        return reminders.remind_due(at=at or self.today)

    def reminded(self) -> list[int]:
        return sorted(Reminder.objects.values_list("grant_id", flat=True))


class TheRound(Reminding):
    def test_each_grant_that_ends_tomorrow_gets_one_message_that_names_coupon_and_day(self) -> None:
        self.decide()
        self.assertEqual(self.remind(), 3)
        rows = list(Delivery.objects.order_by("customer_id"))
        self.assertEqual([row.customer_id for row in rows], [one.pk for one in self.people])
        self.assertEqual({row.state for row in rows}, {"queued"})
        day = self.tomorrow
        said = {
            "keyword1": {"value": "满10减5"},
            "keyword2": {"value": f"{day.month}月{day.day}日 23:59 到期"},
        }
        self.assertEqual([row.data for row in rows], [said] * 3)
        self.assertEqual({row.send.not_after for row in rows}, {self.tomorrow})

    def test_a_second_round_and_a_second_beat_remind_nobody_again(self) -> None:
        policy = self.decide()
        self.remind()
        for at in (self.today, self.today + timedelta(minutes=1), self.today + timedelta(days=1)):
            ReminderPolicy.objects.filter(pk=policy.pk).update(done_on=None)
            self.assertEqual(self.remind(at), 0)
        self.assertEqual(Delivery.objects.count(), 3)

    def test_before_the_hour_nobody_is_reminded(self) -> None:
        self.decide()
        self.assertEqual(self.remind(wall(self.today, 9, 59, 59)), 0)
        self.assertEqual(self.remind(wall(self.today, 10)), 3)

    def test_what_cannot_be_used_any_more_or_not_for_long_yet_is_left_alone(self) -> None:
        later = scene.grants(self.coupon, self.people[:1], ends_at=self.tomorrow + timedelta(seconds=1))
        over = scene.grants(self.coupon, self.people[:1], ends_at=self.today)
        for grant, state in zip(self.grants, ("redeemed", "expired", "invalidated"), strict=True):
            CouponGrant.objects.filter(pk=grant.pk).update(state=state)
        self.decide()
        self.assertEqual(self.remind(), 0)
        self.assertFalse(Reminder.objects.filter(grant__in=[*later, *over]).exists())

    def test_what_a_round_missed_comes_with_the_next_while_it_can_be_used(self) -> None:
        self.decide()
        self.assertEqual(self.remind(wall(self.tomorrow, 11)), 3)

    def test_a_round_goes_on_over_many_that_end_in_the_same_second(self) -> None:
        many = made.people(self.mini_program, 2 * reminders.CHUNK + 1)
        made.consents(self.template, many)
        scene.grants(self.coupon, many, ends_at=self.tomorrow)
        policy = self.decide()
        self.assertEqual(self.remind(), len(many) + 3)
        policy.refresh_from_db()
        self.assertIsNotNone(policy.done_on)

    def test_a_coupons_own_policy_goes_before_that_of_the_shop(self) -> None:
        other = scene.coupon(self.mini_program, at=self.today, name="八折")
        theirs = scene.grants(other, self.people, ends_at=self.tomorrow)
        shop, own = self.decide(), self.decide(of=self.coupon)
        self.remind()
        found = dict(Reminder.objects.values_list("grant_id", "policy_id"))
        self.assertEqual({found[one.pk] for one in self.grants}, {own.pk})
        self.assertEqual({found[one.pk] for one in theirs}, {shop.pk})

    def test_a_person_with_two_coupons_gets_a_message_for_each(self) -> None:
        scene.grants(self.coupon, self.people, ends_at=self.tomorrow)
        self.decide()
        self.assertEqual(self.remind(), 6)
        self.assertEqual(set(Counter(Delivery.objects.values_list("customer_id", flat=True)).values()), {2})

    def test_another_merchants_coupons_are_not_looked_at(self) -> None:
        theirs = scene.coupon(self.other_mini_program, at=self.today)
        held = scene.grants(theirs, made.people(self.other_mini_program, 1), ends_at=self.tomorrow)
        self.decide()
        self.remind()
        self.assertNotIn(held[0].pk, self.reminded())

    def test_a_text_that_does_not_fit_is_written_down_and_nothing_is_sent(self) -> None:
        self.decide(values=["{coupon}" * 11, "{until}"])
        self.assertEqual(self.remind(), 3)
        self.assertEqual(Reminder.objects.filter(unfit=True, single=None).count(), 3)
        self.assertFalse(Delivery.objects.exists())

    def test_a_template_that_went_offline_or_a_stopped_mini_program_begins_no_round(self) -> None:
        self.decide()
        for row, off, on in (
            (self.template, {"state": "offline"}, {"state": "approved"}),
            (self.mini_program, {"stopped_at": self.today}, {"stopped_at": None}),
        ):
            type(row).objects.filter(pk=row.pk).update(**off)
            self.assertEqual(self.remind(), 0)
            type(row).objects.filter(pk=row.pk).update(**on)
        self.assertEqual(self.remind(), 3)


class Gates(Reminding):
    def test_who_did_not_consent_or_is_on_the_do_not_send_list_is_skipped_with_the_reason(self) -> None:
        nobody = made.people(self.mini_program, 1)
        Customer.objects.filter(pk=self.people[0].pk).update(do_not_send_at=self.today)
        scene.grants(self.coupon, nobody, ends_at=self.tomorrow)
        self.decide()
        self.remind()
        found = dict(Delivery.objects.values_list("customer_id", "reason"))
        self.assertEqual(found[nobody[0].pk], "no_consent")
        self.assertEqual(found[self.people[0].pk], "do_not_send")
        self.assertEqual(found[self.people[1].pk], "")

    def test_in_the_quiet_hours_nothing_of_it_leaves_and_nobody_is_lost(self) -> None:
        wall_now = timezone.now().astimezone(reminders.zone_of(self.decide()))
        start, end = wall_now - timedelta(hours=1), wall_now + timedelta(hours=1)
        rules = SendRules.objects.create(
            merchant=self.yunduo, quiet_from=start.time(), quiet_to=end.time(), changed_by=self.owner
        )
        self.remind()
        self.assertFalse(slot.has_work())
        rules.delete()
        self.assertTrue(slot.has_work())

    def test_a_share_is_held_back_and_the_same_one_at_every_look(self) -> None:
        people = made.people(self.mini_program, 200)
        made.consents(self.template, people)
        scene.grants(self.coupon, people, ends_at=self.tomorrow)
        policy = self.decide(holdout_percent=50)
        self.remind()
        held = set(Reminder.objects.filter(held_out=True).values_list("grant_id", flat=True))
        self.assertEqual(held, {one for one in self.reminded() if reminders.is_held_out(policy, one)})
        self.assertTrue(60 < len(held) < 143)
        self.assertEqual(Delivery.objects.count(), 203 - len(held))


class Deciding(Reminding):
    def test_one_policy_a_coupon_and_one_for_the_rest_of_the_shop(self) -> None:
        for of in (None, self.coupon):
            first = self.decide(of=of)
            with self.assertRaises(reminder_policies.PolicyStands):
                self.decide(of=of)
            self.assertTrue(reminder_policies.stop(first, by=self.owner))
            self.assertFalse(reminder_policies.stop(first, by=self.owner))
            self.decide(of=of)
        self.assertEqual(Event.objects.filter(kind="reminder.stopped").count(), 2)

    def test_of_two_who_change_it_the_second_is_told(self) -> None:
        policy = self.decide()
        shorter = reminder_policies.Decided(2, policy.hour, self.template, scene.TEXTS, "pages/coupon", 0)
        self.assertTrue(reminder_policies.change(policy, shorter, version=1, by=self.owner))
        with self.assertRaises(reminder_policies.PolicyChanged):
            reminder_policies.change(policy, shorter, version=1, by=self.operator)
        self.assertFalse(reminder_policies.change(policy, shorter, version=2, by=self.operator))
        self.assertEqual(Event.objects.filter(kind="reminder.changed").count(), 1)

    def test_a_round_with_what_was_read_before_a_change_does_nothing(self) -> None:
        policy = self.decide()
        ReminderPolicy.objects.update(version=2)
        with mock.patch.object(reminders, "due", return_value=[policy]):
            self.assertEqual(self.remind(), 0)
        self.assertIsNone(ReminderPolicy.objects.get().done_on)


class Counting(Reminding):
    def test_reminded_and_held_back_are_compared_by_who_redeemed_afterwards(self) -> None:
        people = made.people(self.mini_program, 20)
        made.consents(self.template, people[:10])
        grants = scene.grants(self.coupon, people, ends_at=self.tomorrow)
        policy = self.decide(holdout_percent=50)
        self.remind()
        Delivery.objects.filter(state="queued").update(state="accepted")
        for grant in grants[:15]:
            scene.redeem(grant, at=timezone.now() + timedelta(hours=1))
        early = Reminder.objects.latest("pk")
        scene.redeem(early.grant, at=early.created_at - timedelta(hours=1))
        count_rounds(at=timezone.now())
        count_rounds(at=timezone.now())
        found = ReminderRound.objects.get(policy=policy)
        rows = {one.grant_id: one for one in Reminder.objects.all()}
        held = [one for one in rows.values() if one.held_out]
        self.assertEqual((found.held_out, found.reminded), (len(held), 23 - len(held)))
        self.assertEqual(found.accepted, Delivery.objects.filter(state="accepted").count())
        used = [rows[one.pk] for one in grants[:15]]
        self.assertEqual(found.used, sum(not one.held_out for one in used))
        self.assertEqual(found.used_held_out, sum(one.held_out for one in used))


@pytest.mark.django_db(transaction=True)
def test_two_rounds_at_once_remind_nobody_twice() -> None:
    cast = build.cast()
    now = timezone.now()
    template = made.template(cast.mini_program, keywords=["优惠内容", "到期时间"])
    people = made.people(cast.mini_program, 900)
    made.consents(template, people)
    coupon = scene.coupon(cast.mini_program, at=now)
    scene.grants(coupon, people, ends_at=wall(now + timedelta(days=1), 23, 59, 59))
    scene.policy(template, cast.owner)
    barrier = threading.Barrier(4)
    troubles: list[Exception] = []

    def work() -> None:
        barrier.wait()
        try:
            reminders.remind_due(at=wall(now, 12))
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    reminders.remind_due(at=wall(now, 12))
    assert not troubles
    assert Delivery.objects.count() == Reminder.objects.count() == 900
    assert set(Counter(Delivery.objects.values_list("customer_id", flat=True)).values()) == {1}
    assert ReminderPolicy.objects.get().done_on is not None


def test_the_scan_reads_the_index_of_what_expires(django_db_setup: None, db: None) -> None:
    """With thousands of coupons that end much later the plan touches those that end soon, and no others."""
    cast = build.cast()
    now = timezone.now()
    template = made.template(cast.mini_program, keywords=["优惠内容", "到期时间"])
    people = made.people(cast.mini_program, 3_000)
    coupon = scene.coupon(cast.mini_program, at=now)
    scene.grants(coupon, people, ends_at=now + timedelta(days=60))
    scene.grants(coupon, people[:20], ends_at=wall(now + timedelta(days=1), 23))
    policy = scene.policy(template, cast.owner)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE coupons_coupongrant")
        cursor.execute(
            "EXPLAIN (FORMAT TEXT) "
            + reminders.EXPIRING.format(whose=reminders.OF_SHOP, lock=reminders.LOCK),
            {
                "after": now,
                "after_id": reminders.LAST_ID,
                "until": now + timedelta(days=2),
                "mini_program": policy.mini_program_id,
                "coupon": None,
                "limit": reminders.CHUNK,
            },
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "grant_expiring" in plan and "Seq Scan on coupons_coupongrant" not in plan, plan
