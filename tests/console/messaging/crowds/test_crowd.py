from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from messaging.models import CROWD_TRANSITIONS, CrowdSend, MissedReason
from tests import build_crowds, build_messaging
from tests.console.messaging.crowds.base import HTMX, CrowdPageCase


class PageTests(CrowdPageCase):
    def test_every_state_has_a_page_that_says_what_it_is(self):
        words = {
            "draft": "Continue editing",
            "scheduled": "Scheduled. It is handed to the platform at its time.",
            "submitting": "It is being handed to the platform.",
            "submitted": "It cannot be paused or recalled.",
            "refused": "The platform refused it: The content check stopped the message.",
            "unknown": "Nobody knows whether the platform took it.",
            "missed": "It missed its time; nothing was sent.",
            "cancelled": "Cancelled before it was submitted; nobody got it.",
        }
        assert set(words) == set(CROWD_TRANSITIONS)
        for state, sentence in words.items():
            refusal = {"refusal": "DATA_SENSITIVE"} if state == "refused" else {}
            with self.subTest(state=state):
                self.assertContains(self.page(self.crowd(state, **refusal)), sentence)

    def test_the_platforms_count_is_shown_and_what_nobody_knows_is_two_dashes(self):
        told = {"platform_count": 1234, "platform_status": "SUCCESS", "batch_msg_id": "B1", "visits": 7}
        answer = self.page(self.crowd("submitted", **told))
        self.assertContains(answer, "1,234")
        self.assertContains(answer, "sent to everybody")
        self.assertContains(answer, "<dd>--</dd>", count=2)
        self.assertContains(answer, "visits, not people: everybody has the same link")
        self.assertNotContains(self.page(self.crowd("submitted")), "1,234")
        self.assertContains(self.page(self.crowd("submitted")), "<dd>--</dd>", count=3)

    def test_each_reason_of_a_missed_one_is_a_sentence(self):
        for reason, words in MissedReason.choices:
            self.assertContains(self.page(self.crowd("missed", missed_reason=reason)), words)

    def test_a_held_one_says_by_what(self):
        crowd = self.crowd("scheduled", due_at=timezone.now() - timedelta(minutes=1))
        self.mini_program.stopped_at = timezone.now()
        self.mini_program.save()
        self.assertContains(self.page(crowd), "Due, and not submitted yet.")

    def test_it_asks_again_while_something_can_change_by_itself(self):
        live = {state for state in CROWD_TRANSITIONS if b"data-poll" in self.page(self.crowd(state)).content}
        assert live == {"scheduled", "submitting"}
        self.assertContains(self.page(self.crowd("submitted", batch_msg_id="B1")), "data-poll")
        part = self.page(self.crowd("submitting"), **HTMX)
        self.assertNotContains(part, "<html")
        self.assertContains(part, 'id="crowd-actions" class="actions-line" hx-swap-oob="true"')

    def test_a_person_decides_an_unknown_one_once(self):
        crowd = self.crowd("unknown")
        self.assertContains(self.page(crowd), "How is it to be counted")
        answer = self.client.post(self.url("crowd_decide", crowd), {"decision": "written_off"})
        self.assertRedirects(answer, self.url("crowd", crowd), status_code=303)
        again = self.client.post(self.url("crowd_decide", crowd), {"decision": "submitted"})
        assert again.status_code == 422
        crowd.refresh_from_db()
        assert (crowd.state, crowd.decision, crowd.decided_by) == ("unknown", "written_off", self.operator)
        page = self.page(crowd)
        self.assertContains(page, "it is written off")
        self.assertContains(page, "Wrote off an unanswered crowd send")
        self.assertNotContains(page, "How is it to be counted")

    def test_another_word_decides_nothing(self):
        crowd = self.crowd("unknown")
        assert self.client.post(self.url("crowd_decide", crowd), {"decision": "again"}).status_code == 400

    def test_cancelling_asks_first_and_is_refused_once_it_was_submitted(self):
        crowd = self.crowd("scheduled")
        self.assertContains(self.client.get(self.url("crowd_cancel", crowd)), "is free again")
        self.client.post(self.url("crowd_cancel", crowd), {"why": "说错了"})
        crowd.refresh_from_db()
        assert crowd.state == "cancelled"
        for state in ("submitting", "submitted", "unknown", "refused"):
            answer = self.client.post(self.url("crowd_cancel", self.crowd(state)), {})
            assert answer.status_code == 422
        assert CrowdSend.objects.filter(state="cancelled").count() == 1

    def test_who_only_looks_has_no_buttons_to_act_with(self):
        self.sign_in(self.analyst)
        for state in ("draft", "scheduled", "unknown", "missed"):
            answer = self.page(self.crowd(state))
            self.assertNotContains(answer, 'class="btn btn-danger')
            self.assertNotContains(answer, 'name="decision"')


