"""One person's page: found by id, every message with its gates, and what the person asked for."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from membership.models import Customer
from merchants.models import Event
from merchants.partitions import BEIJING
from messaging.engine.claim import claim
from messaging.engine.decisions import send_again
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.models import BatchSend, Consent, FrequencyCount, SendControl, SendRules, Visit
from messaging.person import gates_of, messages_of, rows_of, why
from tests import build_messaging as build
from tests.console.messaging.sends.base import HTMX, SendCase


class PersonPages(SendCase):
    def at(self, name: str, **kwargs: Any) -> str:
        return reverse(name, kwargs={"merchant": "yunduo", **kwargs})

    def page(self, customer: Customer, query: str = "") -> str:
        answer = self.client.get(self.at("person", customer_id=customer.pk) + query)
        self.assertEqual(answer.status_code, 200)
        return answer.content.decode()

    def find(self, who: str, **headers: Any):
        return self.client.post(self.at("people_find"), {"who": who}, **headers)


class Finding(PersonPages):
    def test_by_whole_id_and_by_number(self) -> None:
        one = self.people[0]
        to = self.at("person", customer_id=one.pk)
        for who in (one.open_id, f"  {one.open_id} ", str(one.pk), f"#{one.pk}"):
            self.assertRedirects(self.find(who), to, status_code=303)

    def test_nobody_else_is_found_and_what_was_typed_stays(self) -> None:
        stranger = build.people(self.other_mini_program, 1)[0]
        for who in (stranger.open_id, str(stranger.pk), self.people[0].open_id[:-1], "9" * 30, "²"):
            answer = self.find(who)
            self.assertContains(answer, "Nobody with this id is known", status_code=422)
            self.assertContains(answer, who, status_code=422)
        self.assertContains(self.find(""), "Write an open_id or a number.", status_code=422)
        self.assertNotContains(self.find("nobody-here", headers=HTMX), "<html", status_code=422)

    def test_another_merchants_person_is_nothing_here(self) -> None:
        stranger = build.people(self.other_mini_program, 1)[0]
        self.assertEqual(self.client.get(self.at("person", customer_id=stranger.pk)).status_code, 404)


class Story(PersonPages):
    def sent(self, outcome: str = "accepted", reason: str = "", **fields: Any) -> tuple[BatchSend, Customer]:
        batch = self.launched(**fields)
        ours = claim(batch.control, limit=6)
        rows = mark(batch.control, ours, ids=ours.ids, at=timezone.now())
        record(batch.control, ours.token, [Answer(row.id, outcome, reason, 3.0) for row in rows])
        return batch, Customer.objects.get(pk=rows[0].customer_id)

    def test_who_got_it_passed_every_gate(self) -> None:
        batch, customer = self.sent()
        (message,) = messages_of(rows_of(customer))
        self.assertEqual({gate.verdict for gate in message.gates}, {"passed"})
        page = self.page(customer)
        self.assertIn(batch.name, page)
        self.assertIn("Visit: -- (none was reported)", page)
        self.assertIn("0 messages left", page)
        Visit.objects.create(
            send=batch.control, books_month=message.row.books_month,
            delivery_id=message.row.id, shared=False, at=timezone.now(),
        )  # fmt: skip
        self.assertNotIn("none was reported", self.page(customer))

    def test_the_gate_that_failed_ends_the_judging(self) -> None:
        """At the freeze, and at its turn when something changed in between."""
        customer = self.people[0]
        Customer.objects.filter(pk=customer.pk).update(do_not_send_at=timezone.now())
        self.launched()
        (row,) = rows_of(customer)
        self.assertEqual(
            [(str(gate.reason), gate.verdict) for gate in gates_of(row)],
            [("not_known", "passed"), ("do_not_send", "failed"), ("no_consent", "not_judged")],
        )
        page = self.page(customer)
        self.assertIn("On the do-not-send list", page)
        self.assertIn("not judged any more", page)
        self.assertNotIn("It had passed when the send was prepared", page)

        late = self.people[1]
        batch = self.launched()
        Consent.objects.filter(customer=late).update(units=0)
        ours = claim(batch.control, limit=6)
        mark(batch.control, ours, ids=ours.ids, at=timezone.now())
        self.assertIn("It had passed when the send was prepared", self.page(late))

    def test_the_cap_stands_among_the_gates_only_where_it_stopped_somebody(self) -> None:
        _batch, customer = self.sent()
        self.assertNotIn("cap", [gate.reason for gate in gates_of(rows_of(customer)[0])])
        SendRules.objects.create(merchant=self.yunduo, cap_day=1)
        build.more_units(self.template, [customer])
        self.launched()
        newest = rows_of(customer).order_by("-id")[0]
        self.assertEqual(gates_of(newest)[-1].reason, "cap")
        self.assertIn("Over the frequency cap", self.page(customer))

    def test_a_refusal_and_an_unknown_outcome_say_why_and_attempts_are_kept(self) -> None:
        _batch, customer = self.sent("refused", "USER_TEMPLATE_ILLEGAL")
        self.assertIn("USER_TEMPLATE_ILLEGAL", self.page(customer))
        batch, other = self.sent("unknown", "timeout")
        rows = list(rows_of(other).filter(send=batch.control))
        send_again(batch.control, delivery_ids=[row.id for row in rows], by=self.operator, at=timezone.now())
        page = self.page(other)
        self.assertIn("Attempt 1 left at", page)
        self.assertIn(self.operator.display_name, page)

    def test_many_messages_come_page_by_page_with_as_many_queries_as_few(self) -> None:
        customer = self.people[0]
        self.launched()
        few = self.queries(self.at("person", customer_id=customer.pk))
        for _number in range(24):
            self.launched()
        self.assertEqual(self.queries(self.at("person", customer_id=customer.pk)), few)
        first = self.page(customer)
        self.assertEqual(first.count('class="person-message"'), 20)
        before = first.split("?before=")[1].split('"')[0]
        self.assertEqual(self.page(customer, f"?before={before}").count('class="person-message"'), 5)


class Asking(PersonPages):
    def ask(self, customer: Customer, batch: BatchSend) -> str:
        return self.page(customer, f"?send={batch.pk}")

    def test_before_it_is_prepared_the_gates_are_asked_as_they_stand(self) -> None:
        batch = self.draft()
        self.assertIn("As things are now, they will get it.", self.ask(self.people[0], batch))
        without = self.people[7]
        self.assertIn("they are left out: No consent left.", self.ask(without, batch))
        stranger = build.people(self.mini_program, 1)[0]
        self.assertIn("Not on the list.", self.ask(stranger, batch))
        unfinished = build.batch(self.mini_program, self.operator)
        self.assertIn("This send is not written to its end.", self.ask(self.people[0], unfinished))
        self.assertEqual(SendControl.objects.filter(books_month__isnull=False).count(), 0)

    def test_what_was_told_is_what_the_freeze_does(self) -> None:
        batch = self.draft()
        told = {one.pk: why(one, batch, at=timezone.now()) for one in self.people}
        frozen = self.launched()
        for one in self.people:
            row = rows_of(one).get(send=frozen.control)
            self.assertEqual(told[one.pk].gate, row.reason or None)

    def test_of_a_frozen_send_the_message_itself_is_shown(self) -> None:
        batch = self.launched()
        page = self.ask(self.people[0], batch)
        self.assertIn("<details open>", page)
        late = build.people(self.mini_program, 1)[0]
        self.assertIn("Not on the list.", self.ask(late, batch))

    def test_a_send_that_ended_before_it_was_prepared_went_to_nobody(self) -> None:
        for state in ("failed", "cancelled"):
            batch = self.draft()
            SendControl.objects.filter(pk=batch.control_id).update(
                state=state, due_at=timezone.now(), template=self.template, people_list=self.people_list
            )
            page = self.ask(self.people[0], batch)
            self.assertIn("Nobody got it.", page)
            self.assertNotIn("As things are now", page)

    def test_a_missed_send_is_judged_for_now_and_not_for_the_day_it_missed(self) -> None:
        chosen = build.template(self.mini_program, fatigue_total=1, fatigue_value=1, fatigue_unit="day")
        build.consents(chosen, self.people)
        today = timezone.now().astimezone(BEIJING).date()
        yesterday = timezone.now() - timedelta(days=1)
        FrequencyCount.objects.create(customer=self.people[0], template=chosen, day=today, n=1)
        FrequencyCount.objects.create(
            customer=self.people[1], template=chosen, day=today - timedelta(days=1), n=1
        )
        batch = self.draft(chosen=chosen)
        SendControl.objects.filter(pk=batch.control_id).update(
            state="missed", due_at=yesterday, template=chosen, people_list=self.people_list
        )
        self.assertIn("they are left out: Template fatigue.", self.ask(self.people[0], batch))
        self.assertIn("they will get it.", self.ask(self.people[1], batch))

    def test_another_merchants_send_cannot_be_asked_about(self) -> None:
        foreign = build.batch(self.other_mini_program, self.other_owner)
        self.assertIn("Select a valid choice", self.ask(self.people[0], foreign))


class Wishes(PersonPages):
    def wish(self, customer: Customer, wish: str):
        return self.client.post(self.at("person_mark", customer_id=customer.pk), {"wish": wish})

    def test_each_wish_is_kept_once_with_an_event_and_can_be_taken_back(self) -> None:
        one = self.people[0]
        for wish, column, kind in (
            ("do_not_send", "do_not_send_at", "customer.do_not_send_set"),
            ("opt_out", "profiling_opt_out_at", "customer.profiling_opt_out_set"),
        ):
            for _twice in range(2):
                self.assertEqual(self.wish(one, wish).status_code, 303)
            one.refresh_from_db()
            self.assertIsNotNone(getattr(one, column))
            self.assertEqual(Event.objects.filter(kind=kind, subject_id=one.pk).count(), 1)
        self.assertIn("on the do-not-send list since", self.page(one))
        for wish in ("send_again", "opt_in"):
            self.wish(one, wish)
        one.refresh_from_db()
        self.assertEqual((one.do_not_send_at, one.profiling_opt_out_at), (None, None))
        self.assertEqual(self.wish(one, "anything").status_code, 400)

    def test_who_asked_for_nothing_more_gets_nothing_more(self) -> None:
        self.wish(self.people[0], "do_not_send")
        self.launched()
        (row,) = rows_of(self.people[0])
        self.assertEqual((row.state, row.reason), ("skipped", "do_not_send"))

    def test_ids_are_masked_until_somebody_asks_and_that_is_written_down(self) -> None:
        one = self.people[0]
        self.assertNotIn(one.open_id, self.page(one))
        answer = self.client.post(self.at("person_reveal", customer_id=one.pk))
        self.assertContains(answer, one.open_id)
        self.assertEqual(answer["Cache-Control"], "no-store")
        self.assertEqual(Event.objects.filter(kind="people.revealed", subject_id=one.pk).count(), 1)
        self.sign_in(self.analyst)
        self.assertNotIn(one.open_id[-4:], self.page(one))

    def test_erasing_asks_for_the_number_and_leaves_the_books_whole(self) -> None:
        self.sign_in(self.owner)
        batch = self.launched(started_at=timezone.now() - timedelta(minutes=1))
        one = self.people[0]
        address = self.at("person_forget", customer_id=one.pk)
        for number in ("", "0", str(self.people[1].pk)):
            self.assertEqual(self.client.post(address, {"number": number}).status_code, 422)
        one.refresh_from_db()
        self.assertIsNone(one.forgotten_at)
        before = build.counters(batch.control)
        for _twice in range(2):
            self.assertEqual(self.client.post(address, {"number": f"#{one.pk}"}).status_code, 303)
        one.refresh_from_db()
        self.assertIsNone(one.open_id)
        self.assertEqual(Event.objects.filter(kind="customer.forgotten", subject_id=one.pk).count(), 1)
        self.assertEqual(build.counters(batch.control), before)
        page = self.page(one)
        self.assertIn("Forgotten", page)
        self.assertNotIn("Erase this person…", page)
