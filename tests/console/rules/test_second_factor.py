"""The owner's switch for codes at each launch."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from merchants import second_factor
from merchants.models import Event
from tests import build
from tests.base import CastCase

PAGE, SWITCH = (reverse(name, args=["yunduo"]) for name in ("rules", "rules_second_factor"))


class SecondFactorSwitch(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.owner)

    def is_asked(self) -> bool:
        self.yunduo.refresh_from_db()
        return self.yunduo.asks_second_factor

    def test_the_owner_turns_it_on_and_reads_who_is_ready(self) -> None:
        page = self.client.get(PAGE)
        self.assertContains(page, "0 of 2 people who may launch have set one up.")
        self.assertContains(page, "Once it is on, who has not cannot launch until then.")
        self.assertRedirects(self.client.post(SWITCH, {"wanted": "on"}), PAGE, status_code=303)
        self.assertTrue(self.is_asked())
        for person in (self.owner, self.operator):
            build.second_factor(person, at=timezone.now() - timedelta(hours=1))
        page = self.client.get(PAGE)
        self.assertContains(page, "2 of 2 people who may launch have set one up.")
        self.assertNotContains(page, "cannot launch until then")
        audit = self.client.get(reverse("audit", args=["yunduo"]))
        self.assertContains(audit, "Turned on that launches ask for a second factor")
        self.qingcha.refresh_from_db()
        self.assertFalse(self.qingcha.asks_second_factor)

    def test_turning_it_off_needs_a_code(self) -> None:
        second_factor.ask_at_launch(self.yunduo, True, by=self.owner)
        self.assertContains(self.client.post(SWITCH, {"wanted": "off"}), "you have none yet", status_code=422)
        factor, _codes = build.second_factor(self.owner, at=timezone.now() - timedelta(hours=1))
        self.assertContains(
            self.client.post(SWITCH, {"wanted": "off", "code": "no"}), "does not fit", status_code=422
        )
        self.assertTrue(self.is_asked())
        code = build.code_of(second_factor.manual_key(factor), timezone.now())
        self.assertEqual(self.client.post(SWITCH, {"wanted": "off", "code": code}).status_code, 303)
        self.assertFalse(self.is_asked())
        self.assertEqual(Event.objects.filter(kind="rules.second_factor_off", by=self.owner).count(), 1)

    def test_a_form_that_does_not_say_which_is_refused(self) -> None:
        self.assertEqual(self.client.post(SWITCH, {"wanted": "maybe"}).status_code, 400)

    def test_an_operator_reads_it_and_cannot_switch(self) -> None:
        self.sign_in(self.operator)
        page = self.client.get(PAGE)
        self.assertContains(page, "Second factor at launch")
        self.assertNotContains(page, SWITCH)
        self.assertEqual(self.client.post(SWITCH, {"wanted": "on"}).status_code, 403)
        self.assertFalse(self.is_asked())
