"""Reminders decided by an operator: previewed for tomorrow, refused with a sentence, changed in turn."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from messaging.models import ReminderPolicy, ReminderRound
from tests import build_messaging as made
from tests.base import CastCase
from tests.messaging.sends import reminder_scene as scene

FIELDS = {
    "days_before": "1",
    "hour": "10:00",
    "holdout_percent": "0",
    "text1": "{coupon}",
    "text2": "{until} 到期",
    "page": "pages/coupon/index",
}


class Reminders(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)
        self.template = made.template(self.mini_program, keywords=["优惠内容", "到期时间"])
        self.now = timezone.now()
        self.coupon = scene.coupon(self.mini_program, at=self.now)

    def url(self, name: str, **more: int) -> str:
        return reverse(name, kwargs={"merchant": "yunduo", **more})

    def decide(self, **changes: Any) -> Any:
        address = f"{self.url('reminder_new')}?template={self.template.pk}"
        return self.client.post(address, {**FIELDS, **changes})

    def test_first_the_template_then_the_words_then_it_is_on(self) -> None:
        page = self.client.get(self.url("reminder_new"))
        self.assertContains(page, f"?template={self.template.pk}")
        self.assertEqual(self.decide(coupon=str(self.coupon.pk)).status_code, 303)
        policy = ReminderPolicy.objects.get()
        self.assertEqual((policy.coupon, policy.values), (self.coupon, ["{coupon}", "{until} 到期"]))
        self.assertContains(self.client.get(self.url("reminders")), self.coupon.name)

    def test_a_second_one_of_the_same_coupon_is_refused_with_what_to_do(self) -> None:
        self.decide()
        again = self.decide()
        self.assertContains(again, "There is a reminder of it already.", status_code=422)
        self.assertEqual(ReminderPolicy.objects.count(), 1)

    def test_what_cannot_be_is_refused_at_its_field_and_kept(self) -> None:
        for field, value, sentence in (
            ("text1", "{coupon}" * 3, "at most 50 fit"),
            ("text2", "", "Write what stands here."),
            ("days_before", "31", "from 0 to 30"),
            ("holdout_percent", "80", "from 0 to 50"),
            ("hour", "soon", "Choose a time."),
            ("page", "", "Say which page"),
        ):
            answer = self.decide(**{field: value})
            self.assertContains(answer, sentence, status_code=422)
            if value:
                self.assertContains(answer, f'value="{value}"', status_code=422)
        self.assertFalse(ReminderPolicy.objects.exists())

    def test_tomorrows_round_is_counted_gate_by_gate(self) -> None:
        policy = scene.policy(self.template, self.owner)
        people = made.people(self.mini_program, 5)
        made.consents(self.template, people[:3])
        scene.grants(self.coupon, people, ends_at=scene.wall(self.now + timedelta(days=2), 23))
        scene.grants(self.coupon, people, ends_at=scene.wall(self.now + timedelta(days=9), 23))
        page = self.client.get(self.url("reminder", policy_id=policy.pk))
        preview = page.context["preview"]
        self.assertEqual((preview.total, preview.gets, preview.skipped), (5, 3, {"no_consent": 2}))
        self.assertContains(page, "No consent left")

    def test_what_came_of_it_says_whether_the_two_can_be_told_apart(self) -> None:
        policy = scene.policy(self.template, self.owner)
        counts = {"reminded": 10, "used": 4, "held_out": 5, "used_held_out": 1}
        ReminderRound.objects.create(policy=policy, round_on=self.now.date(), counted_at=self.now, **counts)
        few = self.client.get(self.url("reminder", policy_id=policy.pk))
        self.assertContains(few, "Too few to tell the two apart.")
        ReminderRound.objects.update(reminded=1_000, used=400, held_out=500, used_held_out=100)
        many = self.client.get(self.url("reminder", policy_id=policy.pk))
        self.assertContains(many, "That is more than chance explains.")

    def test_a_change_holds_for_the_version_that_was_seen_and_a_stopped_one_stays_so(self) -> None:
        policy = scene.policy(self.template, self.owner)
        url = self.url("reminder_edit", policy_id=policy.pk)
        self.assertContains(self.client.get(url), 'value="{coupon}"')
        changed = {**FIELDS, "days_before": "3"}
        self.assertEqual(self.client.post(url, {**changed, "version": 1}).status_code, 303)
        late = self.client.post(url, {**changed, "days_before": "5", "version": 1})
        self.assertContains(late, "Somebody changed or stopped it meanwhile.", status_code=422)
        self.assertEqual(ReminderPolicy.objects.get().days_before, 3)
        for _time in range(2):
            stopped = self.client.post(self.url("reminder_stop", policy_id=policy.pk))
            self.assertEqual(stopped.status_code, 303)
        self.assertIsNotNone(ReminderPolicy.objects.get().stopped_at)
        self.client.post(url, {**changed, "days_before": "7", "version": 2})
        self.assertEqual(ReminderPolicy.objects.get().days_before, 3)

    def test_another_merchants_reminder_and_template_are_not_there(self) -> None:
        theirs = made.template(self.other_mini_program)
        policy = scene.policy(theirs, self.other_owner)
        for name in ("reminder", "reminder_edit", "reminder_stop"):
            self.assertEqual(self.client.get(self.url(name, policy_id=policy.pk)).status_code, 404)
        self.client.post(f"{self.url('reminder_new')}?template={theirs.pk}", FIELDS)
        self.assertEqual(ReminderPolicy.objects.count(), 1)

    def test_with_the_template_offline_the_page_says_that_nobody_is_reminded(self) -> None:
        policy = scene.policy(self.template, self.owner)
        type(self.template).objects.filter(pk=self.template.pk).update(state="offline")
        page = self.client.get(self.url("reminder", policy_id=policy.pk))
        self.assertContains(page, "nobody is reminded")
