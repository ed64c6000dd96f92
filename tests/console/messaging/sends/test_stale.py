"""Signing in from another tab makes the token of an open form stale: what was typed is offered again."""

from typing import Any

from django.test import Client

from messaging.models import BatchSend
from tests import build
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_compose import ComposeCase


class Stale(ComposeCase):
    def setUp(self) -> None:
        super().setUp()
        self.client = Client(enforce_csrf_checks=True)
        self.signs_in("operator")

    def signs_in(self, login: str) -> None:
        page = self.client.get("/sign-in/")
        form = {
            "username": login,
            "password": build.PASSWORD,
            "csrfmiddlewaretoken": page.context["csrf_token"],
        }
        self.assertEqual(self.client.post("/sign-in/", form).status_code, 303)

    def again(self) -> None:
        """In another tab: out, and in anew."""
        token = self.client.cookies["csrftoken"].value
        self.client.post("/sign-out/", {"csrfmiddlewaretoken": token})
        self.signs_in("operator")

    def opened(self, address: str, **changes: Any) -> dict[str, Any]:
        page = self.client.get(address)
        tokens = {"csrfmiddlewaretoken": str(page.context["csrf_token"]), "writer": page.context["writer"]}
        return self.form(**{**tokens, **changes})

    def test_a_new_form_comes_back_with_every_word_and_a_token_that_fits(self) -> None:
        address = self.url("send_new")
        for headers in ({}, HTMX):
            form = self.opened(address, name="Written in vain", action="review", value_1="Every word")
            self.again()
            answer = self.client.post(address, form, headers=headers)
            for words in ('value="Written in vain"', 'value="Every word"', "this form had gone stale"):
                self.assertContains(answer, words, status_code=422)
            self.assertFalse(BatchSend.objects.exists())
        form["csrfmiddlewaretoken"] = str(answer.context["csrf_token"])
        self.assertEqual(self.client.post(address, form).status_code, 303)
        self.assertEqual(BatchSend.objects.get().name, "Written in vain")

    def test_a_draft_comes_back_at_its_version_and_nothing_is_saved(self) -> None:
        batch = self.draft(name="Before")
        address = self.url("send_edit", batch)
        form = self.opened(address, name="Later words", version=1, form_token=batch.form_token)
        self.again()
        answer = self.client.post(address, form)
        self.assertContains(answer, 'value="Later words"', status_code=422)
        self.assertContains(answer, 'name="version" value="1"', status_code=422)
        batch.refresh_from_db()
        self.assertEqual((batch.name, batch.version), ("Before", 1))

    def test_while_somebody_writes_only_the_token_changes_and_saving_goes_on(self) -> None:
        address = self.url("send_new")
        for action in ("keep", "preview", "look-next"):
            form = self.opened(address, action=action)
            self.again()
            answer = self.client.post(address, form, headers=HTMX)
            self.assertEqual((answer.status_code, answer.headers["HX-Retarget"]), (200, "#draft-saved"))
            self.assertContains(answer, 'id="form-csrf"')
            self.assertContains(answer, "load delay:800ms")
            self.assertNotContains(answer, 'id="send-form"')
        form |= {"csrfmiddlewaretoken": str(answer.context["csrf_token"]), "action": "keep", "again": "1"}
        self.assertContains(self.client.post(address, form, headers=HTMX), "saved by itself")

    def test_it_tries_once_and_not_for_ever(self) -> None:
        form = self.opened(self.url("send_new"), action="keep", again="1", csrfmiddlewaretoken="x" * 64)
        answer = self.client.post(self.url("send_new"), form, headers=HTMX)
        self.assertNotContains(answer, "load delay")

    def test_the_choice_between_two_versions_comes_back_as_the_form_it_makes(self) -> None:
        batch = self.draft(name="First")
        address = self.url("send_edit", batch)
        form = {
            **self.opened(address),
            "choose": "picked",
            "version": 2,
            **{f"{side}-{name}": value for side in ("mine", "theirs") for name, value in self.form().items()},
            "theirs-name": "Theirs",
            "pick-name": "theirs",
        }
        self.again()
        self.assertContains(self.client.post(address, form), 'value="Theirs"', status_code=422)

    def test_a_form_that_was_never_ours_is_not_shown(self) -> None:
        address = self.url("send_new")
        theirs = Client()
        theirs.force_login(self.owner, backend="django.contrib.auth.backends.ModelBackend")
        for writer in ("", "made up", theirs.get(address).context["writer"]):
            form = self.form(writer=writer, name="Put into your mouth")
            answer = self.client.post(address, form)
            self.assertContains(answer, "This form has gone stale", status_code=403)
            self.assertNotContains(answer, "Put into your mouth", status_code=403)

    def test_the_guard_of_the_page_holds_here_too(self) -> None:
        batch = self.draft()
        address = self.url("send_edit", batch)
        form = self.opened(address)
        for login, status in (("reviewer", 403), ("other-owner", 404)):
            self.client = Client(enforce_csrf_checks=True)
            self.signs_in(login)
            self.assertEqual(self.client.post(address, form).status_code, status)

    def test_who_is_signed_out_as_well_finds_it_after_signing_in(self) -> None:
        address = self.url("send_new")
        form = self.opened(address, name="Kept for me")
        self.again()
        token = self.client.cookies["csrftoken"].value
        self.client.post("/sign-out/", {"csrfmiddlewaretoken": token})
        self.assertEqual(self.client.post(address, form).headers["Location"], f"/sign-in/?next={address}")
        self.signs_in("operator")
        self.assertContains(self.client.get(address), 'value="Kept for me"')

    def test_of_a_send_launched_meanwhile_every_word_comes_back_as_a_new_one(self) -> None:
        batch = self.launched("sending")
        address = self.url("send_edit", batch)
        form = self.opened(self.url("send_new"), name="Written in vain", form_token=batch.form_token)
        self.again()
        answer = self.client.post(address, form)
        self.assertContains(answer, 'value="Written in vain"', status_code=422)
        self.assertContains(answer, "save it as a new draft", status_code=422)
        self.assertNotContains(answer, str(batch.form_token), status_code=422)
        self.assertEqual(self.state_of(batch), "sending")

    def test_other_forms_say_what_to_do(self) -> None:
        answer = self.client.post(self.url("send_pause", self.launched("sending")))
        self.assertContains(answer, "This form has gone stale", status_code=403)
