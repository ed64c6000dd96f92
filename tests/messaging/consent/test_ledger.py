import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from membership.models import Customer
from messaging.consent import ledger
from messaging.models import Consent, ConsentEntry, SubscriptionTemplate
from tests import build_messaging as build
from tests.base import CastCase, CommittedCastCase

NOON = datetime(2026, 8, 3, 4, 0, tzinfo=UTC)
_keys = itertools.count(1)


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


class LedgerCase(CastCase):
    def setUp(self):
        self.template = build.template(self.mini_program)
        self.standing = build.template(self.mini_program, kind="long_term")
        (self.person,) = build.people(self.mini_program, 1)

    def grant(self, at: int = 0, units: int = 1, key: str = "", **changes) -> bool:
        return ledger.grant(
            **{
                "template": self.template,
                "customer": self.person,
                "units": units,
                "source": "signal",
                "source_key": key or f"key{next(_keys)}",
                "at": minute(at),
                "now": minute(1000),
                **changes,
            }
        )

    def revoke(self, at: int = 0, key: str = "", **changes) -> bool:
        return ledger.revoke(
            **{
                "template": self.template,
                "customer": self.person,
                "source": "signal",
                "source_key": key or f"key{next(_keys)}",
                "at": minute(at),
                "now": minute(1000),
                **changes,
            }
        )

    def consent(self, template: SubscriptionTemplate | None = None) -> Consent:
        return Consent.objects.get(customer=self.person, template=template or self.template)

    def lines(self) -> list[tuple[str, int]]:
        return list(ConsentEntry.objects.order_by("id").values_list("kind", "units"))

    def assert_balanced(self) -> None:
        kinds = dict(ConsentEntry.objects.values_list("kind").annotate(Sum("units")))
        assert kinds.get("granted", 0) - kinds.get("revoked", 0) == self.consent().units


class OneTimeTests(LedgerCase):
    def test_units_accumulate(self):
        self.grant(0, units=2)
        self.grant(1, units=3)
        assert self.consent().units == 5
        assert self.lines() == [("granted", 2), ("granted", 3)]

    def test_the_same_report_twice_counts_once(self):
        assert self.grant(0, key="a")
        assert not self.grant(0, key="a")
        assert (self.consent().units, len(self.lines())) == (1, 1)

    def test_a_revoke_takes_the_whole_balance_as_one_line(self):
        self.grant(0, units=4)
        assert self.revoke(1, key="r")
        assert not self.revoke(1, key="r")
        consent = self.consent()
        assert (consent.units, consent.standing) == (0, False)
        assert consent.revoked_at is not None
        assert self.lines() == [("granted", 4), ("revoked", 4)]

    def test_a_revoke_takes_only_what_is_left_after_sends(self):
        self.grant(0, units=4)
        Consent.objects.update(units=1)  # three were spent by the engine
        self.revoke(1)
        assert self.lines()[-1] == ("revoked", 1)

    def test_a_revoke_of_nothing_is_still_written_down(self):
        self.revoke(0)
        assert self.lines() == [("revoked", 0)]

    def test_a_grant_that_arrives_after_a_later_revoke_is_taken_back_by_a_line(self):
        self.revoke(5)
        self.grant(3, units=2)
        assert self.consent().units == 0
        assert self.lines() == [("revoked", 0), ("granted", 2), ("revoked", 2)]
        self.grant(6)
        assert self.consent().units == 1

    def test_a_revoke_that_arrives_late_leaves_what_was_granted_after_it(self):
        self.grant(0, units=2)
        self.grant(9, units=3)
        self.revoke(5)
        assert (self.consent().units, self.lines()[-1]) == (3, ("revoked", 2))

    def test_a_late_revoke_that_meets_nothing_does_not_reach_units_in_flight(self):
        self.grant(9)
        self.revoke(5)
        consent = self.consent()
        assert (consent.units, consent.revoked_at) == (1, None)

    def test_a_line_that_took_back_a_unit_is_no_word_of_the_person(self):
        self.grant(0)
        ConsentEntry.objects.create(
            merchant=self.yunduo,
            customer=self.person,
            template=self.template,
            kind="revoked",
            units=0,
            source="give_back",
            source_key="give_back:1:1:1",
            at=minute(50),
        )
        self.grant(10)
        assert self.consent().units == 2

    def test_a_time_ahead_of_ours_counts_as_now(self):
        self.grant(5000, now=minute(10))
        self.revoke(11, now=minute(11))
        assert self.consent().units == 0


