import html
from typing import Any

from django.db import transaction

from merchants import events
from tests.build_messaging import batch, consents, launched_batch, people, people_list, template
from tests.console.messaging.templates.base import HTMX, TemplateCase, entry


class TemplatePage(TemplateCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def page(self, **fields: Any) -> str:
        shown = template(self.mini_program, **fields)
        return self.client.get(self.url("template", template_id=shown.pk)).content.decode()

    def test_while_the_platform_decides_it_follows_by_itself(self) -> None:
        for state, sentence in (
            ("submitting", "On its way to the platform."),
            ("applied", "The platform is reviewing it."),
        ):
            text = self.page(state=state)
            self.assertIn(sentence, text)
            self.assertIn('hx-trigger="load delay:', text)
            self.assertIn('<noscript><meta http-equiv="refresh"', text)

    def test_the_last_poll_brings_state_and_next_step_and_asks_no_more(self) -> None:
        shown = template(self.mini_program)
        answer = self.client.get(self.url("template", template_id=shown.pk), headers=HTMX)
        self.assertContains(answer, 'id="template-state" class="row-line" hx-swap-oob="true"')
        self.assertContains(answer, 'id="template-actions" class="thumb" hx-swap-oob="true"')
        self.assertNotContains(answer, "data-poll")
        self.assertNotContains(answer, "<html")

    def test_every_end_says_what_happened_and_what_to_do(self) -> None:
        ends: list[tuple[dict[str, Any], str]] = [
            ({"state": "approved"}, "You can write with it to everybody who gave consent."),
            ({"state": "rejected"}, "messages → message access"),
            ({"state": "offline"}, "Every message with it would be refused."),
            ({"state": "submitting", "refusal": "unknown"}, "never apply for it twice"),
            ({"state": "failed", "refusal": "unknown"}, "The platform does not have it."),
            ({"state": "failed", "refusal": "not_sent"}, "The application never reached the platform."),
            (
                {"state": "failed", "refusal": "KEYWORDS_NUMBER_INVALID"},
                "<code>KEYWORDS_NUMBER_INVALID</code>",
            ),
        ]
        for fields, sentence in ends:
            with self.subTest(fields):
                self.assertIn(sentence, self.page(**fields))

    def test_one_that_is_over_can_be_adopted_again_while_the_library_has_it(self) -> None:
        source = entry(self.mini_program)
        again = self.url("template_adopt", library_id=source.pk)
        self.assertIn(again, self.page(library_code=source.code, state="rejected"))
        self.assertNotIn(again, self.page(library_code=source.code, state="approved"))
        self.assertNotIn("Adopt it again</a>", self.page(library_code="TM0", state="rejected"))

    def test_adopting_again_starts_with_the_keywords_it_had(self) -> None:
        source = entry(self.mini_program)
        page = self.page(library_code=source.code, state="offline", keywords=["Until", "Benefit", "Gone"])
        self.assertIn(
            f'{self.url("template_adopt", library_id=source.pk)}?keyword1=Until&amp;keyword2=Benefit"', page
        )

    def test_a_difference_nobody_told_in_detail_is_shown_as_it_was_noted(self) -> None:
        text = self.page(differs=True, difference="keywords: Benefit, Until")
        self.assertIn("The platform's copy differs from ours", html.unescape(text))
        self.assertIn("keywords: Benefit, Until", text)
        self.assertNotIn("Take over the platform", text)

    def test_consents_are_counted_by_what_they_allow(self) -> None:
        shown = template(self.mini_program)
        self.assertContains(
            self.client.get(self.url("template", template_id=shown.pk)), "Nobody has said yes yet"
        )
        consents(shown, people(self.mini_program, 3), units=2)
        consents(shown, people(self.mini_program, 1), units=0)
        held = self.client.get(self.url("template", template_id=shown.pk)).context["held"]
        self.assertEqual((held.people, held.with_units, held.units_left, held.none_left), (4, 3, 6, 1))

    def test_uses_are_grouped_by_stage_with_their_numbers(self) -> None:
        shown = template(self.mini_program)
        to = people_list(self.mini_program, people(self.mini_program, 1))
        batch(self.mini_program, self.operator, chosen=shown, name="A draft")
        for state in ("scheduled", "sending", "finished"):
            launched_batch(
                self.mini_program, self.operator, chosen=shown, to=to, state=state, name=f"One {state}"
            )
        answer = self.client.get(self.url("template", template_id=shown.pk))
        for words in ("Drafts 1", "Scheduled 1", "Being sent 1", "Ended 1", "A draft", "One sending"):
            self.assertContains(answer, words)

    def test_offline_says_what_becomes_of_launched_sends(self) -> None:
        shown = template(self.mini_program, state="offline")
        to = people_list(self.mini_program, people(self.mini_program, 1))
        address = self.url("template", template_id=shown.pk)
        self.assertNotContains(self.client.get(address), "launched send")
        launched_batch(self.mini_program, self.operator, chosen=shown, to=to, state="scheduled")
        self.assertContains(
            self.client.get(address), "1 launched send uses it: the platform will refuse each of its messages"
        )

    def test_history_and_uses_are_shown(self) -> None:
        shown = template(self.mini_program)
        batch(self.mini_program, self.operator, chosen=shown, name="Half price")
        with transaction.atomic():
            events.record(
                "template.submitted", merchant=self.yunduo, by=self.operator, subject=shown, detail={}
            )
        answer = self.client.get(self.url("template", template_id=shown.pk))
        self.assertContains(answer, "Half price")
        self.assertContains(answer, " · Operator</span>")
        self.assertNotContains(answer, "template.submitted")

    def test_a_template_of_another_merchant_is_404(self) -> None:
        theirs = template(self.other_mini_program)
        self.assertEqual(self.client.get(self.url("template", template_id=theirs.pk)).status_code, 404)
        self.sign_in(self.other_owner)
        ours = template(self.mini_program)
        self.assertEqual(self.client.get(self.url("template", template_id=ours.pk)).status_code, 404)

    def test_a_post_is_rejected(self) -> None:
        shown = template(self.mini_program)
        self.assertEqual(self.client.post(self.url("template", template_id=shown.pk)).status_code, 405)
