import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from membership.models import Customer
from merchants.models import ApiKey
from messaging.models import Consent, ConsentEntry, Delivery, RecallCount, Signal, Visit
from messaging.recall import hours, signals
from tests import build, build_messaging
from tests.messaging.recall.base import DAY, NOON, CommittedRecallCase, RecallCase

STRANGER = "012stranger0001"


class SubscribedTests(RecallCase):
    def subscribed(self, **changes) -> signals.Told:
        usual = {"open_id": STRANGER, "template_id": self.template.template_id}
        return self.told("subscribed", **{**usual, **changes})

    def units(self, open_id: str = STRANGER) -> int:
        return Consent.objects.get(customer__open_id=open_id, template=self.template).units

    def test_a_person_never_seen_becomes_a_customer_with_the_units_granted(self):
        result = self.take_in(self.subscribed(units=2), key=self.server)
        assert (result.accepted, result.repeated, result.rejected) == (1, 0, [])
        assert self.units() == 2
        assert Customer.objects.get(open_id=STRANGER).source == "signal"
        entry = ConsentEntry.objects.get(customer__open_id=STRANGER)
        assert (entry.kind, entry.units, entry.source, entry.at) == ("granted", 2, "signal", NOON + DAY)

    def test_the_same_id_twice_counts_once_whether_together_or_later(self):
        told = self.subscribed()
        first = self.take_in(told, told, key=self.server)
        second = self.take_in(told, key=self.server)
        assert (first.accepted, first.repeated) == (1, 1)
        assert (second.accepted, second.repeated) == (0, 1)
        assert (self.units(), Signal.objects.count()) == (1, 1)

    def test_a_revoke_takes_the_balance(self):
        self.take_in(self.subscribed(units=3), key=self.server)
        revoked = self.told(
            "revoked",
            open_id=STRANGER,
            template_id=self.template.template_id,
            at=NOON + DAY + timedelta(hours=1),
        )
        assert self.take_in(revoked, key=self.server).accepted == 1
        assert self.units() == 0

    def test_a_long_term_subscription_stands(self):
        standing = build_messaging.template(self.mini_program, kind="long_term")
        told = self.subscribed(template_id=standing.template_id, subscription="long_term", units=9)
        self.take_in(told, key=self.server)
        consent = Consent.objects.get(customer__open_id=STRANGER)
        assert (consent.standing, consent.units) == (True, 0)

    def test_what_cannot_be_is_rejected_with_its_reason_and_the_rest_is_taken(self):
        other = build_messaging.template(self.other_mini_program)
        result = self.take_in(
            self.subscribed(id="no-template", template_id="unheard-of"),
            self.subscribed(id="not-ours", template_id=other.template_id),
            self.subscribed(id="no-person", open_id=""),
            self.subscribed(id="odd-person", open_id="张三"),
            self.subscribed(id="wrong-kind", subscription="long_term"),
            self.subscribed(id="no-units", units=0),
            self.subscribed(id="fine"),
            key=self.server,
        )
        assert result.accepted == 1
        assert [(rejected, reason.split(":")[0]) for rejected, reason in result.rejected] == [
            ("no-template", "template_id"),
            ("not-ours", "template_id"),
            ("no-person", "open_id"),
            ("odd-person", "open_id"),
            ("wrong-kind", "subscription"),
            ("no-units", "units"),
        ]
        assert list(Signal.objects.values_list("caller_id", flat=True)) == ["fine"]

    def test_a_rejected_signal_is_judged_anew_when_it_comes_again(self):
        told = self.subscribed(template_id="later0001")
        assert self.take_in(told, key=self.server).rejected
        build_messaging.template(self.mini_program, template_id="later0001")
        assert self.take_in(told, key=self.server).accepted == 1

    def test_a_public_client_key_changes_no_consent_and_nothing_of_its_batch_is_stored(self):
        with pytest.raises(signals.NotAllowed, match="public client key"):
            self.take_in(self.visit(), self.subscribed(), key=self.phone)
        assert not Signal.objects.exists()

    def test_a_server_key_needs_the_scope(self):
        weak = ApiKey.find(build.api_key(self.mini_program, scopes=["orders"]))
        with pytest.raises(signals.NotAllowed, match="consent"):
            self.take_in(self.subscribed(), key=weak)
        assert not Signal.objects.exists()


