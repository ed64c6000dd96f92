"""The page of sending rules: who may look, who may save, and what two savers at once read."""

from datetime import time

from django.urls import reverse

from merchants.models import Event, User
from messaging.models import SendRules
from messaging.sends.rules import Rules, rules_of, save
from tests.base import CastCase

PAGE, SAVE = (reverse(name, args=["yunduo"]) for name in ("rules", "rules_save"))
HTMX = {"HX-Request": "true"}


class RulesPage(CastCase):
    def post(self, **fields: object):
        return self.client.post(SAVE, {"cap_day": "", "cap_week": "", "version": "0", **fields})

    def test_the_owner_saves_and_the_audit_says_from_what_to_what(self) -> None:
        self.sign_in(self.owner)
        answer = self.post(cap_day="2", cap_week="5")
        self.assertRedirects(answer, PAGE, status_code=303)
        self.assertEqual(rules_of(self.yunduo), (Rules(2, 5), 1))
        self.assertContains(self.client.get(PAGE), 'value="5"')
        self.post(cap_day="", cap_week="5", version="1")
        self.assertEqual(rules_of(self.yunduo), (Rules(None, 5), 2))
        audit = self.client.get(reverse("audit", args=["yunduo"]))
        self.assertContains(audit, "-- → 2")
        self.assertContains(audit, "2 → --")
        self.post(quiet_from="22:00", quiet_to="08:00", version="2")
        self.assertEqual(rules_of(self.yunduo)[0], Rules(None, None, time(22), time(8)))
        self.assertContains(self.client.get(PAGE), 'value="22:00"')
        self.assertContains(self.client.get(reverse("audit", args=["yunduo"])), "-- → 22:00")
        self.assertEqual(rules_of(self.qingcha), (Rules(), 0))

    def test_the_same_again_changes_nothing(self) -> None:
        self.sign_in(self.owner)
        for _time in range(2):
            version = rules_of(self.yunduo)[1]
            self.assertEqual(self.post(cap_day="2", version=version).status_code, 303)
        self.assertEqual(Event.objects.filter(kind="rules.changed").count(), 1)

    def test_what_cannot_be_a_limit_is_refused_at_its_field_and_stays_typed(self) -> None:
        self.sign_in(self.owner)
        for fields, said in (
            ({"cap_day": "0"}, "Write a whole number from 1 to 50"),
            ({"cap_day": "51"}, "Write a whole number from 1 to 50"),
            ({"cap_week": "many"}, "Write a whole number from 1 to 200"),
            ({"cap_day": "5", "cap_week": "3"}, "Fewer a week than a day"),
            ({"quiet_from": "22:00"}, "Quiet hours need both times"),
            ({"quiet_to": "08:00"}, "Quiet hours need both times"),
            ({"quiet_from": "22:00", "quiet_to": "22:00"}, "Both times are the same"),
            ({"quiet_from": "25:00", "quiet_to": "08:00"}, "Write a time of day like 22:00"),
        ):
            with self.subTest(fields):
                answer = self.post(**fields)
                self.assertContains(answer, said, status_code=422)
                for value in fields.values():
                    self.assertContains(answer, f'value="{value}"', status_code=422)
        self.assertFalse(SendRules.objects.exists())

    def test_who_saves_second_reads_what_the_first_saved_and_can_save_over_it(self) -> None:
        self.sign_in(self.owner)
        save(self.yunduo, Rules(3, None), version=0, by=self.owner)
        answer = self.post(cap_day="2", cap_week="5")
        self.assertContains(
            answer,
            "Somebody saved other rules meanwhile (Most messages a day 3, Most messages a week no limit",
            status_code=422,
        )
        self.assertContains(answer, 'name="version" value="1"', status_code=422)
        self.assertEqual(rules_of(self.yunduo), (Rules(3, None), 1))
        for version in ("", "x"):
            answer = self.post(cap_day="2", version=version)
            self.assertContains(answer, "Somebody saved other rules", status_code=422)
        self.post(cap_day="2", cap_week="5", version="1")
        self.assertEqual(rules_of(self.yunduo), (Rules(2, 5), 2))

    def test_who_may_only_look_sees_them_without_a_form(self) -> None:
        save(self.yunduo, Rules(3, None), version=0, by=self.owner)
        self.sign_in(self.analyst)
        page = self.client.get(PAGE)
        self.assertContains(page, "no limit")
        self.assertNotContains(page, SAVE)
        self.assertEqual(self.post(cap_day="1", version="1").status_code, 403)

    def test_the_words_are_of_the_readers_language_and_not_of_the_servers_start(self) -> None:
        self.sign_in(self.owner)
        User.objects.filter(pk=self.owner.pk).update(language="zh-hans")
        self.assertContains(self.post(cap_day="x"), "1 到 50", status_code=422)

    def test_with_script_only_the_form_comes_back(self) -> None:
        self.sign_in(self.owner)
        answer = self.client.post(SAVE, {"cap_day": "x", "version": "0"}, headers=HTMX)
        self.assertContains(answer, 'id="rules-form"', status_code=422)
        self.assertNotContains(answer, "<html", status_code=422)

    def test_the_owner_says_above_how_many_people_a_send_needs_approval(self) -> None:
        self.sign_in(self.owner)
        for wrong in ("0", "many"):
            self.assertContains(self.post(approve_above=wrong), "Write a whole number", status_code=422)
        self.assertEqual(self.post(approve_above="1000").status_code, 303)
        self.assertEqual(rules_of(self.yunduo), (Rules(approve_above=1_000), 1))
        self.assertContains(self.client.get(reverse("audit", args=["yunduo"])), "-- → 1,000")
        self.sign_in(self.analyst)
        self.assertContains(self.client.get(PAGE), "1,000 people")