class LongTermTests(LedgerCase):
    def test_granting_stands_until_it_is_revoked(self):
        self.grant(0, template=self.standing, units=7)
        assert (self.consent(self.standing).standing, self.consent(self.standing).units) == (True, 0)
        self.revoke(1, template=self.standing)
        assert not self.consent(self.standing).standing
        assert self.lines() == [("standing_granted", 0), ("standing_revoked", 0)]

    def test_late_reports_do_not_overrule_newer_ones(self):
        self.grant(9, template=self.standing)
        self.revoke(5, template=self.standing)
        assert self.consent(self.standing).standing
        self.revoke(20, template=self.standing)
        self.grant(15, template=self.standing)
        assert not self.consent(self.standing).standing


class ManyTests(LedgerCase):
    def test_a_batch_is_written_in_its_order_and_tells_the_repeats(self):
        (other,) = build.people(self.mini_program, 1)
        self.grant(0, key="known")
        changes = [
            ledger.Change(self.template, self.person.pk, True, "known", minute(0)),
            ledger.Change(self.template, self.person.pk, True, "a", minute(1), 2),
            ledger.Change(self.template, self.person.pk, False, "b", minute(2)),
            ledger.Change(self.template, self.person.pk, True, "c", minute(3), 5),
            ledger.Change(self.standing, other.pk, True, "c", minute(3)),
            ledger.Change(self.template, self.person.pk, True, "a", minute(1), 2),
        ]
        repeats = ledger.change_many(changes, source="signal", now=minute(9))
        assert repeats == [True, False, False, False, False, True]
        assert self.consent().units == 5
        assert Consent.objects.get(customer=other).standing
        self.assert_balanced()

    def test_two_hundred_changes_take_as_many_statements_as_one(self):
        people = build.people(self.mini_program, 200)
        changes = [ledger.Change(self.template, who.pk, True, "k", minute(0)) for who in people]
        with self.assertNumQueries(9):  # 7 of ours, savepoint and its release
            ledger.change_many(changes[:1], source="signal", now=minute(0))
        with self.assertNumQueries(9):
            ledger.change_many(changes[1:], source="signal", now=minute(0))
        assert Consent.objects.filter(units=1).count() == 200

    def test_ending_all_of_one_person_leaves_others_alone(self):
        (other,) = build.people(self.mini_program, 1)
        self.grant(0, units=2)
        self.grant(0, template=self.standing)
        self.grant(0, customer=other)
        assert ledger.end_all_of(self.person, source="forgotten", source_key="event:1", at=minute(5)) == 2
        assert ledger.end_all_of(self.person, source="forgotten", source_key="event:1", at=minute(5)) == 0
        assert (self.consent().units, self.consent(self.standing).standing) == (0, False)
        assert Consent.objects.get(customer=other).units == 1


REPORTS = st.lists(st.tuples(st.booleans(), st.integers(0, 12), st.integers(1, 3)), min_size=1, max_size=12)


class AnyOrderTests(HypothesisTestCase, LedgerCase):
    @limits(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(reports=REPORTS, data=st.data())
    def test_reports_in_any_order_and_repeated_give_the_same_balance(self, reports, data):
        (person,) = build.people(self.mini_program, 1)
        changes = [
            ledger.Change(template, person.pk, granted, f"k{n}", minute(at), units)
            for n, (granted, at, units) in enumerate(reports)
            for template in (self.template, self.standing)
        ]
        shuffled = data.draw(st.permutations(changes + changes[: len(changes) // 2]))
        cut = data.draw(st.integers(0, len(shuffled)))
        for part in (shuffled[:cut], shuffled[cut:]):
            ledger.change_many(part, source="signal", now=minute(1000))
        last = max((at for granted, at, _units in reports if not granted), default=-1)
        expected = sum(units for granted, at, units in reports if granted and at > last)
        assert Consent.objects.get(customer=person, template=self.template).units == expected
        standing = Consent.objects.get(customer=person, template=self.standing).standing
        assert standing == (expected > 0)
        kinds = dict(ConsentEntry.objects.filter(customer=person).values_list("kind").annotate(Sum("units")))
        assert kinds.get("granted", 0) - kinds.get("revoked", 0) == expected


@pytest.mark.race
class RaceTests(CommittedCastCase):
    def test_the_same_batch_reported_by_many_at_once_counts_once(self):
        template = build.template(self.mini_program)
        people = build.people(self.mini_program, 20)
        failures: list[BaseException] = []

        def report(order: list[Customer]) -> None:
            changes = [ledger.Change(template, who.pk, True, "once", NOON, 2) for who in order]
            try:
                ledger.change_many(changes, source="signal", now=NOON)
            except BaseException as error:
                failures.append(error)
            finally:
                connection.close()

        threads = [
            threading.Thread(target=report, args=(people if turn % 2 else people[::-1],)) for turn in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not failures
        assert set(Consent.objects.values_list("units", flat=True)) == {2}
        assert ConsentEntry.objects.count() == len(people)
