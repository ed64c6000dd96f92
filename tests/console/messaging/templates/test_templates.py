from tests import build
from tests.build_messaging import batch, template
from tests.console.messaging.templates.base import HTMX, TemplateCase


class Templates(TemplateCase):
    def setUp(self) -> None:
        self.sign_in(self.analyst)

    def test_an_empty_page_explains_itself_and_offers_the_library_to_who_may(self) -> None:
        self.assertContains(self.client.get(self.url("templates")), "No templates yet")
        self.assertNotContains(self.client.get(self.url("templates")), "Adopt a template")
        self.sign_in(self.operator)
        self.assertContains(self.client.get(self.url("templates")), "Adopt a template")

    def test_a_row_tells_keywords_kind_fatigue_and_where_it_is_used(self) -> None:
        chosen = template(
            self.mini_program,
            name="Reminder",
            keywords=["Benefit", "Until"],
            has_push=True,
            fatigue_value=1,
            fatigue_unit="week",
            fatigue_total=3,
            applied_by=self.operator,
        )
        batch(self.mini_program, self.operator, chosen=chosen)
        answer = self.client.get(self.url("templates"))
        for words in ("Reminder", "Benefit · Until", "One-time", "Push", "3 in 1 week", "Online", "Operator"):
            self.assertContains(answer, words)
        self.assertContains(answer, '<td class="num">1</td>')

    def test_each_state_has_its_word_and_a_rejection_says_where_the_reason_is(self) -> None:
        words = {
            "submitting": "Being submitted",
            "applied": "In review",
            "approved": "Online",
            "rejected": "Rejected",
            "offline": "Offline",
            "failed": "Not adopted",
        }
        for state in words:
            template(self.mini_program, state=state, differs=state == "offline")
        answer = self.client.get(self.url("templates"))
        for word in [*words.values(), "Differs from the platform", "merchant platform → message access"]:
            self.assertContains(answer, word)

    def test_filters_stand_in_the_address(self) -> None:
        template(self.mini_program, name="Autumn", keywords=["Benefit", "Until"])
        template(self.mini_program, name="Winter", state="rejected")
        template(self.mini_program, name="Spring", differs=True)
        for query, shown in (
            ({"text": "autu"}, "Autumn"),
            ({"text": "Benefit"}, "Autumn"),
            ({"state": "rejected"}, "Winter"),
            ({"state": "differs"}, "Spring"),
        ):
            answer = self.client.get(self.url("templates"), query)
            names = {name for name in ("Autumn", "Winter", "Spring") if name in answer.content.decode()}
            self.assertEqual(names, {shown}, query)
        self.assertContains(self.client.get(self.url("templates"), {"text": "none"}), "Nothing matches.")

    def test_what_needs_a_decision_leaves_out_what_was_adopted_again(self) -> None:
        lost = template(self.mini_program, name="Autumn", state="rejected")
        template(self.mini_program, name="Autumn again", library_code=lost.library_code)
        template(self.mini_program, name="Winter", state="offline")
        template(self.mini_program, name="Spring", differs=True)
        answer = self.client.get(self.url("templates"), {"state": "to_decide"})
        self.assertEqual([row.name for row in answer.context["page"]], ["Spring", "Winter"])

    def test_with_several_mini_programs_it_shows_the_chosen_one_or_all(self) -> None:
        template(self.mini_program, name="Autumn")
        self.assertNotContains(self.client.get(self.url("templates")), 'name="app"')
        template(build.mini_program(self.yunduo, app_id="2021000000000009", name="Second"), name="Winter")
        self.sign_in(self.operator)
        one, all_of_them = (self.client.get(self.url("templates"), query) for query in ({}, {"app": "all"}))
        self.assertContains(one, '<option value="" selected>云朵租机</option>')
        self.assertContains(one, "Autumn")
        self.assertNotContains(one, "Winter")
        for words in ("Autumn", "Winter", "Mini program: All", "All mini programs", "Second"):
            self.assertContains(all_of_them, words)
        self.assertContains(all_of_them, "Write with it", count=1)

    def test_asks_again_only_while_the_platform_decides(self) -> None:
        template(self.mini_program)
        self.assertNotContains(self.client.get(self.url("templates")), "data-poll")
        template(self.mini_program, state="applied")
        answer = self.client.get(self.url("templates"), headers=HTMX)
        self.assertContains(answer, 'id="template-table" data-poll')
        self.assertNotContains(answer, "<html")

    def test_templates_of_another_merchant_are_not_among_them(self) -> None:
        template(self.other_mini_program, name="Theirs")
        self.assertNotContains(self.client.get(self.url("templates")), "Theirs")

    def test_strangers_get_404_and_a_post_is_rejected(self) -> None:
        self.assertEqual(self.client.post(self.url("templates")).status_code, 405)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(self.url("templates")).status_code, 404)