class ListTests(CrowdPageCase):
    def test_the_list_shows_state_count_and_what_is_left_today(self):
        self.crowd(name="草稿一")
        told = {"platform_count": 88, "platform_status": "SUCCESS", "visits": 5}
        self.crowd("submitted", name="已发一", due_at=timezone.now(), **told)
        answer = self.client.get(self.url("crowds"))
        left = "You can still send 9 crowd messages today."
        for words in ("草稿一", "已发一", "88", "sent to everybody", left):
            self.assertContains(answer, words)
        names = [crowd.name for crowd, _platform in answer.context["rows"]]
        assert names[0] == "草稿一"

    def test_an_empty_list_says_what_it_is_for(self):
        self.assertContains(self.client.get(self.url("crowds")), "No crowd sends yet")

    def test_sends_of_another_merchant_are_not_in_it(self):
        theirs = build_crowds.crowd(self.other_mini_program, self.other_owner, chosen=None, name="别家")
        self.assertNotContains(self.client.get(self.url("crowds")), "别家")
        assert self.page(theirs).status_code == 404

    def test_a_visit_costs_the_same_however_many_there_are(self):
        self.crowd("submitted")
        before = self.queries()
        for _ in range(5):
            self.crowd("submitted")
        assert self.queries() == before

    def queries(self) -> int:
        """What a second visit costs: the first fills caches."""
        self.client.get(self.url("crowds"))
        with CaptureQueriesContext(connection) as captured:
            self.client.get(self.url("crowds"))
        return len(captured)

    def test_the_records_of_batch_sends_lead_here(self):
        self.assertContains(self.client.get(self.url("sends")), self.url("crowds"))


class ElsewhereTests(CrowdPageCase):
    def test_home_asks_for_a_decision_about_unknown_and_missed_ones(self):
        self.crowd("unknown", name="没有回音")
        self.crowd("missed", name="错过的", missed_reason="stopped")
        self.crowd("unknown", name="已经定了", decision="submitted")
        answer = self.client.get(reverse("home", args=["yunduo"]))
        self.assertContains(answer, "Nobody knows whether a crowd send went out")
        self.assertContains(answer, "“错过的” missed its time")
        self.assertNotContains(answer, "已经定了")

    def test_balances_that_may_be_lower_say_so(self):
        build_messaging.consents(self.template, build_messaging.people(self.mini_program, 1))
        address = reverse("template", args=["yunduo", self.template.pk])
        self.assertNotContains(self.client.get(address), "May be lower on the platform")
        self.template.crowd_sent_at = timezone.now()
        self.template.save()
        self.assertContains(self.client.get(address), "May be lower on the platform")
        people = build_messaging.people(self.mini_program, 2)
        build_messaging.consents(self.template, people)
        chosen = build_messaging.people_list(self.mini_program, people)
        batch = build_messaging.batch(self.mini_program, self.operator, chosen=self.template, to=chosen)
        for name in ("send_edit", "send_launch"):
            page = self.client.get(reverse(name, args=["yunduo", batch.pk]))
            self.assertContains(page, "May be lower on the platform")

    def test_standing_consents_are_not_used_up_and_say_nothing(self):
        standing = build_messaging.template(self.mini_program, kind="long_term", crowd_sent_at=timezone.now())
        build_messaging.consents(standing, build_messaging.people(self.mini_program, 1))
        page = self.client.get(reverse("template", args=["yunduo", standing.pk]))
        self.assertNotContains(page, "May be lower on the platform")
