"""A share kept back for comparison: written with the draft, forecast, and counted on the send's page."""

import uuid

from django.utils import timezone

from messaging.engine.freeze import freeze
from messaging.models import BatchSend, Delivery, SendControl
from messaging.sends import batches
from messaging.sends.trial import send_test
from tests import build_messaging as build
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_compose import ComposeCase


class Share(ComposeCase):
    """Forty people with consent, so that half of them are some and not all."""

    def setUp(self) -> None:
        super().setUp()
        people = build.people(self.mini_program, 40)
        build.consents(self.template, people)
        self.forty = build.people_list(self.mini_program, people)

    def half(self) -> BatchSend:
        return self.draft(to=self.forty, holdout_percent=50)

    def test_it_is_saved_and_empty_is_none(self) -> None:
        self.client.post(self.url("send_new"), self.form(holdout_percent="15"))
        batch = BatchSend.objects.get()
        self.assertEqual(batch.holdout_percent, 15)
        again = self.form(version=1, form_token=batch.form_token, holdout_percent="")
        self.client.post(self.url("send_edit", batch), again)
        batch.refresh_from_db()
        self.assertEqual(batch.holdout_percent, 0)

    def test_what_is_no_share_is_told_at_the_field(self) -> None:
        for given, sentence in (
            ("51", "At most 50 percent"),
            ("-1", "a whole number from 0 to 50"),
            ("some", "a whole number from 0 to 50"),
        ):
            for headers in ({}, HTMX):
                form = self.form(holdout_percent=given)
                answer = self.client.post(self.url("send_new"), form, headers=headers)
                self.assertContains(answer, sentence, status_code=422)
        self.assertFalse(BatchSend.objects.exists())

    def test_the_forecast_is_the_freeze_and_the_page_leads_to_who_was_kept_back(self) -> None:
        batch = self.half()
        page = self.client.get(self.url("send_launch", batch))
        reach = page.context["reach"]
        drop = next(one for one in reach.drops if one["reason"] == "holdout")
        self.assertTrue(0 < drop["n"] < 40)
        self.assertContains(page, "50% of those who would get it are kept back")
        stopped = self.client.get(drop["url"])
        self.assertContains(stopped, "Holdout")
        self.assertEqual(len(stopped.context["lines"]), drop["n"])
        control = batches.launch(batch, by=self.operator, version=1, at=timezone.now())
        SendControl.objects.filter(pk=control.pk).update(state="preparing")
        control.refresh_from_db()
        self.assertTrue(freeze(control))
        kept_back = Delivery.objects.filter(send=control, reason="holdout").count()
        self.assertEqual((kept_back, control.frozen_total), (drop["n"], 40))
        page = self.client.get(self.url("send", batch))
        self.assertContains(page, f"{kept_back} people got nothing")
        people = self.client.get(f"{self.url('send_deliveries', batch)}?state=skipped&reason=holdout")
        self.assertEqual((people.context["found"], len(people.context["rows"])), (kept_back, kept_back))

    def test_a_send_without_one_says_nothing_of_it(self) -> None:
        batch = self.draft(to=self.forty)
        for name in ("send_launch", "send"):
            self.assertNotContains(self.client.get(self.url(name, batch)), "ept back")

    def test_a_test_to_one_person_keeps_nobody_back(self) -> None:
        for person in self.people[:4]:
            test = send_test(
                self.half(), to=person, by=self.operator, form_token=uuid.uuid4(), at=timezone.now()
            )
            self.assertEqual((test.holdout_percent, test.control.holdout_percent), (0, 0))
