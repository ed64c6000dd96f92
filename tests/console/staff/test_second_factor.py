"""Who has a second factor, and an owner who resets that of a colleague."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from merchants import second_factor
from merchants.models import Event, Staff
from tests import build
from tests.base import CastCase

LIST = reverse("staff", args=["yunduo"])


class ResetSecondFactor(CastCase):
    def setUp(self) -> None:
        build.second_factor(self.operator, at=timezone.now() - timedelta(hours=1))
        self.sign_in(self.owner)

    def page(self, username: str = "operator", *, merchant: str = "yunduo") -> str:
        seat = Staff.objects.get(user__username=username)
        return reverse("staff_factor", args=[merchant, seat.pk])

    def test_the_list_shows_who_has_one(self) -> None:
        page = self.client.get(LIST)
        self.assertContains(page, "set up", count=1)
        self.assertContains(page, self.page(), count=1)

    def test_resetting_signs_the_colleague_out_and_is_told(self) -> None:
        theirs = Client()
        theirs.force_login(self.operator, backend="django.contrib.auth.backends.ModelBackend")
        self.assertContains(self.client.get(self.page()), "Speak to the person first")
        self.assertTrue(second_factor.factor_of(self.operator))
        self.assertRedirects(self.client.post(self.page()), LIST, status_code=303)
        self.assertIsNone(second_factor.factor_of(self.operator))
        self.assertEqual(theirs.get("/m/yunduo/").status_code, 302)
        event = Event.objects.get(kind="staff.second_factor_reset")
        self.assertEqual((event.by, event.subject_id), (self.owner, self.operator.seats.get().pk))

    def test_one_that_is_gone_is_told_as_such(self) -> None:
        self.client.post(self.page())
        self.assertContains(self.client.get(self.page()), "there is nothing to reset")
        self.assertRedirects(self.client.post(self.page()), LIST, status_code=303)

    def test_not_ones_own_and_not_across_merchants(self) -> None:
        build.second_factor(self.owner, at=timezone.now() - timedelta(hours=1))
        self.assertEqual(self.client.post(self.page("owner")).status_code, 404)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.post(self.page(merchant="qingcha")).status_code, 404)
        self.assertTrue(second_factor.factor_of(self.owner) and second_factor.factor_of(self.operator))

    def test_a_command_helps_the_only_owner(self) -> None:
        out = StringIO()
        call_command("reset_second_factor", "Operator", stdout=out)
        self.assertIn("operator has no second factor now", out.getvalue())
        for name in ("operator", "nobody"):
            with pytest.raises(CommandError):
                call_command("reset_second_factor", name)
