"""The launch page: what was checked, whose mini program it is, and what one person after the other gets."""

import uuid
from typing import Any

from django.urls import reverse
from django.utils import timezone

from membership.models import PeopleList
from merchants.models import MiniProgram
from messaging.models import BatchSend, DeliveryCounter, SendControl, SubscriptionTemplate
from messaging.sends.trial import send_test
from tests import build, build_messaging
from tests.console.messaging.sends.base import HTMX, SendCase

BARE = "The platform may refuse the whole batch."


class LaunchCase(SendCase):
    def page(self, batch: BatchSend, query: str = "", **headers: str) -> Any:
        return self.client.get(self.url("send_launch", batch) + query, headers=headers)

    def personal(self, texts: list[str], **fields: Any) -> BatchSend:
        """Each of the eight people has a text of their own, in the column 机型."""
        to = build_messaging.people_list(
            self.mini_program, self.people, texts=[[one] for one in texts], columns=["机型"]
        )
        return self.draft(to=to, **{"values": ["{机型|新机}首月立减", "本周内"], **fields})


class Checks(LaunchCase):
    def checks(self, batch: BatchSend) -> list[tuple[str, str, str]]:
        found = self.page(batch).context["checks"]
        return [(check.tone, check.sentence, check.evidence) for check in found]

    def test_five_lines_say_what_they_rest_on(self) -> None:
        batch = self.draft()
        self.assertEqual(
            self.checks(batch),
            [
                ("good", "The template is online", "2 / 2"),
                ("good", "Every text fits in 50 characters", "longest 9"),
                ("good", "No forbidden words", ""),
                ("good", "The page link fits, recall token included", "45 / 128"),
                ("hint", "Nobody has tested it", ""),
            ],
        )
        answer = self.page(batch)
        self.assertContains(answer, "4 of 5 passed")
        self.assertContains(answer, self.url("send_trial", batch))

    def test_what_keeps_it_from_going_is_red_and_leads_to_its_field(self) -> None:
        SubscriptionTemplate.objects.filter(pk=self.template.pk).update(state="offline")
        batch = self.draft(page="p" * 120)
        found = self.page(batch).context["checks"]
        self.assertEqual([check.tone for check in found], ["bad", "good", "good", "bad", "hint"])
        for check, field in ((found[0], "template"), (found[3], "page")):
            self.assertEqual(check.url, f"{self.url('send_edit', batch)}?check=1#id_{field}")
        self.assertContains(self.page(batch), "is not online")

    def test_an_empty_draft_is_checked_too(self) -> None:
        batch = self.draft(chosen=None, to=None, values=[], page="")
        tones = [tone for tone, _sentence, _evidence in self.checks(batch)]
        self.assertEqual(tones, ["bad", "hint", "hint", "bad", "hint"])
        self.assertEqual(
            self.checks(self.draft(values=["", "本周内"]))[1][:2], ("bad", "Fill in “权益名称”.")
        )

    def test_the_longest_text_is_of_the_whole_list_and_what_does_not_fit_leads_to_its_people(
        self,
    ) -> None:
        texts = ["短"] * 7 + ["长" * 40]
        self.assertEqual(self.checks(self.personal(texts))[1][2], "longest 44")
        batch = self.personal(["短"] * 6 + ["长" * 47] * 2)
        check = self.page(batch).context["checks"][1]
        self.assertEqual(check.tone, "hint")
        self.assertEqual(check.sentence, "The texts of 2 people do not fit; they are skipped")
        self.assertEqual(check.url, self.url("send_stopped", batch, gate="does_not_fit"))

    def test_a_forbidden_word_is_named_and_does_not_keep_it_from_going(self) -> None:
        batch = self.draft(values=["全网最低价，绝对划算", "本周内"])
        answer = self.page(batch)
        self.assertContains(answer, f"Absolute claims: 全网最低价, 绝对. {BARE}")
        self.assertContains(answer, f"{self.url('send_edit', batch)}?check=1#id_value_0")
        self.assertEqual(self.client.post(self.url("send_launch", batch), {"version": 1}).status_code, 303)

    def test_a_forbidden_word_of_a_column_is_found_in_what_the_person_shown_reads(self) -> None:
        batch = self.personal(["小米"] * 7 + ["顶级"])
        self.assertContains(self.page(batch), "are looked at for the person shown only.")
        last = self.page(batch, f"?after={self.people[6].pk}")
        self.assertContains(last, f"Absolute claims: 顶级. {BARE}")


