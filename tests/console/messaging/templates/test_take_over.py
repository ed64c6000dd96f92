from typing import Any

from django.db import transaction

from merchants import events
from merchants.models import Event
from messaging.models import SubscriptionTemplate
from tests.build_messaging import template
from tests.console.messaging.templates.base import HTMX, TemplateCase


class TakeOver(TemplateCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)
        self.seen = "keywords: Until, Benefit, Shop"
        self.shown = template(
            self.mini_program, keywords=["Benefit", "Until"], differs=True, difference=self.seen
        )
        self.page = self.url("template", template_id=self.shown.pk)
        self.address = self.url("template_take_over", template_id=self.shown.pk)

    def told(self, **detail: Any) -> None:
        with transaction.atomic():
            events.record("template.differs", merchant=self.yunduo, subject=self.shown, detail=detail)

    def keywords(self) -> list[str]:
        return list(SubscriptionTemplate.objects.get(pk=self.shown.pk).keywords)

    def test_both_copies_stand_side_by_side(self) -> None:
        self.told(their_keywords=["Until", "Benefit", "Shop"], their_name="New name")
        answer = self.client.get(self.page)
        self.assertContains(answer, "<li>Until</li><li>Benefit</li><li>Shop</li>")
        self.assertContains(answer, "<li>Benefit</li><li>Until</li>")
        self.assertContains(answer, "New name")

    def test_taking_over_makes_the_platforms_copy_ours_and_is_recorded(self) -> None:
        self.told(their_keywords=["Until", "Benefit", "Shop"])
        answer = self.client.post(self.address, {"seen": self.seen})
        self.assertRedirects(answer, self.page, status_code=303)
        self.shown.refresh_from_db()
        self.assertEqual(self.shown.keywords, ["Until", "Benefit", "Shop"])
        self.assertEqual((self.shown.differs, self.shown.difference), (False, ""))
        line = Event.objects.get(kind="template.taken_over")
        self.assertEqual((line.by, line.detail["keywords_before"]), (self.operator, ["Benefit", "Until"]))

    def test_a_second_click_changes_nothing_and_says_so(self) -> None:
        self.told(their_keywords=["Until", "Benefit", "Shop"])
        self.client.post(self.address, {"seen": self.seen})
        for headers in ({}, HTMX):
            answer = self.client.post(self.address, {"seen": self.seen}, headers=headers)
            self.assertContains(answer, "has changed since you looked", status_code=422)
        self.assertEqual(Event.objects.filter(kind="template.taken_over").count(), 1)

    def test_a_copy_that_changed_meanwhile_is_looked_at_again_first(self) -> None:
        self.told(their_keywords=["Until", "Benefit", "Shop"])
        answer = self.client.post(self.address, {"seen": "keywords: something older"})
        self.assertContains(answer, "has changed since you looked", status_code=422)
        self.assertEqual(self.keywords(), ["Benefit", "Until"])

    def test_another_kind_of_consent_cannot_be_taken_over(self) -> None:
        self.told(their_keywords=["Until", "Benefit", "Shop"], their_kind="long_term")
        page = self.client.get(self.page)
        self.assertContains(page, "<td>One-time</td><td>Long-term</td>")
        self.assertNotContains(page, self.address)
        answer = self.client.post(self.address, {"seen": self.seen})
        self.assertContains(answer, "Only a name and keywords can be taken over.", status_code=422)
        self.assertEqual(self.keywords(), ["Benefit", "Until"])

    def test_rejects_get_weaker_roles_strangers_and_other_merchants(self) -> None:
        self.assertEqual(self.client.get(self.address).status_code, 405)
        for person, code in ((self.analyst, 403), (self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.post(self.address, {"seen": self.seen}).status_code, code)
        self.assertEqual(self.keywords(), ["Benefit", "Until"])