class VisitedTests(RecallCase):
    def test_a_visit_counts_for_its_send(self):
        assert self.take_in(self.visit(open_id=self.people[0].open_id, scene="1014")).accepted == 1
        assert self.figures() == (1, 0)
        signal = Signal.objects.get()
        assert (signal.send_id, signal.customer_id, signal.scene) == (self.send.pk, self.people[0].pk, "1014")

    def test_it_counts_once_per_delivery_and_the_earliest_visit_stays(self):
        self.take_in(self.visit(at=NOON + 3 * DAY), self.visit(at=NOON + DAY))
        self.take_in(self.visit(at=NOON + 2 * DAY))
        assert (self.figures(), Visit.objects.get().at) == ((1, 0), NOON + DAY)

    def test_without_an_open_id_nobody_can_say_that_it_was_shared(self):
        self.take_in(self.visit())
        assert self.figures() == (1, 0)

    def test_somebody_else_with_the_link_is_a_shared_visit(self):
        self.take_in(self.visit(open_id=self.people[1].open_id), self.visit(open_id=STRANGER))
        self.take_in(self.visit(open_id=self.people[0].open_id))
        assert self.figures() == (1, 1)
        assert not Customer.objects.filter(open_id=STRANGER).exists()

    def test_a_late_visit_is_stored_and_does_not_count(self):
        with override_settings(RECALL_WINDOW_DAYS=7):
            late = self.visit(self.people[0], at=NOON + 7 * DAY + timedelta(seconds=1))
            last = self.visit(self.people[1], at=NOON + 7 * DAY)
            assert self.take_in(late, last).accepted == 2
        assert self.figures() == (1, 0)
        assert Signal.objects.get(caller_id=late.id).delivery_id is not None

    def test_a_visit_without_token_counts_for_the_mini_program_only(self):
        result = self.take_in(
            self.told("visited", id="message", scene="1014"),
            self.told("visited", id="push", scene="1305"),
            self.told("visited", id="search", scene="1005"),
            self.told("visited", id="nothing"),
        )
        assert result.accepted == 2
        assert [rejected for rejected, _reason in result.rejected] == ["search", "nothing"]
        assert not RecallCount.objects.exists()
        assert set(Signal.objects.values_list("send_id", flat=True)) == {None}

    def test_a_token_of_another_mini_program_is_rejected_like_one_nobody_made(self):
        template = build_messaging.template(self.other_mini_program)
        (stranger,) = build_messaging.people(self.other_mini_program, 1)
        build_messaging.consents(template, [stranger])
        send = self.make_send([stranger], self.other_mini_program, template)
        result = self.take_in(
            self.visit(id="theirs", token=self.token(stranger, send)),
            self.visit(id="nobody's", token="A" * 22),
            self.visit(id="short", token="x", scene="1014"),
        )
        assert result.accepted == 0
        assert len({reason for _id, reason in result.rejected}) == 1
        assert not Signal.objects.exists()

    def test_a_message_that_never_left_has_no_visits(self):
        Delivery.objects.filter(send=self.send).update(state="queued", sent_at=None)
        assert self.take_in(self.visit()).rejected[0][1].startswith("token: this message was never sent")

    def test_two_hundred_visits_take_as_many_statements_as_one(self):
        people = build_messaging.people(self.mini_program, 200)
        build_messaging.consents(self.template, people)
        send = self.make_send(people)
        visits = [self.visit(token=self.token(who, send), open_id=who.open_id) for who in people]
        with self.assertNumQueries(8):
            self.take_in(*visits[:1])
        with self.assertNumQueries(8):
            self.take_in(*visits[1:])
        assert self.figures(send) == (200, 0)