class Tested(LaunchCase):
    def try_out(self, batch: BatchSend, state: str = "accepted") -> BatchSend:
        """A test to one person, with this outcome."""
        made = send_test(batch, to=self.people[0], by=self.owner, form_token=uuid.uuid4(), at=timezone.now())
        SendControl.objects.filter(pk=made.control_id).update(state="finished")
        DeliveryCounter.objects.create(send_id=made.control_id, state=state, reason="", n=1)
        return made

    def check(self, batch: BatchSend) -> Any:
        return self.page(batch).context["checks"][4]

    def test_who_tested_it_and_when_stands_there(self) -> None:
        batch = self.draft()
        made = self.try_out(batch)
        made.control.refresh_from_db()
        check = self.check(batch)
        self.assertEqual((check.tone, check.sentence), ("good", "A test was accepted"))
        self.assertEqual((check.evidence, check.at), (str(self.owner), made.control.launched_at))
        self.assertContains(self.page(batch), "5 of 5 passed")

    def test_a_change_after_the_test_asks_for_another(self) -> None:
        batch = self.draft()
        self.try_out(batch)
        for changed in ({"values": ["首月立减 50 元", "本周内"]}, {"page": "pages/other/index"}):
            as_tested = {name: getattr(batch, name) for name in changed}
            BatchSend.objects.filter(pk=batch.pk).update(**changed)
            self.assertEqual(self.check(batch).sentence, "It was changed after its last test")
            BatchSend.objects.filter(pk=batch.pk).update(**as_tested)
            self.assertEqual(self.check(batch).tone, "good")

    def test_a_test_that_was_not_accepted_proves_nothing(self) -> None:
        batch = self.draft()
        made = self.try_out(batch, "refused")
        check = self.check(batch)
        self.assertEqual(check.tone, "hint")
        self.assertEqual(check.url, self.url("send", made))


class WhoseMiniProgram(LaunchCase):
    def setUp(self) -> None:
        super().setUp()
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(gateway="production", name="Real shop")
        self.mini_program.refresh_from_db()
        self.other = build.mini_program(
            self.yunduo, name="Playground", gateway="simulated", app_id="2021000000009999"
        )
        self.client.post(
            reverse("set_mini_program", args=["yunduo"]), {"mini_program": self.other.pk, "next": "/"}
        )

    def test_it_is_restated_with_its_environment(self) -> None:
        answer = self.page(self.draft())
        words = f'<dd>Real shop <span class="muted">ends {self.mini_program.app_id_tail}</span>'
        self.assertContains(answer, f'{words} <span class="tag">Production</span>')
        self.assertContains(answer, "The real platform: these people get it.")
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(gateway="simulated")
        self.assertContains(self.page(self.draft()), '<span class="tag tag-warn">Simulated</span>')

    def test_the_header_of_a_sends_pages_names_the_sends_own(self) -> None:
        tag = '<span class="tag tag-warn header-env">Simulated</span>'
        draft, sending = self.draft(), self.launched()
        for name, batch in (
            ("send_launch", draft),
            ("send_edit", draft),
            ("send", sending),
            ("send_cancel", sending),
        ):
            with self.subTest(name=name):
                answer = self.client.get(self.url(name, batch))
                self.assertEqual(answer.context["shell"].mini_program, self.mini_program)
                self.assertNotContains(answer, tag)
        elsewhere = self.client.get(self.url("sends"))
        self.assertEqual(elsewhere.context["shell"].mini_program, self.other)
        self.assertContains(elsewhere, tag)

    def test_choosing_another_one_there_leads_to_the_list(self) -> None:
        self.assertContains(
            self.page(self.draft()), f'<input type="hidden" name="next" value="{self.url("sends")}">'
        )
        templates = reverse("templates", args=["yunduo"])
        self.assertContains(
            self.client.get(templates), f'<input type="hidden" name="next" value="{templates}">'
        )


class OnePersonAfterTheOther(LaunchCase):
    def shown(self, answer: Any) -> str:
        return str(answer.context["message"].first)

    def test_the_arrows_lead_through_the_list_and_stop_at_its_ends(self) -> None:
        batch = self.personal([f"机型{n}" for n in range(8)])
        answer, seen = self.page(batch), []
        for _person in self.people:
            seen.append(self.shown(answer))
            following = answer.context["sample"].after
            if not following:
                break  # behind the last one
            self.assertContains(answer, f'href="{self.url("send_launch", batch)}{following}#message"')
            answer = self.page(batch, following)
        self.assertEqual(seen, [f"机型{n}首月立减" for n in range(8)])
        back = self.page(batch, answer.context["sample"].before)
        self.assertEqual(self.shown(back), "机型6首月立减")
        self.assertEqual(self.page(batch).context["sample"].before, "")

    def test_htmx_gets_the_preview_alone(self) -> None:
        batch = self.personal([f"机型{n}" for n in range(8)])
        answer = self.page(batch, f"?after={self.people[0].pk}", **HTMX)
        self.assertContains(answer, "机型1首月立减")
        self.assertNotContains(answer, "confirm-box")
        self.assertTrue(answer.content.decode().lstrip().startswith('<section class="card" id="message"'))

    def test_the_person_is_masked_and_equal_words_are_said_to_be_equal(self) -> None:
        answer = self.page(self.draft())
        self.assertContains(answer, f"****{self.ids_of_people[0][-4:]}")
        self.assertNotContains(answer, self.ids_of_people[0])
        self.assertContains(answer, "everybody gets the same words")

    def test_nonsense_shows_the_first_and_a_list_with_nobody_has_no_arrows(self) -> None:
        batch = self.personal([f"机型{n}" for n in range(8)])
        for query in ("?after=x", "?after=9" + "9" * 30, "?before=0", f"?after={self.people[7].pk}"):
            self.assertEqual(self.shown(self.page(batch, query)), "机型0首月立减")
        empty: PeopleList = build_messaging.people_list(self.mini_program, [])
        self.assertNotContains(self.page(self.draft(to=empty)), "preview-steps")
