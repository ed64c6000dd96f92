"""Single messages: one key is one message for ever, and the gates are those of a batch."""

from datetime import timedelta

from django.utils import timezone

from membership import customers
from membership.models import Customer
from merchants.models import ApiKey, Event
from merchants.partitions import BEIJING
from messaging.engine.claim import claim
from messaging.engine.mark import mark
from messaging.engine.reconcile import lines
from messaging.engine.schedule import advance
from messaging.models import (
    Consent,
    Delivery,
    FrequencyCount,
    SendControl,
    SendKind,
    SendRules,
    SendState,
    SingleSend,
)
from messaging.recall.forgetting import forget
from messaging.sends.asked import Asked
from messaging.sends.singles import MAX_MESSAGES, Taken, hand_in
from tests import build
from tests import build_messaging as made
from tests.base import CastCase


class Singles(CastCase):
    def setUp(self) -> None:
        self.key = ApiKey.find(build.api_key(self.mini_program, scopes=["messages"]))
        self.template = made.template(self.mini_program)
        self.people = made.people(self.mini_program, 3)
        made.consents(self.template, self.people, units=5)

    def asked(self, key: str = "a", **changes: object) -> Asked:
        fields = {
            "idempotency_key": key,
            "open_id": self.people[0].open_id,
            "template": self.template.template_id,
            "data": {"权益名称": "首月立减 46 元", "领取时间": "本周内"},
            "page": "pages/order?id=7",
        }
        return Asked(**{**fields, **changes})  # type: ignore[arg-type]

    def hand_in(self, *asked: Asked, key: ApiKey | None = None) -> list[Taken]:
        return hand_in(key or self.key, asked, at=timezone.now())

    def row_of(self, taken: Taken) -> Delivery:
        assert taken.sent is not None, taken
        return Delivery.objects.select_related("send").get(id=taken.sent.delivery_id)


