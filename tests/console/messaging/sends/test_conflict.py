"""Two people at one draft: both versions side by side, a choice for each field, and nothing lost."""

import re
from html import unescape
from typing import Any

from django.utils import timezone

from messaging.models import BatchSend
from messaging.sends import batches, versions
from messaging.sends.content import Content
from tests import build_messaging as build
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_compose import ComposeCase

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
CHECKED = re.compile(r'name="(pick-[^"]+)" value="(mine|theirs)" checked')


class Conflict(ComposeCase):
    def setUp(self) -> None:
        super().setUp()
        self.batch = self.draft(name="First", values=["Begun", "This week"], page="pages/a?id%3D1")
        versions.keep(self.batch, by=self.operator, at=timezone.now())

    def mine(self, **changes: Any) -> dict[str, Any]:
        """What my form holds that was opened at version 1: only `changes` differ from what it said then."""
        begun = {
            "form_token": self.batch.form_token,
            "version": 1,
            "name": "First",
            "value_0": "Begun",
            "page": "pages/a",
            "parameters": "id=1",
            "when": "now",
            "scheduled_on": "",
            "scheduled_time": "",
        }
        return self.form(**{**begun, **changes})

    def theirs(self, **changes: Any) -> None:
        """The owner saves meanwhile."""
        now = BatchSend.objects.get(pk=self.batch.pk)
        fields = ("name", "template", "people_list", "values", "page", "scheduled_on", "scheduled_time")
        content = Content(**{**{name: getattr(now, name) for name in fields}, **changes})
        batches.save_draft(now, by=self.owner, version=now.version, content=content, at=timezone.now())

    def refused(self, form: dict[str, Any], **headers: str) -> str:
        answer = self.client.post(self.url("send_edit", self.batch), form, headers=headers)
        self.assertEqual(answer.status_code, 422)
        return str(answer.content.decode())

    def choose(self, shown: str, *, choose: str = "picked", **picks: str) -> Any:
        """Posts the page as a browser would, with other radios where `picks` says so."""
        form = {name: unescape(value) for name, value in HIDDEN.findall(shown)} | dict(CHECKED.findall(shown))
        form |= {f"pick-{name}": side for name, side in picks.items()} | {"choose": choose}
        return self.client.post(self.url("send_edit", self.batch), form)

    def saved(self) -> BatchSend:
        return BatchSend.objects.select_related("template").get(pk=self.batch.pk)

    def test_both_versions_stand_side_by_side_and_nothing_is_saved_yet(self) -> None:
        self.theirs(name="Theirs <b>")
        for headers in ({}, HTMX):
            page = self.refused(self.mine(name='Mine "quoted"'), **headers)
            for words in (
                "it is now version 2",
                "Mine &quot;quoted&quot;",
                "Theirs &lt;b&gt;",
                "1 field differs",
            ):
                self.assertIn(words, page)
            self.assertIn("9 fields are the same in both", page)
            self.assertEqual("<html" in page, not headers)
        self.assertEqual((self.saved().name, self.saved().version), ("Theirs <b>", 2))

    def test_what_only_one_changed_is_chosen_already(self) -> None:
        self.theirs(name="Theirs", values=["Begun", "Next month"])
        page = self.refused(self.mine(name="Mine", value_0="Mine too"))
        self.assertEqual(
            dict(CHECKED.findall(page)),
            {"pick-name": "mine", "pick-words-0": "mine", "pick-words-1": "theirs"},
        )
        for words in ("both changed it", "only you changed it", "only they changed it"):
            self.assertEqual(page.count(words), 1)
        self.choose(page)
        self.assertEqual(self.saved().name, "Mine")
        self.assertEqual(self.saved().values, ["Mine too", "Next month"])

    def test_each_field_can_be_taken_from_either(self) -> None:
        self.theirs(name="Theirs", values=["Theirs 0", "Theirs 1"], page="pages/b?id%3D2")
        page = self.refused(self.mine(name="Mine", value_0="Mine 0", value_1="Mine 1", parameters="id=9"))
        answer = self.choose(page, name="theirs", page="theirs", **{"words-0": "mine", "words-1": "theirs"})
        self.assertRedirects(answer, self.url("send_edit", self.batch), status_code=303)
        saved = self.saved()
        self.assertEqual((saved.name, saved.values), ("Theirs", ["Mine 0", "Theirs 1"]))
        self.assertEqual(saved.page, "pages/b?id%3D2", "path and parameters belong together")
        self.assertEqual(saved.version, 3)

    def test_a_time_is_taken_whole(self) -> None:
        self.theirs(name="Theirs")
        page = self.refused(self.mine(when="at", scheduled_on="2031-05-06", scheduled_time="09:30"))
        self.assertIn("2031-05-06 09:30", page)
        self.assertIn("Right away", page)
        self.choose(page, when="mine")
        self.assertEqual(f"{self.saved().scheduled_on} {self.saved().scheduled_time}", "2031-05-06 09:30:00")
        self.assertEqual(self.saved().name, "Theirs")

    def test_all_of_mine_is_one_button(self) -> None:
        self.theirs(name="Theirs", values=["Theirs", "Theirs"])
        page = self.refused(self.mine(name="Mine"))
        self.choose(page, choose="mine", name="theirs")
        self.assertEqual((self.saved().name, self.saved().values), ("Mine", ["Begun", "This week"]))

    def test_with_another_template_texts_follow_their_keyword(self) -> None:
        other = build.template(self.mini_program, name="Other", keywords=["领取时间", "商户名称"])
        self.theirs(template=other, values=["Their week", "Their shop"])
        page = self.refused(self.mine(value_0="My benefit", value_1="My week"))
        self.choose(page, template="theirs", **{"words-1": "mine", "words-2": "mine"})
        self.assertEqual(self.saved().template, other)
        self.assertEqual(self.saved().values, ["My week", "Their shop"], "a text only they have stays")
        self.assertEqual(self.saved().version, 3)

    def test_a_third_version_saved_while_choosing_loses_nothing(self) -> None:
        self.theirs(name="Theirs")
        page = self.refused(self.mine(name="Mine", value_0="My words"))
        self.theirs(name="Third", values=["Third 0", "Third 1"])
        again = self.choose(page, name="theirs")
        self.assertContains(again, "it is now version 3", status_code=422)
        self.assertEqual(self.saved().name, "Third", "nothing was overwritten")
        page = again.content.decode()
        for words in ("Theirs", "Third", "My words", "Third 0", "Third 1"):
            self.assertIn(words, page)
        self.choose(page, name="mine", **{"words-0": "mine", "words-1": "theirs"})
        self.assertEqual((self.saved().name, self.saved().values), ("Theirs", ["My words", "Third 1"]))

    def test_the_same_change_by_both_is_no_conflict(self) -> None:
        self.theirs(name="Same", values=["Begun", "This week"])
        answer = self.client.post(self.url("send_edit", self.batch), self.mine(name="Same"))
        self.assertEqual(answer.status_code, 303)
        self.assertEqual(self.saved().version, 2)

    def test_going_on_to_the_check_is_kept_in_mind(self) -> None:
        self.theirs(name="Theirs")
        page = self.refused(self.mine(name="Mine", action="review"))
        self.assertIn("Save what is chosen and check", page)
        self.assertRedirects(self.choose(page), self.url("send_launch", self.batch), status_code=303)

    def test_the_session_may_end_while_choosing(self) -> None:
        self.theirs(name="Theirs", values=["Their words", "This week"])
        page = self.refused(self.mine(name="Mine"))
        self.client.logout()
        self.assertEqual(self.choose(page).status_code, 302)
        self.sign_in(self.operator)
        kept = self.client.get(self.url("send_edit", self.batch)).content.decode()
        for words in ('value="Mine"', 'value="Their words"', 'name="version" value="2"'):
            self.assertIn(words, kept)
        self.assertEqual(self.saved().version, 2)

    def test_a_version_that_is_not_kept_leaves_mine_chosen(self) -> None:
        versions.versions_of(self.batch).delete()
        self.theirs(name="Theirs", values=["Theirs", "This week"])
        page = self.refused(self.mine(name="Mine"))
        self.assertEqual(dict(CHECKED.findall(page)), {"pick-name": "mine", "pick-words-0": "mine"})
        self.assertNotIn("changed it</span>", page)
