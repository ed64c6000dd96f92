"""A status by one statement leaves the very rows that the long way leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from orders import at_once
from orders.given import FIELD_CHARACTERS, OrderRefused, StatusGiven
from orders.intake import OrderUnknown, receive_status
from orders.models import Order, StatusChange
from tests import build, build_messaging, build_orders

BEGIN = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
STATUSES = ["APPLYING", "WAIT_PAY", "IN_DELIVERY", "FINISHED", "NO_SUCH"]
FIELDS = ["total_rent", "courier_number", "note"]
RETURNS = st.lists(
    st.tuples(
        st.sampled_from(STATUSES),
        st.integers(min_value=0, max_value=4),  # seconds, so that times come again
        st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["", "1.00", "x", "含'引号\\"]), max_size=3),
    ),
    max_size=8,
)


def rows_of(order: Order) -> list[tuple[Any, ...]]:
    names = (
        "status",
        "modified_at",
        "fields",
        "source",
        "lacks_fields",
        "repeats",
        "state",
        "attempt",
        "cause",
    )
    order.refresh_from_db()
    changes = StatusChange.objects.filter(order=order).order_by("modified_at").values_list(*names, "sub_code")
    return [(order.status, order.status_at, order.fields), *changes]


class TheSame(TestCase):
    def setUp(self) -> None:
        self.app = build.mini_program(build.merchant())
        self.person = build_messaging.people(self.app, 1)[0]

    def returned(self, order: Order, status: str, second: int, fields: dict[str, str]) -> str:
        at = BEGIN + timedelta(seconds=second)
        try:
            return receive_status(self.app, order.out_biz_no, StatusGiven(status, at, fields), source="api")
        except OrderRefused as refusal:
            return refusal.code

    @hypothesis_settings(max_examples=60, deadline=None)
    @drawn(RETURNS)
    def test_whatever_comes_in_whatever_order(self, returns: list[tuple[str, int, dict[str, str]]]) -> None:
        quick, long = (build_orders.order(self.app, customer=self.person) for _way in range(2))
        with pytest.MonkeyPatch.context() as patch:
            said = [self.returned(quick, *one) for one in returns]
            patch.setattr(at_once, "take", lambda *_given, **_more: False)
            assert [self.returned(long, *one) for one in returns] == said
        assert rows_of(quick) == rows_of(long)


@pytest.mark.django_db
class TestLeft:
    """What speaks against a status is left to the intake, and nothing is kept."""

    def order(self, **fields: Any) -> Order:
        return build_orders.order(build.mini_program(build.merchant()), **fields)

    def take(self, order: Order, **given: Any) -> bool:
        told = StatusGiven(given.get("status", "WAIT_PAY"), BEGIN, given.get("fields", {}))
        number = given.get("number", order.out_biz_no)
        return at_once.take(given.get("app", order.mini_program), number, told, source="api")

    def test_a_first_status_is_taken_and_a_second_of_the_same_time_is_left(self) -> None:
        order = self.order()
        assert self.take(order)
        assert not self.take(order)
        assert not self.take(order, status="IN_DELIVERY")
        assert StatusChange.objects.get().status == "WAIT_PAY"

    @pytest.mark.parametrize(
        "against",
        [
            {"number": "another"},
            {"status": "NO_SUCH"},
            {"fields": {"note": "x" * (FIELD_CHARACTERS + 1)}},
        ],
    )
    def test_what_cannot_be_taken_leaves_no_row(self, against: dict[str, Any]) -> None:
        order = self.order()
        assert not self.take(order, **against)
        assert not StatusChange.objects.exists()
        order.refresh_from_db()
        assert order.status == ""

    def test_another_mini_programs_order_is_not_known(self) -> None:
        order, other = self.order(), build.mini_program(build.merchant())
        assert not self.take(order, app=other)
        with pytest.raises(OrderUnknown):
            receive_status(other, order.out_biz_no, StatusGiven("WAIT_PAY", BEGIN), source="api")

    def test_nothing_is_kept_of_a_person_who_is_forgotten(self) -> None:
        order = self.order()
        order.customer.forgotten_at = BEGIN
        order.customer.save(update_fields=["forgotten_at"])
        assert not self.take(order)
        assert not StatusChange.objects.exists()
