import html
import re
import uuid
from urllib.parse import parse_qsl

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

    def order(self, query: dict[str, str] | None = None, **headers: str) -> list[str]:
        """The chosen keywords as the page shows them, top first."""
        page = self.client.get(self.address, query or {}, headers=headers).content.decode()
        return re.findall(r'<input type="hidden" name="keyword\d" value="([^"]+)">', page)

    def link(self, query: dict[str, str], words: str) -> str:
        """Address of the link that is read out as `words`."""
        page = self.client.get(self.address, query).content.decode()
        found = re.search(rf'href="([^"]+)"[^>]*>(?:(?!</a>).)*{re.escape(words)}', page)
        assert found is not None, words
        return html.unescape(found[1])

    def follow(self, query: dict[str, str], words: str) -> list[str]:
        return self.order(dict(parse_qsl(self.link(query, words).lstrip("?"), keep_blank_values=True)))

    def test_suggests_the_keywords_in_the_order_of_the_platform(self) -> None:
        self.assertEqual(self.order(), self.entry.keywords)
        self.assertContains(
            self.client.get(self.address), "One-time: each yes of a person pays for one message."
        )

    def test_keywords_move_are_left_out_and_added_by_plain_links(self) -> None:
        start = {"keyword1": "Benefit", "keyword2": "How", "keyword3": "Until"}
        self.assertEqual(self.follow(start, "Move How up"), ["How", "Benefit", "Until"])
        self.assertEqual(self.follow(start, "Move How down"), ["Benefit", "Until", "How"])
        self.assertEqual(self.follow(start, "Add Shop"), ["Benefit", "How", "Until", "Shop"])
        left = self.client.get(self.address, start).content.decode()
        self.assertNotIn("Move Benefit up", left)
        self.assertNotIn("Move Until down", left)

    def test_when_all_are_left_out_the_suggestion_does_not_come_back(self) -> None:
        self.assertEqual(self.order({"keyword1": ""}), [])
        page = self.client.get(self.address, {"keyword1": ""})
        self.assertContains(page, "A template has at least 2 keywords. Add 2 more.")

    def test_with_five_chosen_another_one_has_to_wait(self) -> None:
        self.entry.keywords = ["One", "Two", "Three", "Four", "Five", "Six"]
        self.entry.save()
        page = self.client.get(self.address)
        self.assertContains(page, "5 of at most 5")
        self.assertContains(page, "5 is the most. Leave one out before you add another.")
        self.assertNotContains(page, "Add Six")

    def test_a_move_by_htmx_brings_the_form_and_the_preview_alone(self) -> None:
        answer = self.client.get(self.address, {"keyword1": "Shop", "keyword2": "Benefit"}, headers=HTMX)
        self.assertNotContains(answer, "<html")
        self.assertContains(answer, 'id="adopt-form"')
        self.assertContains(answer, "<dt>Shop</dt>")
        self.assertNotContains(answer, "<dt>Until</dt>")

    def test_the_preview_shows_three_surfaces_with_sample_values(self) -> None:
        self.entry.keywords, self.entry.has_push = ["权益名称", "商户名称", "星座"], True
        self.entry.save()
        page = self.client.get(self.address)
        for words in ("Home, first screen", "Message list", "APP PUSH", "云朵租机", "「星座」"):
            self.assertContains(page, words)
        self.assertContains(page, "It also comes as a push.")
        self.entry.has_push = False
        self.entry.save()
        self.assertContains(self.client.get(self.address), "This template has no push")

    def test_the_same_template_with_the_other_consent_is_offered_with_the_order_kept(self) -> None:
        self.assertContains(
            self.client.get(self.address), "The platform offers this template only like this."
        )
        other = entry(self.mini_program, code=self.entry.code, kind="long_term")
        page = self.client.get(self.address, {"keyword1": "Shop", "keyword2": "How"})
        self.assertContains(
            page, f"{self.url('template_adopt', library_id=other.pk)}?keyword1=Shop&amp;keyword2=How"
        )

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

    def test_wrong_choices_are_answered_with_422_at_their_place_and_nothing_is_adopted(self) -> None:
        cases = {
            ("Benefit",): "A template has at least 2 keywords. Add 1 more.",
            ("Benefit", "Benefit"): "“Benefit” was chosen twice. Each keyword has one place.",
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
        self.assertNotContains(self.client.get(self.address), "Adopt this template</button>")
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
