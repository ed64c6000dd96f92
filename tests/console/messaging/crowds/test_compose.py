import uuid

from merchants.models import MiniProgram
from messaging.models import CrowdSend
from tests import build_messaging
from tests.console.messaging.crowds.base import HTMX, CrowdPageCase


class ComposeTests(CrowdPageCase):
    def test_a_new_draft_is_saved_and_opened_again(self):
        answer = self.client.post(
            self.url("crowd_new"), self.form(whom="crowd", crowd_code="C-1"), follow=True
        )
        crowd = CrowdSend.objects.get()
        self.assertRedirects(answer, self.url("crowd_edit", crowd), status_code=303)
        assert (crowd.values, crowd.page, crowd.crowd_code) == (
            ["满 30 减 5", "8 月 31 日前"],
            "pages/renew/index",
            "C-1",
        )
        self.assertContains(answer, "Draft saved. Nothing is sent until you confirm it.")
        self.assertContains(answer, 'value="C-1"')

    def test_what_only_a_list_can_have_is_not_asked(self):
        answer = self.client.get(self.url("crowd_new"))
        for name in ("people_list", "not_after_on", "not_after_time", "holdout_percent"):
            self.assertNotContains(answer, f'name="{name}"')

    def test_the_same_form_sent_twice_makes_one(self):
        form = self.form()
        for _ in range(2):
            self.client.post(self.url("crowd_new"), form)
        assert CrowdSend.objects.count() == 1

    def test_going_on_leads_to_the_check_or_to_what_is_missing(self):
        answer = self.client.post(self.url("crowd_new"), self.form(action="review"))
        crowd = CrowdSend.objects.get()
        self.assertRedirects(answer, self.url("crowd_launch", crowd), status_code=303)
        wanted = self.form(action="review", value_0="{姓名}，你好")
        answer = self.client.post(self.url("crowd_edit", crowd), wanted)
        self.assertContains(
            answer, "A crowd gets the same words: {姓名} cannot be filled in.", status_code=422
        )

    def test_the_check_marks_each_field_that_is_missing(self):
        crowd = self.crowd(name="", values=["", ""], page="")
        answer = self.client.get(self.url("crowd_edit", crowd), {"check": "1"})
        self.assertContains(answer, "4 things to change")

    def test_a_crowd_without_a_code_is_asked_for_it(self):
        answer = self.client.post(self.url("crowd_new"), self.form(whom="crowd"))
        self.assertContains(answer, "Fill in the code", status_code=422)
        assert not CrowdSend.objects.exists()

    def test_a_code_left_from_before_is_dropped_with_all_subscribers(self):
        self.client.post(self.url("crowd_new"), self.form(crowd_code="C-1"))
        assert CrowdSend.objects.get().crowd_code == ""

    def test_looking_saves_nothing_and_shows_the_words(self):
        for action in ("preview", "refresh"):
            answer = self.client.post(self.url("crowd_new"), self.form(action=action))
            self.assertContains(answer, "满 30 减 5")
            part = self.client.post(self.url("crowd_new"), self.form(action=action), headers=HTMX)
            self.assertNotContains(part, "<html")
        assert not CrowdSend.objects.exists()

    def test_an_absolute_claim_is_marked_and_repaired(self):
        form = self.form(value_0="全网最低价", action="preview")
        self.assertContains(self.client.post(self.url("crowd_new"), form), "absolute claim")
        better = self.client.post(self.url("crowd_new"), form | {"action": "repair-0-3"})
        self.assertNotContains(better, "全网最低价")

    def test_two_who_save_the_same_version_are_told_and_nothing_typed_is_lost(self):
        crowd = self.crowd(version=3)
        answer = self.client.post(self.url("crowd_edit", crowd), self.form(version="2", name="我的"))
        self.assertContains(answer, "Somebody saved this draft meanwhile, as version 3.", status_code=422)
        self.assertContains(answer, 'value="我的"', status_code=422)
        self.client.post(self.url("crowd_edit", crowd), self.form(version="3", name="我的"))
        crowd.refresh_from_db()
        assert (crowd.name, crowd.version) == ("我的", 4)

    def test_what_was_launched_is_not_edited(self):
        crowd = self.crowd("scheduled")
        self.assertRedirects(
            self.client.get(self.url("crowd_edit", crowd)), self.url("crowd", crowd), status_code=302
        )
        answer = self.client.post(self.url("crowd_edit", crowd), self.form())
        self.assertContains(answer, "This crowd send is now “Scheduled”", status_code=422)

    def test_a_template_of_another_merchant_cannot_be_chosen(self):
        foreign = build_messaging.template(self.other_mini_program)
        form = self.form(template=str(foreign.pk), shown_template=str(foreign.pk))
        answer = self.client.post(self.url("crowd_new"), form)
        assert answer.status_code == 422
        assert not CrowdSend.objects.exists()

    def test_a_merchant_without_a_mini_program_is_told(self):
        MiniProgram.objects.filter(merchant=self.yunduo).update(merchant=self.other_mini_program.merchant)
        self.assertContains(self.client.get(self.url("crowd_new")), "No mini program yet")

    def test_a_copy_is_a_new_draft(self):
        crowd = self.crowd("refused", refusal="DATA_SENSITIVE")
        answer = self.client.post(self.url("crowd_copy", crowd), {"form_token": str(uuid.uuid4())})
        copied = CrowdSend.objects.get(state="draft")
        self.assertRedirects(answer, self.url("crowd_edit", copied), status_code=303)
        assert self.client.post(self.url("crowd_copy", crowd), {"form_token": "x"}).status_code == 400
