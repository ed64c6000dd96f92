"""A draft is launched while somebody else, or the same person in another tab, still writes in it."""

from typing import Any

from django.utils import timezone

from merchants.models import Event, Staff, User
from messaging.models import BatchSend
from messaging.sends import batches
from tests import build
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_compose import ComposeCase

SAID = {
    "name": "My own name",
    "value_0": "Every word of mine",
    "value_1": "Until Sunday",
    "page": "pages/mine/index",
    "parameters": "goods_id=17",
    "scheduled_time": "17:45",
}


class LaunchedMeanwhile(ComposeCase):
    colleague: User

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.colleague = build.user("colleague", display_name="Wang Min", language="en")
        Staff.objects.create(merchant=cls.yunduo, user=cls.colleague, role="operator")

    def setUp(self) -> None:
        super().setUp()
        self.batch = self.draft(name="As it was saved")
        self.address = self.url("send_edit", self.batch)
        batches.launch(self.batch, by=self.colleague, version=1, at=timezone.now())

    def written(self, **changes: Any) -> dict[str, Any]:
        fields = {"form_token": self.batch.form_token, "version": 1, **SAID, **changes}
        return self.form(**fields)

    def assert_all_words(self, answer: Any, *, status_code: int = 422) -> None:
        for name, words in SAID.items():
            text = f"{words}</textarea>" if name == "parameters" else f'name="{name}" value="{words}"'
            self.assertContains(answer, text, status_code=status_code)
        for chosen in (self.template, self.people_list):
            self.assertContains(answer, f'<option value="{chosen.pk}" selected>', status_code=status_code)
        self.assertContains(answer, "save it as a new draft", status_code=status_code)

    def fields_of(self, answer: Any) -> dict[str, Any]:
        """What the form that came back would post."""
        form = answer.context["form"]
        return {field.name: "" if field.value() is None else field.value() for field in form}

    def test_every_word_comes_back_and_saving_it_makes_a_new_draft(self) -> None:
        before = BatchSend.objects.values().get(pk=self.batch.pk)
        for action in ("save", "review", "test", "refresh"):
            for headers in ({}, HTMX):
                with self.subTest(action, headers=headers):
                    answer = self.client.post(self.address, self.written(action=action), headers=headers)
                    self.assert_all_words(answer)
                    self.assertContains(answer, "Wang Min launched this send at ", status_code=422)
                    self.assertContains(answer, f'action="{self.url("send_new")}"', status_code=422)
                    self.assertNotContains(answer, str(self.batch.form_token), status_code=422)
                    self.assertEqual("<html" in answer.content.decode(), not headers)
        form = self.fields_of(answer)
        self.assertEqual(form["version"], "")
        self.client.post(self.url("send_new"), {**form, "action": "save"})
        made = BatchSend.objects.exclude(pk=self.batch.pk).get()
        self.assertEqual((made.name, made.values), ("My own name", ["Every word of mine", "Until Sunday"]))
        self.assertEqual(
            (made.page, f"{made.scheduled_time:%H:%M}"), ("pages/mine/index?goods_id%3D17", "17:45")
        )
        self.assertEqual((made.people_list, made.template), (self.people_list, self.template))
        self.assertEqual(self.state_of(made), "draft")
        self.assertEqual(BatchSend.objects.values().get(pk=self.batch.pk), before)
        self.assertEqual(self.state_of(self.batch), "scheduled")

    def test_the_head_of_the_page_no_longer_speaks_of_the_old_draft(self) -> None:
        answer = self.client.post(self.address, self.written(), headers=HTMX)
        for part in ("compose-facts", "compose-actions"):
            self.assertContains(answer, f'id="{part}" hx-swap-oob="true"', status_code=422)
        self.assertNotContains(answer, self.url("send_versions", self.batch), status_code=422)

    def test_who_launched_it_in_another_tab_is_told_so(self) -> None:
        self.sign_in(self.colleague)
        answer = self.client.post(self.address, self.written())
        self.assert_all_words(answer)
        self.assertContains(answer, "You launched this send in another window, at ", status_code=422)

    def test_saving_by_itself_says_it_and_replaces_no_field(self) -> None:
        for address in (self.address, self.url("send_new")):
            answer = self.client.post(address, self.written(action="keep"), headers=HTMX)
            self.assertContains(answer, "Nothing was saved. Wang Min launched this send at ")
            self.assertContains(answer, "What you wrote stays on this page")
            self.assertContains(answer, 'id="draft-saved"')
            for replaced in ("send-form", "id_version", "compose-actions"):
                self.assertNotContains(answer, f'id="{replaced}"')
        self.assertEqual(BatchSend.objects.count(), 1)

    def test_the_preview_and_the_distance_go_on_meanwhile(self) -> None:
        for action in ("preview", "look-next"):
            answer = self.client.post(self.address, self.written(action=action), headers=HTMX)
            self.assertContains(answer, "Every word of mine")
            self.assertNotContains(answer, 'id="send-form"')
        asked = {**HTMX, "HX-Target": "when-hint"}
        answer = self.client.post(self.address, self.written(action="refresh"), headers=asked)
        self.assertContains(answer, 'id="when-hint"')
        self.assertNotContains(answer, "compose-actions")

    def test_a_new_form_whose_own_draft_was_launched_gets_its_words_back_too(self) -> None:
        """It saved itself once, so its address leads to the draft, and the form still to a new one."""
        for headers in ({}, HTMX):
            answer = self.client.post(self.url("send_new"), self.written(action="review"), headers=headers)
            self.assert_all_words(answer)
        self.assertEqual(BatchSend.objects.count(), 1)

    def test_a_form_with_a_mistake_keeps_its_words_as_well(self) -> None:
        answer = self.client.post(self.address, self.written(scheduled_on=""))
        self.assert_all_words(answer)

    def test_where_no_word_differs_there_is_no_second_draft_to_send_to_the_same_people(self) -> None:
        saved = {
            "name": self.batch.name,
            "value_0": self.batch.values[0],
            "value_1": self.batch.values[1],
            "page": self.batch.page,
            "parameters": "",
            "when": "now",
        }
        for address in (self.address, self.url("send_new")):
            self.assert_moved_on(self.client.post(address, self.written(**saved)), "Scheduled")

    def test_who_was_signed_out_as_well_finds_the_words_after_signing_in(self) -> None:
        writer = self.client.get(self.url("send_new")).context["writer"]
        self.client.logout()
        self.client.post(self.address, self.written(writer=writer))
        form = {"username": "operator", "password": build.PASSWORD, "next": self.address}
        answer = self.client.post(f"/sign-in/?next={self.address}", form, follow=True)
        self.assert_all_words(answer, status_code=200)
        self.assertEqual(self.state_of(self.batch), "scheduled")

    def test_what_nobody_launched_names_its_state(self) -> None:
        Event.objects.filter(kind="send.scheduled").delete()
        answer = self.client.post(self.address, self.written())
        self.assertContains(answer, "This send is now “Scheduled”.", status_code=422)
