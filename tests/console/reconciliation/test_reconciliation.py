from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from console.reconciliation.checks import CHECKS
from messaging.engine import reconcile
from messaging.models import DeliveryCounter, SendControl
from tests import build_messaging
from tests.base import CastCase

PAGE = reverse("reconciliation", args=["yunduo"])


class Reconciliation(CastCase):
    def setUp(self) -> None:
        people = build_messaging.people(self.mini_program, 3)
        template = build_messaging.template(self.mini_program)
        build_messaging.consents(template, people)
        to = build_messaging.people_list(self.mini_program, people)
        self.send = build_messaging.send(self.mini_program, template, to)
        self.sign_in(self.analyst)

    def check(self) -> None:
        """The lines as the reconcile task writes them, without its own snapshot."""
        found = [line.__dict__ for line in reconcile.lines(self.send)]
        SendControl.objects.filter(pk=self.send.pk).update(
            checked_at=timezone.now(),
            balanced=all(line["expected"] == line["actual"] for line in found),
            check_detail={"lines": found},
        )

    def test_books_that_balance_carry_the_seal_with_the_time_of_the_check(self) -> None:
        self.check()
        page = self.client.get(PAGE)
        self.assertContains(page, "seal-balanced")
        self.assertContains(page, "Books balance")
        self.assertEqual([line.words for line in page.context["sends"][0][1]], list(CHECKS.values()))

    def test_a_difference_is_shown_in_words_and_nothing_is_repaired(self) -> None:
        DeliveryCounter.objects.filter(send=self.send, state="queued").update(n=1)
        self.check()
        page = self.client.get(PAGE)
        self.assertContains(page, "seal-off")
        self.assertContains(page, "Off by 2")
        self.assertContains(page, "Rows and counters disagree.")
        self.assertEqual(DeliveryCounter.objects.get(send=self.send, state="queued").n, 1)

    def test_an_old_check_is_not_called_balanced(self) -> None:
        self.check()
        SendControl.objects.update(checked_at=timezone.now() - timedelta(minutes=6))
        page = self.client.get(PAGE)
        self.assertContains(page, "Last checked")
        self.assertNotContains(page, "seal-balanced")

    def test_nothing_checked_is_said_so(self) -> None:
        self.assertContains(self.client.get(PAGE), "Nothing to check yet")

    def test_another_merchants_books_are_not_shown(self) -> None:
        self.check()
        self.sign_in(self.other_owner)
        page = self.client.get(reverse("reconciliation", args=["qingcha"]))
        self.assertContains(page, "Nothing to check yet")
