import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from console.messaging.sends import compose_form
from membership.models import PeopleList
from messaging.models import BatchSend, SubscriptionTemplate
from tests import build as base_build
from tests import build_messaging as build
from tests.console.messaging.sends.base import HTMX, SendCase


class ComposeCase(SendCase):
    def form(self, **changes: Any) -> dict[str, Any]:
        tomorrow = timezone.localdate() + timedelta(days=1)
        return {
            "form_token": str(uuid.uuid4()),
            "name": "Autumn",
            "template": str(self.template.pk),
            "shown_template": str(self.template.pk),
            "value_0": "First month 46 off",
            "value_1": "This week",
            "page": "pages/renew/index",
            "people_list": str(self.people_list.pk),
            "when": "at",
            "scheduled_on": tomorrow.isoformat(),
            "scheduled_time": "10:00",
            "action": "save",
            **changes,
        }


class SendNew(ComposeCase):
    def test_the_form_starts_with_a_time_and_what_the_link_named(self) -> None:
        query = f"?template={self.template.pk}&list={self.people_list.pk}"
        answer = self.client.get(self.url("send_new") + query)
        for keyword in self.template.keywords:
            self.assertContains(answer, keyword)
        self.assertContains(answer, f'<option value="{self.people_list.pk}" selected>')
        self.assertContains(answer, 'value="at" id="id_when_1" required checked')
        self.assertContains(answer, "Beijing time")

    def test_enter_in_a_field_saves_the_draft_and_does_nothing_else(self) -> None:
        """A browser presses the first button of the form."""
        page = self.client.post(self.url("send_new"), self.form(value_0="最好", action="refresh"))
        form = page.content.decode().split('id="send-form"')[1]
        self.assertIn('name="action" value="save"', form.split("<button", 2)[1].split(">")[0])

    def test_a_draft_is_saved_and_nothing_is_launched(self) -> None:
        answer = self.client.post(self.url("send_new"), self.form())
        batch = BatchSend.objects.get()
        self.assertRedirects(answer, self.url("send_edit", batch), status_code=303)
        self.assertEqual(batch.values, ["First month 46 off", "This week"])
        self.assertEqual(self.state_of(batch), "draft")

    def test_an_unfinished_draft_can_be_saved(self) -> None:
        empty = {"name": "", "template": "", "shown_template": "", "people_list": "", "page": ""}
        answer = self.client.post(self.url("send_new"), self.form(**empty))
        self.assertEqual(answer.status_code, 303)

    def test_the_same_form_twice_makes_one_draft_and_keeps_the_later_words(self) -> None:
        form = self.form()
        self.client.post(self.url("send_new"), form)
        self.client.post(self.url("send_new"), {**form, "name": "Winter"})
        self.assertEqual(BatchSend.objects.get().name, "Winter")

    def test_going_on_leads_to_the_check(self) -> None:
        answer = self.client.post(self.url("send_new"), self.form(action="review"))
        self.assertRedirects(answer, self.url("send_launch", BatchSend.objects.get()), status_code=303)

    def test_htmx_is_led_on_by_a_header(self) -> None:
        answer = self.client.post(self.url("send_new"), self.form(action="review"), headers=HTMX)
        self.assertEqual(answer.headers["HX-Redirect"], self.url("send_launch", BatchSend.objects.get()))

    def test_going_on_with_gaps_saves_and_shows_each_gap_at_its_field(self) -> None:
        form = self.form(action="review", value_1="", page="")
        for headers in ({}, HTMX):
            answer = self.client.post(
                self.url("send_new"), {**form, "form_token": uuid.uuid4()}, headers=headers
            )
            self.assertContains(answer, "Fill in “领取时间”.", status_code=422)
            self.assertContains(answer, "2 things to change", status_code=422)
            self.assertContains(answer, '<a href="#id_value_1">领取时间</a>', status_code=422)
            self.assertContains(answer, "Say which page", status_code=422)
            self.assertEqual("<html" in answer.content.decode(), not headers)
        self.assertEqual(BatchSend.objects.count(), 2)

    def test_a_text_too_long_for_the_platform_is_kept_and_counted(self) -> None:
        answer = self.client.post(self.url("send_new"), self.form(action="review", value_0="x" * 53))
        self.assertContains(answer, "is 3 characters too long", status_code=422)
        self.assertContains(answer, "53 / 50", status_code=422)

    def test_another_template_brings_its_fields_and_keeps_words_of_equal_keywords(self) -> None:
        other = build.template(self.mini_program, name="Other", keywords=["领取时间", "商户名称"])
        form = self.form(template=str(other.pk), action="refresh")
        for headers in ({}, HTMX):
            answer = self.client.post(self.url("send_new"), form, headers=headers)
            self.assertContains(answer, "商户名称")
            self.assertContains(answer, 'name="value_0" value="This week"')
            self.assertContains(answer, f'name="shown_template" value="{other.pk}"')
            self.assertNotContains(answer, "First month 46 off")
            self.assertEqual("<html" in answer.content.decode(), not headers)
        self.assertFalse(BatchSend.objects.exists())

    def test_without_script_a_button_changes_the_fields(self) -> None:
        answer = self.client.get(self.url("send_new"))
        self.assertContains(
            answer, '<noscript><div class="form-buttons"><button class="btn btn-small" name="action"'
        )
        self.assertContains(answer, 'hx-vals="{&quot;action&quot;: &quot;refresh&quot;}"')

    def test_only_templates_online_and_lists_that_are_ready_are_offered(self) -> None:
        build.template(self.mini_program, name="Gone offline", state="offline")
        build.people_list(self.mini_program, [], name="Still checking", state=PeopleList.State.CHECKING)
        theirs = build.template(self.other_mini_program, name="Next door")
        answer = self.client.get(self.url("send_new"))
        for name in ("Gone offline", "Still checking", "Next door"):
            self.assertNotContains(answer, name)
        refused = self.client.post(self.url("send_new"), self.form(template=str(theirs.pk)))
        self.assertEqual(refused.status_code, 422)

    def test_half_a_time_is_asked_for_and_never_means_right_away(self) -> None:
        answer = self.client.post(self.url("send_new"), self.form(scheduled_time=""))
        self.assertContains(answer, "Fill in day and time", status_code=422)
        self.assertFalse(BatchSend.objects.exists())

    def test_right_away_stores_no_time(self) -> None:
        self.client.post(self.url("send_new"), self.form(when="now"))
        self.assertIsNone(BatchSend.objects.get().scheduled_on)

    def test_a_merchant_without_mini_program_is_told_why(self) -> None:
        empty = base_build.merchant("empty")
        base_build.seat(self.operator, empty, "operator")
        answer = self.client.get(self.url("send_new", merchant="empty"))
        self.assertContains(answer, "No mini program yet")

    def test_a_reviewer_may_not_write(self) -> None:
        self.sign_in(self.reviewer)
        self.assertEqual(self.client.post(self.url("send_new"), self.form()).status_code, 403)
        self.assertFalse(BatchSend.objects.exists())

    def test_a_stranger_finds_nothing(self) -> None:
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(self.url("send_new")).status_code, 404)


