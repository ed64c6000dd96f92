from typing import Any

from django.urls import reverse

from merchants.models import Event, MiniProgram
from tests.base import CastCase

HTMX = {"HX-Request": "true"}
LIST = reverse("mini_programs", args=["yunduo"])


class Reserve(CastCase):
    """500 calls a second, of which 20 are kept."""

    def setUp(self) -> None:
        self.sign_in(self.owner)
        self.address = reverse("mini_program_reserve", args=["yunduo", self.mini_program.pk])

    def set(self, given: str, *, seen: int = 20, **headers: str) -> Any:
        form = {"reserve_per_second": given, "seen": str(seen)}
        return self.client.post(self.address, form, headers=headers)

    def now(self) -> int:
        return int(MiniProgram.objects.get(pk=self.mini_program.pk).reserve_per_second)

    def test_the_card_leads_to_it_and_it_says_what_it_is_for(self) -> None:
        self.assertContains(self.client.get(LIST), self.address)
        page = self.client.get(self.address)
        self.assertContains(page, "Batches never spend these")
        self.assertContains(page, 'value="20"')

    def test_it_is_changed_told_and_recorded(self) -> None:
        self.assertRedirects(self.set("35"), LIST, status_code=303)
        self.assertContains(self.client.get(LIST), "35 of them are kept for single messages")
        self.assertEqual(self.now(), 35)
        self.assertEqual(self.set("0", seen=35, **HTMX).headers["HX-Redirect"], LIST)
        self.assertEqual(self.now(), 0)
        audit = self.client.get(reverse("audit", args=["yunduo"]))
        self.assertContains(audit, "Changed what batches leave to single messages")
        self.assertContains(audit, "35 → 0")

    def test_what_cannot_be_kept_is_told_at_the_field(self) -> None:
        for given, sentence in (
            ("251", "At most 250, half of the speed"),
            ("-1", "greater than or equal to 0"),
            ("", "Fill in a number; 0 keeps none."),
            ("many", "Enter a whole number"),
        ):
            for headers in ({}, HTMX):
                answer = self.set(given, **headers)
                self.assertContains(answer, sentence, status_code=422)
                self.assertEqual("<html" in answer.content.decode(), not headers)
        self.assertEqual(self.now(), 20)

    def test_somebody_elses_is_not_overwritten_and_the_same_wish_twice_is_one(self) -> None:
        self.set("35")
        answer = self.set("40")
        self.assertContains(answer, "Somebody set another reserve meanwhile", status_code=422)
        self.assertContains(answer, 'name="seen" value="35"', status_code=422)
        self.assertEqual(self.set("35").status_code, 303)
        self.assertEqual(Event.objects.filter(kind="mini_program.reserve").count(), 1)

    def test_only_who_may_edit_sees_the_way_to_it(self) -> None:
        self.sign_in(self.operator)
        self.assertNotContains(self.client.get(LIST), self.address)
        self.assertEqual(self.set("35").status_code, 403)
