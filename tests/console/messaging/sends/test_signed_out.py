"""The session ends in the middle of composing: what was posted comes back after sign-in, never as an act."""

from messaging.models import BatchSend
from tests import build
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_compose import ComposeCase


class SignedOut(ComposeCase):
    def posted_without_session(self, address: str, *, htmx: bool = False, **changes: object) -> None:
        form = self.form(writer=self.writer(address), **changes)
        self.client.logout()
        headers = {**HTMX, "HX-Current-URL": f"http://testserver{address}"} if htmx else {}
        answer = self.client.post(address, form, headers=headers)
        where = answer.headers["HX-Redirect"] if htmx else answer.headers["Location"]
        self.assertEqual(where, f"/sign-in/?next={address}")

    def writer(self, address: str) -> str:
        found: str = self.client.get(address).context["writer"]
        return found

    def signs_in(self, login: str, address: str) -> str:
        form = {"username": login, "password": build.PASSWORD, "next": address}
        answer = self.client.post("/sign-in/", form, follow=True)
        self.assertEqual(answer.status_code, 200)
        return answer.content.decode()

    def test_a_new_one_comes_back_with_every_word_and_nothing_was_done(self) -> None:
        address = self.url("send_new")
        for htmx in (False, True):
            self.sign_in(self.operator)
            self.posted_without_session(address, htmx=htmx, name="Written in vain", action="review")
            page = self.signs_in("operator", address)
            self.assertIn("You were signed out while writing", page)
            self.assertIn('value="Written in vain"', page)
            self.assertIn('value="First month 46 off"', page)
            self.assertFalse(BatchSend.objects.exists())

    def test_a_draft_comes_back_at_its_version(self) -> None:
        batch = self.draft()
        address = self.url("send_edit", batch)
        fields = {"form_token": str(batch.form_token), "version": 1, "name": "Later words"}
        self.posted_without_session(address, **fields)
        page = self.signs_in("operator", address)
        self.assertIn('value="Later words"', page)
        batch.refresh_from_db()
        self.assertEqual((batch.version, batch.name), (1, "首月立减"))

    def test_it_comes_back_once(self) -> None:
        address = self.url("send_new")
        self.posted_without_session(address, name="Once")
        self.signs_in("operator", address)
        self.assertNotContains(self.client.get(address), 'value="Once"')

    def test_a_new_form_that_had_saved_itself_comes_back_in_its_draft(self) -> None:
        batch = self.draft()
        address = self.url("send_new")
        self.posted_without_session(address, form_token=str(batch.form_token), version=1, name="Later words")
        page = self.signs_in("operator", address)
        self.assertIn('value="Later words"', page)
        self.assertIn(self.url("send_edit", batch), page)

    def test_somebody_else_who_signs_in_there_does_not_see_it(self) -> None:
        address = self.url("send_new")
        self.posted_without_session(address, name="Private words")
        self.assertNotIn("Private words", self.signs_in("owner", address))
        self.client.logout()
        self.assertNotIn("Private words", self.signs_in("operator", address))

    def test_a_confirmation_is_never_repeated_by_signing_in(self) -> None:
        batch = self.draft()
        address = self.url("send_launch", batch)
        self.client.logout()
        self.client.post(address, {"version": 1, "writer": "x"})
        self.signs_in("operator", address)
        self.assertEqual(self.state_of(batch), "draft")