class FromAnEarlierSend(ComposeCase):
    def test_the_latest_are_offered_and_their_words_are_taken_over_without_a_time(self) -> None:
        earlier = self.launched("finished", name="Last autumn")
        link = self.url("send_new") + f"?from={earlier.pk}"
        self.assertContains(self.client.get(self.url("send_new")), link)
        answer = self.client.get(link)
        for words in ("Last autumn, copy", "首月立减 46 元", "pages/renew/index", "本周内"):
            self.assertContains(answer, f'value="{words}"')
        self.assertContains(answer, f'<option value="{self.people_list.pk}" selected>')
        self.assertNotContains(answer, str(earlier.form_token))
        self.assertEqual(BatchSend.objects.count(), 1)

    def test_a_send_of_somebody_else_or_none_gives_an_empty_form(self) -> None:
        theirs = build.batch(self.other_mini_program, self.other_owner, name="Next door")
        for wanted in (theirs.pk, 999_999_999, "x", "²", "9" * 30):
            answer = self.client.get(self.url("send_new") + f"?from={wanted}")
            self.assertEqual(answer.status_code, 200)
            self.assertNotContains(answer, "Next door")


class AskedFor(ComposeCase):
    """What a link or an earlier send names is offered whatever its age; what cannot be is said."""

    def setUp(self) -> None:
        super().setUp()
        shown, compose_form.SHOWN_LISTS = compose_form.SHOWN_LISTS, 2  # 200 lists are too many for a test
        self.addCleanup(setattr, compose_form, "SHOWN_LISTS", shown)
        for name in ("Newer", "Newest"):
            build.people_list(self.mini_program, self.people[:1], name=name)
        self.chosen = f'<option value="{self.people_list.pk}" selected>'

    def new(self, query: str) -> Any:
        return self.client.get(self.url("send_new") + query)

    def test_a_list_beyond_the_newest_is_chosen_and_saved_when_its_page_leads_here(self) -> None:
        self.assertNotContains(self.new(""), f'<option value="{self.people_list.pk}"')
        answer = self.new(f"?list={self.people_list.pk}")
        self.assertContains(answer, self.chosen)
        self.assertNotContains(answer, "Check what this form starts with.")
        for action in ("refresh", "preview"):
            answer = self.client.post(self.url("send_new"), self.form(action=action))
            self.assertContains(answer, self.chosen)
        self.client.post(self.url("send_new"), self.form())
        self.assertEqual(BatchSend.objects.get().people_list, self.people_list)

    def test_an_earlier_send_brings_its_old_list_along(self) -> None:
        earlier = self.launched("finished")
        self.assertContains(self.new(f"?from={earlier.pk}"), self.chosen)

    def test_where_there_are_more_the_way_to_the_older_ones_is_told(self) -> None:
        self.assertContains(self.new(""), "The newest 2 are offered here. To write to an older one,")
        compose_form.SHOWN_LISTS = 3
        self.assertNotContains(self.new(""), "are offered here.")

    def test_an_offline_template_of_an_earlier_send_keeps_its_texts_and_is_told(self) -> None:
        earlier = self.launched("finished")
        SubscriptionTemplate.objects.filter(pk=self.template.pk).update(state="offline")
        answer = self.new(f"?from={earlier.pk}")
        for words in ("首月立减 46 元", "本周内"):
            self.assertContains(answer, f'value="{words}"')
        self.assertContains(answer, "Check what this form starts with.")
        self.assertContains(answer, f"“{self.template.name}” is not online, so the platform would refuse")
        other = build.template(self.mini_program, name="Other", keywords=["领取时间", "商户名称"])
        answer = self.client.post(self.url("send_new"), self.form(template=str(other.pk), action="refresh"))
        self.assertContains(answer, 'name="value_0" value="This week"')

    def test_what_cannot_be_used_is_left_out_in_a_sentence(self) -> None:
        checking = build.people_list(
            self.mini_program, [], name="Still checking", state=PeopleList.State.CHECKING
        )
        for_test = build.people_list(self.mini_program, self.people[:1], for_test=True, name="One person")
        theirs = build.people_list(self.other_mini_program, [], name="Next door")
        their_template = build.template(self.other_mini_program, name="Next door")
        not_here = "The audience asked for cannot be used here; none is chosen."
        for query, sentence in (
            (f"?list={checking.pk}", "The audience “Still checking” is not ready to be sent to"),
            (f"?list={for_test.pk}", not_here),
            (f"?list={theirs.pk}", not_here),
            (f"?list={'9' * 18}", not_here),
            (f"?template={their_template.pk}", "The template asked for is not one of this mini program"),
            ("?from=999999", "The send to start from is not one of this mini program"),
            ("?from=x", "The send to start from is not one of this mini program"),
        ):
            with self.subTest(query):
                answer = self.new(query)
                self.assertContains(answer, "Check what this form starts with.")
                self.assertContains(answer, sentence)
                self.assertNotContains(answer, "Next door")

    def test_a_stranger_list_is_refused_however_it_is_posted(self) -> None:
        theirs = build.people_list(self.other_mini_program, [], name="Next door")
        answer = self.client.post(self.url("send_new"), self.form(people_list=str(theirs.pk)))
        self.assertEqual(answer.status_code, 422)
        self.assertFalse(BatchSend.objects.exists())


