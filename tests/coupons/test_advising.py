"""Advice on terms that invite abuse, from what is filled in and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from coupons.advising import Advice, Point, advice_on
from coupons.models import Coupon

NOW = timezone.now()
GOOD: dict[str, Any] = {
    "kind": "reduction",
    "amount_fen": 500,
    "floor_fen": 1_000,
    "per_person": 1,
    "validity": "relative",
    "valid_days": 7,
}


def points(**changes: Any) -> list[Point]:
    return [one.point for one in advice_on(Coupon(**{**GOOD, **changes}))]


def test_good_terms_are_told_to_be_good() -> None:
    found = advice_on(Coupon(**GOOD))
    assert [one.point for one in found] == [Point.THRESHOLD, Point.LIMIT, Point.SHORT]
    assert all(one.is_good for one in found)


@pytest.mark.parametrize("floor_fen", [None, 100, 500])
def test_a_threshold_not_above_what_comes_off_makes_some_bill_free(floor_fen: int | None) -> None:
    assert advice_on(Coupon(**{**GOOD, "floor_fen": floor_fen}))[0] == Advice(
        Point.FREE_GOODS, floor_fen=1_000
    )


def test_a_discount_wants_a_ceiling() -> None:
    discount = {"kind": "discount", "amount_fen": None, "discount_tenths": 80}
    assert points(**discount)[0] == Point.NO_CEILING
    assert points(**discount, ceiling_fen=2_000)[0] == Point.THRESHOLD


def test_no_limit_a_person_is_told() -> None:
    assert Point.NO_LIMIT in points(per_person=None)


@pytest.mark.parametrize(("days", "point"), [(1, "short"), (30, "short"), (31, "long"), (365, "long")])
def test_days_after_claiming(days: int, point: str) -> None:
    assert points(valid_days=days)[-1] == point


def test_fixed_days_count_from_the_first_claim_to_the_last_use() -> None:
    fixed = {"validity": "fixed", "valid_days": None, "publish_from": NOW, "use_from": NOW}
    assert points(**fixed, use_until=NOW + timedelta(days=60))[-1] == Point.SHORT
    assert points(**fixed, use_until=NOW + timedelta(days=61))[-1] == Point.LONG


def test_what_is_not_filled_in_is_not_judged() -> None:
    assert points(amount_fen=None, valid_days=None) == [Point.LIMIT]
    assert points(kind="exchange") == [Point.LIMIT, Point.SHORT]