class HandingIn(Singles):
    def test_a_message_is_queued_in_the_books_of_its_month_with_its_own_text_and_page(self) -> None:
        (taken,) = self.hand_in(self.asked())
        row = self.row_of(taken)
        self.assertEqual((row.state, row.page), ("queued", "pages/order?id=7"))
        self.assertEqual(row.data, {"keyword1": {"value": "首月立减 46 元"}, "keyword2": {"value": "本周内"}})
        control = row.send
        self.assertEqual((control.kind, control.state), (SendKind.SINGLE, SendState.SENDING))
        self.assertEqual(control.frozen_total, 1)
        self.assertFalse(any(line.difference for line in lines(control)))
        self.assertEqual(Event.objects.get(kind="single.handed_in").detail["messages"], 1)

    def test_the_engine_is_told_after_commit_and_not_of_a_repetition(self) -> None:
        for told in (1, 0):
            with self.captureOnCommitCallbacks() as callbacks:
                self.hand_in(self.asked())
            hints = [call.args for call in callbacks if getattr(call, "args", ()) == ("engine.slot",)]
            self.assertEqual(len(hints), told)

    def test_texts_may_be_named_by_number_and_the_template_by_our_id(self) -> None:
        data = {"keyword2": "本周内", "keyword1": "首月立减"}
        (taken,) = self.hand_in(self.asked(data=data, template=str(self.template.pk)))
        self.assertEqual(self.row_of(taken).data["keyword1"], {"value": "首月立减"})

    def test_the_same_key_and_message_is_the_same_message_and_another_message_is_refused(self) -> None:
        (first,) = self.hand_in(self.asked())
        Delivery.objects.filter(id=first.sent.delivery_id).update(state="accepted")
        (again,) = self.hand_in(self.asked())
        self.assertEqual((again.sent, again.is_repeated), (first.sent, True))
        (other,) = self.hand_in(self.asked(page="pages/other"))
        self.assertEqual((other.sent, other.code), (None, "key_reused"))
        self.assertEqual(Delivery.objects.count(), 1)

    def test_a_repetition_is_known_even_when_it_could_not_be_handed_in_any_more(self) -> None:
        (first,) = self.hand_in(self.asked())
        type(self.template).objects.filter(pk=self.template.pk).update(state="offline")
        customers.forget(self.people[0], by=self.owner, at=timezone.now())
        (again,) = self.hand_in(self.asked())
        self.assertEqual(again.sent, first.sent)

    def test_a_key_twice_in_one_request_is_one_message(self) -> None:
        first, same, other = self.hand_in(self.asked(), self.asked(), self.asked(page="pages/other"))
        self.assertEqual((first.is_repeated, same.is_repeated, same.sent), (False, True, first.sent))
        self.assertEqual(other.code, "key_reused")
        self.assertEqual(Delivery.objects.count(), 1)

    def test_the_same_key_of_another_mini_program_is_another_message(self) -> None:
        other = build.mini_program(self.yunduo, app_id="2021000000000003")
        theirs = made.template(other)
        who = made.people(other, 1)
        made.consents(theirs, who)
        key = ApiKey.find(build.api_key(other, scopes=["messages"]))
        (first,) = self.hand_in(self.asked())
        (second,) = self.hand_in(self.asked(open_id=who[0].open_id, template=theirs.template_id), key=key)
        self.assertNotEqual(first.sent, second.sent)
        self.assertEqual(SingleSend.objects.count(), 2)

    def test_nobody_is_made_up_and_no_template_of_another_mini_program_is_known(self) -> None:
        theirs = made.template(self.other_mini_program)
        for changes, code in (
            ({"open_id": "nobody-is-called-this"}, "person_unknown"),
            ({"open_id": made.people(self.other_mini_program, 1)[0].open_id}, "person_unknown"),
            ({"template": theirs.template_id}, "template_unknown"),
            ({"template": str(theirs.pk)}, "template_unknown"),
            (
                {"template": made.template(self.mini_program, state="offline").template_id},
                "template_not_online",
            ),
            ({"data": {"权益名称": "首月立减"}}, "data_wrong"),
            ({"data": {"权益名称": "首月立减", "领取时间": "周", "keyword1": "twice"}}, "data_wrong"),
            ({"data": {"权益名称": "首月立减", "领取时间": "周", "more": "x"}}, "data_wrong"),
            ({"data": {"权益名称": " \u3000", "领取时间": "周"}}, "data_wrong"),
            ({"data": {"权益名称": "字" * 51, "领取时间": "周"}}, "data_wrong"),
            ({"data": {"权益名称": "a\x00b", "领取时间": "周"}}, "data_wrong"),
            ({"data": {"权益名称": "a\ud800b", "领取时间": "周"}}, "data_wrong"),
            ({"page": ""}, "page_wrong"),
            ({"page": "pages/" + "x" * 120}, "page_wrong"),
            ({"not_after": timezone.now() - timedelta(seconds=1)}, "too_late"),
        ):
            with self.subTest(changes):
                (taken,) = self.hand_in(self.asked(**changes))
                self.assertEqual((taken.sent, taken.code), (None, code))
                self.assertTrue(taken.sentence.endswith("."))
        self.assertFalse(Delivery.objects.exists() or SingleSend.objects.exists())
        self.assertEqual(Customer.objects.filter(mini_program=self.mini_program).count(), 3)

    def test_the_bad_half_is_named_and_the_good_half_kept(self) -> None:
        asked = [
            self.asked(str(n), open_id=self.people[n % 3].open_id if n % 2 else "nobody-at-all")
            for n in range(6)
        ]
        taken = self.hand_in(*asked)
        self.assertEqual([bool(one.sent) for one in taken], [False, True] * 3)
        self.assertEqual(Delivery.objects.count(), 3)
        (again,) = self.hand_in(self.asked("0"))  # put right, under the same key
        self.assertFalse(again.is_repeated)

    def test_a_person_twice_in_a_request_gets_both_by_control_rows_of_their_own(self) -> None:
        taken = self.hand_in(
            self.asked("a"), self.asked("b", page="pages/b"), self.asked("c", page="pages/c")
        )
        rows = [self.row_of(one) for one in taken]
        self.assertEqual(len({row.send_id for row in rows}), 3)
        self.assertEqual({row.state for row in rows}, {"queued"})

    def test_two_hundred_go_in_one_request_and_one_more_does_not(self) -> None:
        people = made.people(self.mini_program, MAX_MESSAGES)
        made.consents(self.template, people)
        asked = [self.asked(str(n), open_id=who.open_id) for n, who in enumerate(people)]
        with self.assertNumQueries(23):
            taken = self.hand_in(*asked)
        self.assertEqual(len({one.sent for one in taken}), MAX_MESSAGES)
        self.assertEqual(SendControl.objects.get().frozen_total, MAX_MESSAGES)
        with self.assertRaises(ValueError):
            self.hand_in(*asked, self.asked("more"))

    def test_when_nobody_passes_the_books_still_close(self) -> None:
        Consent.objects.all().delete()
        Customer.objects.filter(pk=self.people[0].pk).update(do_not_send_at=timezone.now())
        (taken,) = self.hand_in(self.asked())
        row = self.row_of(taken)
        self.assertEqual((row.state, row.reason), ("skipped", "do_not_send"))
        advance()
        control = SendControl.objects.get()
        self.assertEqual(control.state, SendState.FINISHED)
        self.assertFalse(any(line.difference for line in lines(control) if line.name != "consent"))

    def test_forgetting_erases_text_and_page(self) -> None:
        (taken,) = self.hand_in(self.asked())
        customers.forget(self.people[0], by=self.owner, at=timezone.now())
        event = Event.objects.get(kind="customer.forgotten")
        self.assertTrue(forget(event.id, at=timezone.now()))
        row = self.row_of(taken)
        self.assertEqual((row.data, row.page), (None, None))