class FootBar(ComposeCase):
    def test_a_new_send_can_be_tested_before_it_was_ever_saved_by_hand(self) -> None:
        page = self.client.get(self.url("send_new"))
        self.assertContains(page, '<button class="btn" name="action" value="test">Test send</button>')
        for headers in ({}, HTMX):
            form = self.form(action="test")
            answer = self.client.post(self.url("send_new"), form, headers=headers)
            batch = BatchSend.objects.get(form_token=form["form_token"])
            to = answer.headers.get("HX-Redirect") or answer.headers["Location"]
            self.assertEqual(to, self.url("send_trial", batch))
            self.assertEqual(batch.values[0], "First month 46 off")

    def test_of_a_draft_the_words_on_the_page_are_tested(self) -> None:
        batch = self.draft(name="Before")
        form = self.form(action="test", version=1, form_token=batch.form_token, name="As it reads now")
        self.assertRedirects(
            self.client.post(self.url("send_edit", batch), form),
            self.url("send_trial", batch),
            status_code=303,
        )
        batch.refresh_from_db()
        self.assertEqual(batch.name, "As it reads now")

    def test_the_way_to_the_versions_appears_when_the_draft_saves_itself(self) -> None:
        page = self.client.get(self.url("send_new"))
        for part in ("compose-facts", "compose-actions"):
            self.assertContains(page, f'id="{part}"')
        form = self.form(action="keep")
        kept = self.client.post(self.url("send_new"), form, headers=HTMX)
        batch = BatchSend.objects.get()
        actions = kept.content.decode().split('id="compose-actions" hx-swap-oob="true"', 1)[1]
        self.assertIn(f'href="{self.url("send_versions", batch)}"', actions)
        self.assertIn("Version 1", actions)
        again = {**form, "version": 1, "name": "Winter"}
        self.assertContains(self.client.post(self.url("send_new"), again, headers=HTMX), "Version 2</a>")

    def test_what_could_not_be_saved_claims_no_version(self) -> None:
        kept = self.client.post(
            self.url("send_new"), self.form(action="keep", scheduled_time=""), headers=HTMX
        )
        self.assertNotContains(kept, "compose-actions")