class RebuildTests(RecallCase):
    def test_the_command_finds_and_repairs_a_wrong_figure(self):
        self.take_in(self.visit(self.people[0]), self.visit(self.people[1]))
        hours.roll_up()
        call_command("rebuild_recall", "--check", verbosity=0)
        RecallCount.objects.update(visits=7)
        with pytest.raises(Exception, match="figures are wrong"):
            call_command("rebuild_recall", "--check")
        assert self.figures() == (7, 0)
        call_command("rebuild_recall")
        assert self.figures() == (2, 0)

    def test_a_lost_figure_is_made_again(self):
        self.take_in(self.visit())
        RecallCount.objects.all().delete()
        call_command("rebuild_recall")
        assert self.figures() == (1, 0)


VISITS = st.lists(
    st.tuples(
        st.integers(0, 2),  # whose message
        st.sampled_from(["recipient", "other", "stranger", "nobody"]),
        st.integers(0, 9),  # days after noon
    ),
    max_size=10,
)


class AnyOrderTests(HypothesisTestCase, RecallCase):
    @limits(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(visits=VISITS, data=st.data())
    def test_visits_in_any_order_repeated_and_late_give_the_same_figures(self, visits, data):
        send = self.make_send(self.people)
        told = [self._told(send, *visit) for visit in visits]
        shuffled = data.draw(st.permutations(told + told[::2]))
        cut = data.draw(st.integers(0, len(shuffled)))
        results = [self.take_in(*shuffled[:cut])]
        hours.roll_up()
        results.append(self.take_in(*shuffled[cut:]))
        hours.roll_up()
        in_time = [(whose, who) for whose, who, days in visits if days <= 7]
        recipients = {whose for whose, who in in_time if who in ("recipient", "nobody")}
        others = {whose for whose, who in in_time if who in ("other", "stranger")}
        assert sum(result.accepted for result in results) == len(told)
        assert self.figures(send) == (len(recipients), len(others))
        call_command("rebuild_recall", "--check", verbosity=0)
        earliest = {(whose, who in ("other", "stranger")): 99 for whose, who in in_time}
        for whose, who, days in visits:
            key = (whose, who in ("other", "stranger"))
            if key in earliest:
                earliest[key] = min(earliest[key], days)
        kept = Visit.objects.filter(send=send).values_list("shared", "at")
        assert sorted(kept) == sorted((shared, NOON + days * DAY) for (_w, shared), days in earliest.items())

    def _told(self, send, whose: int, who: str, days: int) -> signals.Told:
        open_ids = {
            "recipient": self.people[whose].open_id,
            "other": self.people[(whose + 1) % 3].open_id,
            "stranger": STRANGER,
            "nobody": "",
        }
        token = self.token(self.people[whose], send)
        return self.visit(token=token, open_id=open_ids[who], at=NOON + days * DAY)


@pytest.mark.race
class RaceTests(CommittedRecallCase):
    def test_one_batch_reported_by_many_at_once_counts_once(self):
        told = [self.visit(who) for who in self.people]
        told += [
            self.told("subscribed", open_id=f"{STRANGER}{n}", template_id=self.template.template_id)
            for n in range(10)
        ]
        results: list[signals.Result] = []

        def report(order: list[signals.Told]) -> None:
            try:
                results.append(self.take_in(*order, key=self.server))
            finally:
                connection.close()

        threads = [
            threading.Thread(target=report, args=(told if turn % 2 else told[::-1],)) for turn in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(results) == 6
        assert sum(result.accepted for result in results) == len(told)
        assert sum(result.repeated for result in results) == 5 * len(told)
        assert self.figures() == (3, 0)
        granted = Consent.objects.filter(customer__open_id__startswith=STRANGER)
        assert list(granted.values_list("units", flat=True)) == [1] * 10
