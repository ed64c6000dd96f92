"""Single messages on pages: which came, what became of each, and what a person decides."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from merchants.models import Event
from messaging.engine import control
from messaging.engine.claim import claim
from messaging.engine.mark import mark
from messaging.engine.reconcile import lines
from messaging.engine.record import Answer, record
from messaging.models import Delivery, SendControl, SendState, SingleSend
from messaging.singles import singles_waiting
from messaging.waiting import waiting
from tests import build_messaging as made
from tests.base import CastCase

LIST = reverse("singles", args=["yunduo"])


class SinglePages(CastCase):
    def setUp(self) -> None:
        self.template = made.template(self.mini_program)
        self.people = made.people(self.mini_program, 2)
        made.consents(self.template, self.people, units=9)
        self.sign_in(self.operator)

    def single(self, **changes: Any) -> SingleSend:
        return made.single(self.mini_program, self.template, self.people[0], **changes)

    def row_of(self, sent: SingleSend) -> Delivery:
        return Delivery.objects.select_related("send__mini_program", "send__merchant").get(
            id=sent.delivery_id
        )

    def unknown(self) -> SingleSend:
        """As a slot leaves it whose call got no answer that can be trusted."""
        sent = self.single()
        send = self.row_of(sent).send
        ours = claim(send, limit=1)
        mark(send, ours, ids=ours.ids, at=timezone.now())
        record(send, ours.token, [Answer(ours.ids[0], "unknown", "timeout", 1.0)])
        return sent

    def page(self, sent: SingleSend) -> Any:
        return self.client.get(reverse("single", args=["yunduo", sent.pk]))

    def decide(self, sent: SingleSend, choice: str) -> Any:
        address = reverse("single_decide", args=["yunduo", sent.pk])
        return self.client.post(address, {"choice": choice}, follow=True)


class Listing(SinglePages):
    def test_the_newest_come_first_page_by_page_at_a_fixed_number_of_queries(self) -> None:
        for _n in range(27):
            self.single()
        self.client.get(LIST)
        with self.assertNumQueries(14):
            page = self.client.get(LIST)
        keys = [line.sent.pk for line in page.context["lines"]]
        self.assertEqual(keys, sorted(keys, reverse=True))
        self.assertEqual(len(keys), 25)
        older = self.client.get(LIST, {"before": page.context["keyset"].next_before})
        self.assertEqual(len(older.context["lines"]), 2)

    def test_filters_find_by_state_template_and_day(self) -> None:
        other = made.template(self.mini_program, name="归还提醒")
        made.consents(other, self.people)
        refused = self.single(state="refused", reason="MSG_REJECTED")
        queued = made.single(self.mini_program, other, self.people[1])
        old = self.single(state="refused", reason="MSG_REJECTED")
        unknown = self.unknown()
        long_ago = timezone.now() - timedelta(days=30)
        SingleSend.objects.filter(pk=old.pk).update(created_at=long_ago)
        for query, found in (
            ({"state": "refused"}, {refused}),
            ({"state": "queued"}, {queued}),
            ({"state": "undecided"}, {unknown}),
            ({"state": "unknown"}, {unknown}),
            ({"template": other.pk}, {queued}),
            ({"day": f"{timezone.localtime(long_ago):%Y-%m-%d}"}, {old}),
            ({"state": "accepted"}, set()),
            ({}, {refused, queued, old, unknown}),
        ):
            with self.subTest(query):
                page = self.client.get(LIST, query)
                self.assertEqual({line.sent for line in page.context["lines"]}, found)
        self.assertContains(self.client.get(LIST, {"state": "refused"}), "look at the last 7 days")
        self.assertContains(self.client.get(LIST, {"state": "accepted"}), "Nothing fits these filters.")

    def test_who_may_not_see_people_sees_no_part_of_an_id(self) -> None:
        sent = self.single()
        tail = str(self.people[0].open_id)[-4:]
        self.assertContains(self.client.get(LIST), f"****{tail}")
        self.sign_in(self.analyst)
        for page in (self.client.get(LIST), self.page(sent)):
            self.assertNotContains(page, f"****{tail}")
            self.assertNotContains(page, self.people[0].open_id)

    def test_another_merchant_sees_none_of_them(self) -> None:
        sent = self.single()
        self.sign_in(self.other_owner)
        other = reverse("singles", args=["qingcha"])
        self.assertNotContains(self.client.get(other), sent.idempotency_key)
        self.assertEqual(self.client.get(reverse("single", args=["qingcha", sent.pk])).status_code, 404)


class OnePage(SinglePages):
    def test_it_shows_the_message_the_gates_and_what_became_of_it(self) -> None:
        sent = self.single(state="skipped", reason="no_consent")
        page = self.page(sent)
        for words in (
            "首月立减 46 元",
            "pages/order/detail?id=184",
            "No consent left.",
            "Gates, in their order",
        ):
            self.assertContains(page, words)
        person = self.client.get(reverse("person", args=["yunduo", self.people[0].pk]))
        self.assertContains(person, reverse("single", args=["yunduo", sent.pk]))

    def test_a_month_that_was_put_away_is_said_to_be(self) -> None:
        sent = self.single()
        SingleSend.objects.filter(pk=sent.pk).update(delivery_id=10**9)
        self.assertContains(self.page(sent), "put away")
        self.assertContains(self.client.get(LIST), "put away")
        self.assertEqual(self.decide(sent, "treat").status_code, 200)


class Deciding(SinglePages):
    def test_treated_as_sent_it_waits_for_nobody_and_keeps_its_unit_spent(self) -> None:
        sent = self.unknown()
        self.assertEqual((singles_waiting(self.yunduo).undecided, waiting(self.yunduo).singles), (1, 1))
        self.assertEqual(waiting(self.yunduo).sends, 0)
        home = self.client.get(reverse("home", args=["yunduo"]))
        self.assertContains(home, "1 single message with an unknown outcome")
        self.assertContains(self.page(sent), "Treat as sent")
        self.assertContains(self.decide(sent, "treat"), "Treated as sent. The consent stays spent.")
        self.decide(sent, "treat")
        row = self.row_of(sent)
        self.assertEqual((row.state, row.decision, row.spent), ("unknown", "treated_as_sent", True))
        self.assertEqual(singles_waiting(self.yunduo).undecided, 0)
        self.assertEqual(Event.objects.filter(kind="unknown.treated_as_sent").count(), 1)
        self.assertFalse(any(line.difference for line in lines(row.send)))

    def test_sent_again_it_is_queued_once_with_the_old_outcome_kept(self) -> None:
        sent = self.unknown()
        self.assertContains(self.decide(sent, "again"), "It goes out once more.")
        self.decide(sent, "again")
        row = self.row_of(sent)
        self.assertEqual((row.state, row.kept_unknown, row.attempt), ("queued", True, 1))
        self.assertFalse(any(line.difference for line in lines(row.send)))

    def test_past_its_time_it_is_not_sent_again(self) -> None:
        sent = self.unknown()
        SendControl.objects.update(not_after=timezone.now() - timedelta(seconds=1))
        self.assertContains(self.page(sent), "cannot be sent again")
        self.decide(sent, "again")
        self.assertEqual(self.row_of(sent).state, "unknown")

    def test_a_certain_outcome_is_nobodys_to_decide(self) -> None:
        sent = self.single(state="accepted")
        self.assertNotContains(self.page(sent), "Treat as sent")
        for choice in ("treat", "again"):
            self.decide(sent, choice)
            self.assertEqual((self.row_of(sent).state, self.row_of(sent).decision), ("accepted", ""))
        self.assertEqual(self.decide(sent, "guess").status_code, 400)


class StandingStill(SinglePages):
    def test_what_the_console_paused_is_told_and_resumed_all_at_once(self) -> None:
        sent, other = self.single(), self.single()
        for one in (sent, other):
            control.pause(self.row_of(one).send, by=None, reason="gateway", detail="Set GATEWAY_URL.")
        page = self.client.get(LIST)
        self.assertContains(page, "Messages of 2 requests stand still.")
        self.assertContains(page, "Set GATEWAY_URL.")
        self.assertEqual((waiting(self.yunduo).singles, waiting(self.yunduo).sends), (2, 0))
        self.assertContains(self.client.get(reverse("home", args=["yunduo"])), "Single messages stand still")
        answer = self.client.post(reverse("singles_resume", args=["yunduo"]), follow=True)
        self.assertContains(answer, "Resumed. Messages of 2 requests go on.")
        self.assertEqual(set(SendControl.objects.values_list("state", flat=True)), {SendState.SENDING})
        self.assertEqual(Event.objects.filter(kind="single.resumed").count(), 2)
        self.assertFalse(Event.objects.filter(kind__startswith="send.").exists())


class AmongBatches(SinglePages):
    def test_figures_of_batches_leave_single_messages_out(self) -> None:
        sent = self.single()
        SendControl.objects.update(checked_at=timezone.now(), balanced=True)
        page = reverse("reconciliation", args=["yunduo"])
        self.assertContains(self.client.get(page), "Nothing to check yet")
        SendControl.objects.update(balanced=False)
        self.assertContains(self.client.get(page), "Single messages of")
        for name in ("sends", "sends_calendar", "home", "recall"):
            answer = self.client.get(reverse(name, args=["yunduo"]))
            self.assertEqual(answer.status_code, 200)
            self.assertNotContains(answer, sent.idempotency_key)