class SendEdit(ComposeCase):
    def edited(self, batch: BatchSend, **changes: Any) -> dict[str, Any]:
        return self.form(version=batch.version, form_token=batch.form_token, **changes)

    def test_what_was_saved_stands_in_the_fields(self) -> None:
        batch = self.draft(name="Autumn", values=["46 off", "Soon"])
        answer = self.client.get(self.url("send_edit", batch))
        for words in ("46 off", "Soon", "version 1"):
            self.assertContains(answer, words)

    def test_saving_raises_the_version(self) -> None:
        batch = self.draft()
        self.client.post(self.url("send_edit", batch), self.edited(batch, name="Winter"))
        batch.refresh_from_db()
        self.assertEqual((batch.name, batch.version), ("Winter", 2))

    def test_a_template_that_went_offline_stays_in_the_draft_and_is_told(self) -> None:
        offline = build.template(self.mini_program, name="Gone offline", state="offline")
        batch = self.draft(chosen=offline)
        answer = self.client.get(self.url("send_edit", batch) + "?check=1")
        self.assertContains(answer, "is not online")

    def test_a_scheduled_send_has_to_be_taken_back_first(self) -> None:
        batch = self.launched("scheduled", due_at=timezone.now() + timedelta(hours=3))
        answer = self.client.get(self.url("send_edit", batch))
        self.assertContains(answer, "Take it back and edit")
        self.assertContains(answer, self.url("send_undo", batch))

    def test_who_only_looks_at_a_send_that_went_out_is_led_to_it(self) -> None:
        batch = self.launched("sending")
        self.assertRedirects(self.client.get(self.url("send_edit", batch)), self.url("send", batch))

    def test_a_reviewer_may_not_edit_and_a_stranger_finds_nothing(self) -> None:
        batch = self.draft()
        for person, status in ((self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            answer = self.client.post(self.url("send_edit", batch), self.edited(batch, name="Hands off"))
            self.assertEqual(answer.status_code, status)
