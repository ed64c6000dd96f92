"""Visits by the link of an order: the order's, once, whenever and in whatever order they are reported."""

from datetime import timedelta

from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from merchants import tokens
from messaging.models import OrderVisit, OrderVisitDay, Signal, UntiedVisits
from messaging.recall import order_visits, untied
from orders.models import Order
from tests import build, build_orders
from tests.messaging.recall.base import DAY, NOON, RecallCase

WINDOW = 30 * DAY


class _Steps(RecallCase):
    def setUp(self):
        super().setUp()
        self.order = self.make_order()

    def make_order(self, app=None, **fields) -> Order:
        given = {"customer": self.people[0]} if app is None else {}
        given |= {"created_at": NOON, "link_page": "pages/order/detail?rt=1", **fields}
        return build_orders.order(app or self.mini_program, **given)

    def came(self, order=None, **changes):
        return self.told("visited", token=tokens.make_for_order((order or self.order).pk), **changes)

    def visits(self) -> tuple[int | None, int | None]:
        day = NOON.date()
        found = order_visits.visits_of(self.mini_program, first=day, last=day)
        return found.visits, found.shared


class OrderVisitTests(_Steps):
    def test_the_buyer_and_others_count_once_each(self):
        buyer, other = self.people[0].open_id, self.people[1].open_id
        told = [self.came(open_id=buyer), self.came(open_id=buyer), self.came(), self.came(open_id=other)]
        assert self.take_in(*told, self.came(open_id="012stranger0001")).accepted == 5
        assert self.visits() == (1, 1)
        row = OrderVisitDay.objects.get()
        assert (row.day, row.scene) == (NOON.date(), "online_rental")
        assert not UntiedVisits.objects.exists()

    def test_nothing_reported_is_not_known_and_no_visit_on_a_day_is_none(self):
        assert self.visits() == (None, None)
        older = self.make_order(created_at=NOON - 3 * DAY)
        self.take_in(self.came(older))
        assert self.visits() == (0, 0)

    def test_the_same_report_again_counts_once(self):
        told = self.came()
        self.take_in(told, told)
        assert self.take_in(told).repeated == 1
        assert self.visits() == (1, 0)

    def test_after_the_window_it_is_kept_and_not_counted(self):
        late = self.came(at=NOON + WINDOW + timedelta(seconds=1))
        assert self.take_in(late).accepted == 1
        assert self.visits() == (None, None)
        assert self.take_in(self.came(at=NOON + WINDOW)).accepted == 1
        assert self.visits() == (1, 0)

    def test_another_mini_programs_order_and_one_that_was_never_synced_are_refused(self):
        other = self.make_order(build.mini_program(build.merchant("other-shop"), app_id="2021999999999999"))
        unsynced = self.make_order(link_page="")
        result = self.take_in(self.came(other), self.came(unsynced))
        assert [why for _id, why in result.rejected] == [
            "token: not one of this mini program's messages",
            "token: this order was never synced",
        ]
        assert not Signal.objects.filter(kind="visited").exists() and not OrderVisit.objects.exists()

    def test_the_earliest_visit_stays(self):
        self.take_in(self.came(at=NOON + 2 * DAY))
        self.take_in(self.came(at=NOON + DAY), self.came(at=NOON + 3 * DAY))
        assert OrderVisit.objects.get().at == NOON + DAY

    def test_counting_untied_visits_again_leaves_out_those_of_orders_and_crowds(self):
        self.take_in(self.came(), self.told("visited", scene="1014"))
        assert untied.recount(at=NOON + 2 * DAY) == []
        assert UntiedVisits.objects.get().visits == 1

    def test_rebuild_names_a_wrong_figure_and_mends_it(self):
        call_command("rebuild_recall")
        self.take_in(self.came())
        OrderVisitDay.objects.update(visits=9)
        with self.assertRaisesMessage(CommandError, "1 figures are wrong"):
            call_command("rebuild_recall", "--check")
        call_command("rebuild_recall")
        assert self.visits() == (1, 0) and order_visits.recount(repair=False) == []


class ShuffledVisits(_Steps, HypothesisTestCase):
    @given(
        st.lists(st.tuples(st.integers(0, 1), st.integers(-1, 2), st.integers(0, 40)), max_size=8).flatmap(
            lambda told: st.tuples(st.just(told), st.permutations(told), st.integers(1, 4))
        )
    )
    @limits(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_repeated_and_shuffled_reports_give_the_same_figures(self, drawn):
        told, shuffled, step = drawn
        orders = [self.make_order(), self.make_order(customer=self.people[1])]
        signals = {
            one: self.came(
                orders[one[0]],
                open_id="" if one[1] < 0 else self.people[one[1]].open_id,
                at=NOON + one[2] * DAY,
            )
            for one in told
        }
        for first in range(0, len(shuffled), step):
            some = [signals[one] for one in shuffled[first : first + step]]
            self.take_in(*some, *some)
        expected = {(order, person >= 0 and person != order) for order, person, days in told if days <= 30}
        visits = sum(not shared for _order, shared in expected), sum(shared for _order, shared in expected)
        assert self.visits() == (visits if expected else (None, None))
        assert order_visits.recount(repair=False) == []
