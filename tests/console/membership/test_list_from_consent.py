import uuid
from datetime import timedelta

from django.utils import timezone

from membership.models import Customer, PeopleList
from messaging.consent import audience
from tests.build_messaging import consents, people, template
from tests.console.membership.base import HTMX, ListCase


class ListFromConsent(ListCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)
        self.template = template(self.mini_program, name="还机提醒")
        persons = people(self.mini_program, 4)
        consents(self.template, persons)
        Customer.objects.filter(pk=persons[0].pk).update(
            profiling_opt_out_at=timezone.now() - timedelta(days=1)
        )
        self.address = self.url("list_from_consent")

    def chosen(self) -> str:
        return f"{self.address}?template={self.template.pk}"

    def form(self, **changes: object) -> dict[str, object]:  # type: ignore[override]
        return {"name": "All", "purpose": "Tell them", "form_token": str(uuid.uuid4()), **changes}

    def test_offers_the_templates_and_counts_on_demand(self) -> None:
        self.assertContains(self.client.get(self.address), "还机提醒")
        self.assertNotContains(self.client.get(self.address), "would be in the list")
        answer = self.client.get(self.chosen())
        self.assertContains(answer, '<span class="figure">3</span>')
        self.assertContains(answer, "1 more consented and opted out of profiling.")

    def test_makes_a_list_whose_equation_holds(self) -> None:
        answer = self.client.post(self.chosen(), self.form())
        made = PeopleList.objects.get()
        self.assertRedirects(answer, self.url("list", list_id=made.pk), status_code=303)
        self.assertContains(self.client.get(self.url("list", list_id=made.pk)), "Being written")
        audience.write_list(self.yunduo.pk, made.job_id or 0)
        answer = self.client.get(self.url("list", list_id=made.pk))
        self.assertContains(answer, "4 people with consent equal 3 usable plus 1 who opted out of profiling.")
        self.assertContains(answer, "equation-total equation-balanced")
        self.assertContains(answer, "everyone with consent to “还机提醒”")

    def test_a_form_sent_twice_makes_one_list(self) -> None:
        form = self.form()
        for _turn in range(2):
            self.client.post(self.chosen(), form)
        self.assertEqual(PeopleList.objects.count(), 1)

    def test_an_incomplete_form_is_answered_with_422(self) -> None:
        for headers in ({}, HTMX):
            answer = self.client.post(self.chosen(), self.form(name="", purpose=""), headers=headers)
            self.assertContains(answer, "Give the list a name", status_code=422)
            self.assertContains(answer, "Say in a few words", status_code=422)
        self.assertFalse(PeopleList.objects.exists())

    def test_a_template_nobody_consents_to_says_so(self) -> None:
        lonely = template(self.mini_program)
        answer = self.client.get(f"{self.address}?template={lonely.pk}")
        self.assertContains(answer, "Nobody has consent to this template now.")
        self.assertNotContains(answer, "Make the list")

    def test_the_template_of_another_merchant_is_none_to_choose(self) -> None:
        theirs = template(self.other_mini_program)
        answer = self.client.get(f"{self.address}?template={theirs.pk}")
        self.assertNotContains(answer, "would be in the list")
        self.client.post(f"{self.address}?template={theirs.pk}", self.form())
        self.assertFalse(PeopleList.objects.exists())

    def test_weaker_roles_get_403_and_strangers_404(self) -> None:
        for person, code in ((self.analyst, 403), (self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.get(self.address).status_code, code)
