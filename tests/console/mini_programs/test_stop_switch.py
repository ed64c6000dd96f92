"""The stop switch of a mini program, reached from the page of a send."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from merchants.models import MiniProgram
from messaging.models import BatchSend
from tests import build, build_messaging
from tests.console.messaging.sends.base import SendCase


class StopSwitch(SendCase):
    def address(self, name: str = "mini_program_stop", merchant: str = "yunduo") -> str:
        return reverse(name, args=[merchant, self.mini_program.pk])

    def is_stopped(self) -> bool:
        return MiniProgram.objects.get(pk=self.mini_program.pk).stopped_at is not None

    def under_way(self) -> tuple[BatchSend, Any]:
        batch = self.launched()
        self.settle(batch, accepted=[""], refused=["MSG_REJECTED"])
        self.count(batch, "queued", "", -3)
        self.count(batch, "sending", "", 3)
        return batch, self.client.get(self.url("send", batch))

    def test_a_send_under_way_leads_to_it_and_it_says_what_it_meets(self) -> None:
        batch, page = self.under_way()
        self.launched("finished", finished_at=timezone.now())
        self.assertContains(page, f'href="{self.address()}?send={batch.pk}"')
        text = self.client.get(f"{self.address()}?send={batch.pk}").content.decode()
        for words in (
            "1 send of it is under way:",
            "<dt>have gone and cannot be recalled</dt><dd>2</dd>",
            "<dt>in flight, will settle in seconds</dt><dd>3</dd>",
            "<dt>not sent yet</dt><dd>1</dd>",
            f'id="keep" href="{self.url("send", batch)}"',
        ):
            self.assertIn(words, text)
        self.assertFalse(self.is_stopped(), "looking stops nothing")

    def test_stopping_leads_back_to_the_send_and_so_does_releasing(self) -> None:
        batch, _page = self.under_way()
        answer = self.client.post(self.address(), {"send": batch.pk}, follow=True)
        self.assertRedirects(answer, self.url("send", batch), status_code=303)
        self.assertTrue(self.is_stopped())
        self.assertContains(
            answer, "2 have an outcome. 3 messages are in flight and have their outcome within 10 s; 1 stay."
        )
        self.assertContains(answer, "nothing new leaves until it is released.")
        self.assertNotContains(answer, 'id="act-stop"')
        answer = self.client.post(self.address("mini_program_release"), {"send": batch.pk}, follow=True)
        self.assertRedirects(answer, self.url("send", batch), status_code=303)
        self.assertFalse(self.is_stopped())
        self.assertContains(answer, 'id="act-stop"')

    def test_from_the_settings_it_leads_back_there(self) -> None:
        settings = reverse("mini_programs", args=["yunduo"])
        self.assertContains(self.client.get(settings), f'href="{self.address()}"')
        self.assertContains(self.client.get(self.address()), "No send of it is under way.")
        for send in ("", "x", "999999999", "9" * 30):
            answer = self.client.post(self.address(), {"send": send})
            self.assertRedirects(answer, settings, status_code=303)

    def test_a_send_of_somebody_else_or_another_mini_program_is_no_way_back(self) -> None:
        other = build.mini_program(self.mini_program.merchant, app_id="2021000000000077")
        elsewhere = build_messaging.batch(other, self.operator)
        text = self.client.get(f"{self.address()}?send={elsewhere.pk}").content.decode()
        self.assertIn(f'id="keep" href="{reverse("mini_programs", args=["yunduo"])}"', text)

    def test_who_may_not_brake_sees_no_switch_and_strangers_no_page(self) -> None:
        batch, _page = self.under_way()
        self.sign_in(self.analyst)
        self.assertNotContains(self.client.get(self.url("send", batch)), 'id="act-stop"')
        for ask in (self.client.get, self.client.post):
            self.sign_in(self.analyst)
            self.assertEqual(ask(self.address()).status_code, 403)
            self.sign_in(self.other_owner)
            self.assertEqual(ask(self.address()).status_code, 404)
        self.assertFalse(self.is_stopped())
