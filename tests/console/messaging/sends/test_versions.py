"""Versions of a draft: what changed, by whom, and one taken up again as a new version."""

import uuid
from datetime import timedelta

from django.utils import timezone

from messaging.models import BatchSend, DraftVersion, SendControl
from messaging.sends import batches
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_compose import ComposeCase


class VersionCase(ComposeCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.post(self.url("send_new"), self.form(name="First", value_0="46 off"))
        self.batch = BatchSend.objects.get()

    def save(self, *, action: str = "save", **changes: object) -> None:
        self.batch.refresh_from_db()
        fields = {"version": self.batch.version, "form_token": self.batch.form_token, **changes}
        headers = HTMX if action == "keep" else {}
        self.client.post(
            self.url("send_edit", self.batch), self.form(action=action, **fields), headers=headers
        )
        self.batch.refresh_from_db()

    def kept(self) -> list[int]:
        return list(DraftVersion.objects.order_by("-version").values_list("version", flat=True))


class SendVersions(VersionCase):
    def test_each_save_says_what_changed_and_who_did_it(self) -> None:
        self.save(name="Second", value_0="50 off", when="now")
        answer = self.client.get(self.url("send_versions", self.batch))
        for words in (
            "Version 2",
            "First",
            "Second",
            "46 off",
            "50 off",
            "Right away",
            "Operator",
            "Current",
        ):
            self.assertContains(answer, words)
        self.assertContains(answer, 'name="restore" value="1"')
        self.assertNotContains(answer, 'name="restore" value="2"')

    def test_saves_by_itself_in_one_sitting_are_one_version(self) -> None:
        for words in ("a", "ab", "abc"):
            self.save(action="keep", name=words)
        self.assertEqual(self.batch.version, 4)
        self.assertEqual(list(self.kept()), [4, 1])
        DraftVersion.objects.filter(version=4).update(saved_at=timezone.now() - timedelta(minutes=11))
        self.save(action="keep", name="after lunch")
        self.sign_in(self.owner)
        self.save(action="keep", name="somebody else")
        self.assertEqual(list(self.kept()), [6, 5, 4, 1])

    def test_a_form_does_not_quarrel_with_its_own_saves_whose_answers_were_lost(self) -> None:
        here, elsewhere = str(uuid.uuid4()), str(uuid.uuid4())
        for name, action in (("First", "keep"), ("Second", "keep"), ("Third", "save")):
            self.save(action=action, version=1, window=here, name=name)
        self.assertEqual((self.batch.name, self.batch.version), ("Third", 4))
        self.save(version=1, window=elsewhere, name="Another window")
        self.assertEqual(self.batch.name, "Third")
        self.save(action="keep", version=4, window=elsewhere, name="Another window")
        self.save(action="keep", version=4, window=here, name="Too late")
        self.assertEqual((self.batch.name, self.batch.version), ("Another window", 5))

    def test_a_late_save_by_itself_that_says_nothing_new_makes_no_version(self) -> None:
        here = str(uuid.uuid4())
        self.save(action="review", version=1, window=here, name="Checked")
        self.save(action="keep", version=1, window=here, name="Checked")
        self.assertEqual((self.batch.name, self.batch.version), ("Checked", 2))

    def test_once_launched_they_are_read_in_every_state_and_nothing_is_offered(self) -> None:
        self.save(name="Second", value_0="50 off")
        batches.launch(self.batch, by=self.operator, version=2, at=timezone.now())
        for state in ("scheduled", "sending", "paused", "finished", "cancelled"):
            SendControl.objects.filter(pk=self.batch.control_id).update(state=state)
            with self.subTest(state=state):
                answer = self.client.get(self.url("send_versions", self.batch))
                for words in ("Version 1", "46 off", "50 off", "As confirmed", "Back to the send"):
                    self.assertContains(answer, words)
                self.assertNotContains(answer, 'name="restore"')

    def test_who_may_only_look_reads_them_too(self) -> None:
        for person in (self.reviewer, self.analyst):
            self.sign_in(person)
            answer = self.client.get(self.url("send_versions", self.batch))
            self.assertContains(answer, "Version 1")
            self.assertContains(answer, "Back to the send")
            for offered in ('name="restore"', "Restoring", self.url("send_edit", self.batch)):
                self.assertNotContains(answer, offered)

    def test_the_page_of_a_send_leads_to_them(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        for person in (self.operator, self.reviewer, self.analyst):
            self.sign_in(person)
            answer = self.client.get(self.url("send", batch))
            self.assertContains(answer, f'<a href="{self.url("send_versions", batch)}">version 1</a>')

    def test_a_send_that_kept_none_says_so(self) -> None:
        answer = self.client.get(self.url("send_versions", self.launched("finished")))
        self.assertContains(answer, "No version was kept")

    def test_a_post_is_rejected_and_a_stranger_finds_nothing(self) -> None:
        self.assertEqual(self.client.post(self.url("send_versions", self.batch)).status_code, 405)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(self.url("send_versions", self.batch)).status_code, 404)


class SendRestore(VersionCase):
    def test_restoring_makes_a_new_version_with_the_old_words(self) -> None:
        self.save(name="Second", value_0="50 off", people_list="", when="now")
        address = self.url("send_restore", self.batch)
        answer = self.client.post(address, {"restore": 1, "version": 2})
        self.assertRedirects(answer, self.url("send_edit", self.batch), status_code=303)
        self.batch.refresh_from_db()
        self.assertEqual((self.batch.name, self.batch.version), ("First", 3))
        self.assertEqual(self.batch.values[0], "46 off")
        self.assertEqual(self.batch.people_list, self.people_list)
        self.assertIsNotNone(self.batch.scheduled_on)

    def test_a_draft_saved_meanwhile_is_not_overwritten_by_restoring(self) -> None:
        self.save(name="Second")
        answer = self.client.post(self.url("send_restore", self.batch), {"restore": 1, "version": 1})
        self.assertContains(answer, "nothing was restored", status_code=422)
        self.batch.refresh_from_db()
        self.assertEqual(self.batch.name, "Second")

    def test_a_conflict_names_who_saved_the_other_version(self) -> None:
        mine = self.form(version=1, form_token=self.batch.form_token, name="Mine")
        self.sign_in(self.owner)
        self.save(name="Theirs")
        for person, words in ((self.operator, "Owner changed this draft"), (self.owner, "in another window")):
            self.sign_in(person)
            answer = self.client.post(self.url("send_edit", self.batch), mine)
            self.assertContains(answer, words, status_code=422)
            self.assertContains(answer, "Use all of mine", status_code=422)

    def test_a_version_that_is_not_there_is_not_found(self) -> None:
        for wanted in ("9", "", "x", "²"):
            answer = self.client.post(self.url("send_restore", self.batch), {"restore": wanted, "version": 1})
            self.assertEqual(answer.status_code, 404)

    def test_once_launched_nothing_is_restored(self) -> None:
        batch = self.launched("sending")
        address = self.url("send_restore", batch)
        self.assert_moved_on(self.client.post(address, {"restore": 1, "version": 1}), "Sending")

    def test_a_reviewer_may_not_and_a_stranger_finds_nothing(self) -> None:
        for person, status in ((self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            answer = self.client.post(self.url("send_restore", self.batch), {"restore": 1, "version": 1})
            self.assertEqual(answer.status_code, status)
