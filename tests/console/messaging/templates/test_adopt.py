import uuid

from merchants.models import GatewayCall
from messaging.models import SubscriptionTemplate
from tests.build_messaging import template
from tests.console.messaging.templates.base import HTMX, TemplateCase, entry


class Adopt(TemplateCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)
        self.entry = entry(self.mini_program)
        self.address = self.url("template_adopt", library_id=self.entry.pk)

    def form(self, *keywords: str, **changes: str) -> dict[str, str]:
        places = {f"keyword{number}": keyword for number, keyword in enumerate(keywords, 1)}
        return {**places, "form_token": str(uuid.uuid4()), **changes}

    def test_suggests_the_keywords_in_the_order_of_the_platform(self) -> None:
        answer = self.client.get(self.address)
        for number, keyword in enumerate(self.entry.keywords, 1):
            self.assertContains(answer, f"<dt>{keyword}</dt><dd><code>keyword{number}</code></dd>")
        self.assertContains(answer, "One-time: each yes of a person pays for one message.")

    def test_adopting_keeps_the_chosen_order_intends_the_call_and_shows_what_becomes_of_it(self) -> None:
        answer = self.client.post(self.address, self.form("Until", "Benefit"))
        made = SubscriptionTemplate.objects.get()
        self.assertRedirects(answer, self.url("template", template_id=made.pk), status_code=303)
        self.assertEqual(made.keywords, ["Until", "Benefit"])
        self.assertEqual((made.kind, made.applied_by), ("one_time", self.operator))
        self.assertEqual(GatewayCall.objects.get().target_id, made.pk)

    def test_an_empty_place_closes_up(self) -> None:
        self.client.post(self.address, self.form("Benefit", "How", "", "Shop"))
        self.assertEqual(SubscriptionTemplate.objects.get().keywords, ["Benefit", "How", "Shop"])

    def test_htmx_is_sent_on_by_a_header(self) -> None:
        answer = self.client.post(self.address, self.form("Benefit", "How"), headers=HTMX)
        made = SubscriptionTemplate.objects.get()
        self.assertEqual(answer.headers["HX-Redirect"], self.url("template", template_id=made.pk))

    def test_a_form_sent_twice_adopts_once(self) -> None:
        form = self.form("Benefit", "How")
        first, second = self.client.post(self.address, form), self.client.post(self.address, form)
        self.assertEqual(first.headers["Location"], second.headers["Location"])
        self.assertEqual(GatewayCall.objects.count(), 1)

    def test_a_change_of_a_place_previews_the_order(self) -> None:
        answer = self.client.get(
            self.address, {"keyword1": "Shop", "keyword2": "Benefit", "keyword3": ""}, headers=HTMX
        )
        self.assertNotContains(answer, "<html")
        self.assertContains(answer, "<dt>Shop</dt><dd><code>keyword1</code></dd>")
        self.assertContains(answer, "<dt>Benefit</dt><dd><code>keyword2</code></dd>")
        self.assertNotContains(answer, "keyword3")

    def test_the_preview_tells_of_a_keyword_in_two_places(self) -> None:
        answer = self.client.get(self.address, {"keyword1": "Shop", "keyword2": "Shop"}, headers=HTMX)
        self.assertContains(answer, "“Shop” stands in two places.")

    def test_wrong_choices_are_answered_with_422_at_their_place_and_nothing_is_adopted(self) -> None:
        cases = {
            ("Benefit",): "Choose a keyword for this place; a template has at least two.",
            ("Benefit", "Benefit"): "“Benefit” is in keyword1 already.",
            ("Benefit", "Invented"): "The template has no such keyword.",
        }
        for keywords, sentence in cases.items():
            for headers in ({}, HTMX):
                answer = self.client.post(self.address, self.form(*keywords), headers=headers)
                self.assertContains(answer, sentence, status_code=422)
                self.assertContains(answer, "autofocus", 1, status_code=422)
        self.assertNotContains(answer, "<html", status_code=422)
        self.assertFalse(SubscriptionTemplate.objects.exists())

    def test_an_entry_the_platform_closes_is_refused_with_its_reason(self) -> None:
        self.entry.selectable, self.entry.not_selectable_reason = False, "Needs rental orders."
        self.entry.save()
        answer = self.client.post(self.address, self.form("Benefit", "How"))
        self.assertContains(answer, "Needs rental orders.", status_code=422)

    def test_a_form_without_its_token_says_so(self) -> None:
        answer = self.client.post(self.address, self.form("Benefit", "How", form_token=""))
        self.assertContains(answer, "This form is incomplete.", status_code=422)

    def test_one_that_is_adopted_already_says_so(self) -> None:
        mine = template(self.mini_program, library_code=self.entry.code)
        answer = self.client.get(self.address)
        self.assertContains(answer, "You have adopted this one already.")
        self.assertContains(answer, self.url("template", template_id=mine.pk))

    def test_weaker_roles_get_403_strangers_and_other_merchants_404(self) -> None:
        for person, code in ((self.analyst, 403), (self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.get(self.address).status_code, code)
            self.assertEqual(self.client.post(self.address, self.form("Benefit", "How")).status_code, code)
        across = self.url("template_adopt", merchant="qingcha", library_id=self.entry.pk)
        self.assertEqual(self.client.get(across).status_code, 404)
        self.assertEqual(self.client.put(self.address).status_code, 405)
        self.assertFalse(SubscriptionTemplate.objects.exists())
