"""What a live coupon needs somebody to look at: judged from kept figures, the worst first."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from coupons import watching
from coupons.models import Coupon, CouponCount, CouponDay
from coupons.terms import beijing_day
from coupons.watching import Finding
from tests import build_coupons
from tests.base import CastCase

NOW = timezone.now()
USUAL: dict[str, Any] = {
    "stock": 1_000,
    "publish_from": NOW - timedelta(days=9),
    "publish_until": NOW + timedelta(days=20),
    "state": "published",
}


def found(recent: int = 0, counts: dict[str, int] | None = None, **columns: Any) -> list[str]:
    coupon = Coupon(**{**USUAL, **columns})
    count = CouponCount(coupon=coupon, **(counts or {}))
    return [one.finding.value for one in watching.findings(coupon, count, recent=recent, at=NOW)]


@pytest.mark.parametrize(
    ("counts", "recent", "columns", "expected"),
    [
        ({"taken": 500, "claimed": 500, "redemptions": 200}, 0, {}, []),
        ({"taken": 1_000, "claimed": 1_000, "redemptions": 500}, 0, {}, ["gone"]),
        ({"taken": 900, "claimed": 900, "redemptions": 500}, 0, {}, ["low"]),
        ({"taken": 899, "claimed": 899, "redemptions": 500}, 0, {}, []),
        ({"taken": 500, "claimed": 500, "redemptions": 200}, 750, {}, ["low"]),
        ({"taken": 500, "claimed": 500, "redemptions": 200}, 740, {}, []),
        ({"taken": 1, "claimed": 1}, 0, {"publish_until": NOW + timedelta(days=3)}, ["ending"]),
        ({"taken": 1, "claimed": 1}, 0, {"publish_until": NOW + timedelta(days=3, seconds=1)}, []),
        ({"taken": 801, "claimed": 801, "redemptions": 300}, 0, {"publish_until": NOW + timedelta(1)}, []),
        ({"taken": 50, "claimed": 50, "redemptions": 4}, 0, {}, ["few_used"]),
        ({"taken": 50, "claimed": 50, "redemptions": 5}, 0, {}, []),
        ({"taken": 49, "claimed": 49}, 0, {}, []),
        ({"taken": 50, "claimed": 50}, 0, {"publish_from": NOW - timedelta(days=6)}, []),
        ({"taken": 9, "claimed": 9, "redemptions": 9, "saved_fen": 800}, 0, {"budget_fen": 1_000}, ["spent"]),
        ({"taken": 9, "claimed": 9, "redemptions": 9, "saved_fen": 799}, 0, {"budget_fen": 1_000}, []),
        ({"taken": 9, "claimed": 9, "redemptions": 9}, 0, {"budget_fen": 1_000}, []),  # no bill was told
    ],
)
def test_each_is_told_from_its_threshold_on(
    counts: dict[str, int], recent: int, columns: dict[str, Any], expected: list[str]
) -> None:
    assert found(recent, counts, **columns) == expected


@given(st.integers(0, 1_000), st.integers(0, 1_000), st.integers(0, 3_000))
def test_a_coupon_with_less_left_or_a_faster_pace_is_never_told_less_urgently(
    taken: int, more: int, recent: int
) -> None:
    def urgency(gone: int, pace: int) -> int:
        told = found(pace, {"taken": gone, "claimed": gone, "redemptions": gone})
        return 2 if "gone" in told else 1 if "low" in told else 0

    gone = min(1_000, taken + more)
    assert urgency(gone, recent) >= urgency(taken, recent)
    assert urgency(taken, recent + 1) >= urgency(taken, recent)


class Watching(CastCase):
    def made(self, taken: int = 0, **columns: Any) -> Coupon:
        coupon = build_coupons.coupon(self.mini_program, **columns)
        CouponCount.objects.filter(coupon=coupon).update(taken=taken, claimed=taken, redemptions=taken)
        return coupon

    def test_the_worst_stand_first_and_what_is_not_live_is_left_out(self) -> None:
        low, gone = self.made(950), self.made(1_000)
        self.made(1_000, state="stopped")
        CouponCount.objects.filter(coupon=self.made(500)).update(taken=0)
        told = watching.watch(self.yunduo, at=timezone.now())
        self.assertEqual(
            [(one.coupon, one.finding) for one in told], [(gone, Finding.GONE), (low, Finding.LOW)]
        )

    def test_the_pace_is_that_of_the_last_days(self) -> None:
        coupon, today = self.made(500), beijing_day(timezone.now())
        for days, n in ((0, 400), (2, 380), (3, 9_000)):
            day = today - timedelta(days=days)
            CouponDay.objects.create(coupon=coupon, day=day, source="claim", claimed=n)
        [one] = watching.watch(self.yunduo, at=timezone.now())
        self.assertEqual(one.finding, Finding.LOW)
        self.assertAlmostEqual(one.days_left or 0, 500 * 3 / 780, places=3)

    def test_another_merchants_coupons_are_not_watched_and_the_cost_does_not_grow(self) -> None:
        build_coupons.coupon(self.other_mini_program, stock=0)
        self.assertEqual(watching.watch(self.yunduo, at=timezone.now()), [])
        for _n in range(5):
            self.made(1_000)
        with self.assertNumQueries(2):
            self.assertEqual(len(watching.watch(self.yunduo, at=timezone.now())), 5)