class Expiry(Singles):
    def test_past_its_not_after_a_message_gives_up_and_the_books_close(self) -> None:
        late, never = self.hand_in(
            self.asked("a", not_after=timezone.now() + timedelta(hours=1)), self.asked("b")
        )
        advance()
        self.assertEqual(self.row_of(late).state, "queued")
        SendControl.objects.filter(not_after__isnull=False).update(not_after=timezone.now())
        advance()
        row = self.row_of(late)
        self.assertEqual((row.state, row.reason), ("skipped", "gave_up"))
        self.assertEqual(row.send.state, SendState.FINISHED)
        self.assertFalse(any(line.difference for line in lines(row.send)))
        self.assertEqual(self.row_of(never).state, "queued")

    def test_a_paused_one_gives_up_too(self) -> None:
        (late,) = self.hand_in(self.asked("a", not_after=timezone.now() + timedelta(hours=1)))
        SendControl.objects.update(not_after=timezone.now(), state=SendState.PAUSED)
        advance()
        self.assertEqual(self.row_of(late).reason, "gave_up")


class SameGates(CastCase):
    """Everybody in every state, once by a list and once by name."""

    def setUp(self) -> None:
        self.key = ApiKey.find(build.api_key(self.mini_program, scopes=["messages"]))

    def crowd(self, template) -> list[Customer]:
        """27 people: three kinds of wish, of consent and of messages they had."""
        now = timezone.now()
        people = made.people(self.mini_program, 27)
        other = made.template(self.mini_program)
        today = now.astimezone(BEIJING).date()
        for n, who in enumerate(people):
            wish, consent, had = n % 3, n // 3 % 3, n // 9
            if wish:
                field = "do_not_send_at" if wish == 1 else "profiling_opt_out_at"
                Customer.objects.filter(pk=who.pk).update(**{field: now})
            if consent:
                made.consents(template, [who], units=consent)
            if had:
                of = template if had == 1 else other
                FrequencyCount.objects.create(customer=who, template=of, day=today, n=1)
        return people

    def test_the_verdicts_agree_with_those_of_a_batch(self) -> None:
        for kind in ("one_time", "long_term"):
            for limits in ({}, {"cap_day": 1}, {"cap_week": 1}):
                with self.subTest(kind=kind, limits=limits):
                    SendRules.objects.all().delete()
                    if limits:
                        SendRules.objects.create(merchant=self.yunduo, **limits)
                    template = made.template(
                        self.mini_program, kind=kind, fatigue_value=1, fatigue_unit="day", fatigue_total=1
                    )
                    people = self.crowd(template)
                    control = made.send(
                        self.mini_program, template, made.people_list(self.mini_program, people)
                    )
                    taken = hand_in(
                        self.key, [self.asked(template, who) for who in people], at=timezone.now()
                    )
                    single = Delivery.objects.get(id=taken[0].sent.delivery_id).send
                    self.assertEqual(self.verdicts(single), self.verdicts(control))
                    self.assertGreaterEqual(len(set(self.verdicts(single).values())), 4)

    def asked(self, template, who: Customer) -> Asked:
        data = {"keyword1": "首月立减", "keyword2": "本周内"}
        return Asked(f"{template.pk}:{who.pk}", who.open_id, template.template_id, data, "pages/a")

    def verdicts(self, control: SendControl) -> dict[int, tuple[str, str]]:
        rows = Delivery.objects.filter(send=control).values_list("customer_id", "state", "reason")
        return {customer: (state, reason) for customer, state, reason in rows}

    def test_what_changed_since_is_judged_again_at_its_turn(self) -> None:
        template = made.template(self.mini_program)
        people = made.people(self.mini_program, 4)
        made.consents(template, people)
        hand_in(self.key, [self.asked(template, who) for who in people], at=timezone.now())
        control = SendControl.objects.get()
        stopped, revoked, opted_out, _untouched = (who.pk for who in people)
        now = timezone.now()
        Customer.objects.filter(pk=stopped).update(do_not_send_at=now)
        Customer.objects.filter(pk=opted_out).update(profiling_opt_out_at=now)  # no rule picked them
        Consent.objects.filter(customer=revoked).update(units=0)
        ours = claim(control, limit=10)
        marked = mark(control, ours, ids=ours.ids, at=now)
        self.assertEqual({row.customer_id for row in marked}, {who.pk for who in people} - {stopped, revoked})
        self.assertEqual({row.page for row in marked}, {"pages/a"})
        found = self.verdicts(control)
        self.assertEqual(found[stopped], ("skipped", "do_not_send"))
        self.assertEqual(found[revoked], ("skipped", "no_consent"))
