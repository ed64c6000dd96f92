"""A coupon held for one order: nobody else uses it meanwhile, once and for so long; it lets go by itself."""

from datetime import datetime, timedelta

from django.utils import timezone

from coupons import ledger, redeeming
from coupons.models import CouponGrant
from tests import build_coupons
from tests.coupons.use_base import UseCase


class Reserving(UseCase):
    def reserve(self, order_no: str = "O1", *, minutes: int = 10, at: datetime | None = None) -> CouponGrant:
        moment = at or timezone.now()
        return redeeming.reserve(self.fresh(), order_no=order_no, minutes=minutes, at=moment)

    def why(self, order_no: str = "O1", *, at: datetime | None = None) -> str:
        try:
            self.reserve(order_no, at=at)
        except ledger.NotPossible as error:
            return error.code
        return ""

    def test_asked_three_times_it_ends_when_it_was_to_end_at_first(self) -> None:
        now = timezone.now()
        ends = {self.reserve(at=now + timedelta(minutes=n)).reserved_until for n in range(3)}
        self.assertEqual(ends, {now + timedelta(minutes=10)})
        self.assertEqual(len(self.entries(kind="reserved")), 1)

    def test_nobody_else_has_it_and_the_order_uses_it(self) -> None:
        self.reserve()
        self.assertEqual(self.why("O2"), "reserved")
        self.assertEqual(self.refusal(order_no="O2"), "reserved")
        with self.platform():
            self.assertEqual(self.redeem(order_no="O1").state, "accepted")
        self.assertEqual((self.fresh().reserved_for, self.why()), ("", "used_up"))

    def test_it_is_never_longer_than_the_setting_allows(self) -> None:
        now = timezone.now()
        self.assertEqual(self.reserve(minutes=600, at=now).reserved_until, now + timedelta(minutes=30))

    def test_it_lets_go_by_itself_and_the_ledger_says_so(self) -> None:
        now = timezone.now()
        self.reserve(at=now)
        self.assertEqual(redeeming.release_due(at=now + timedelta(minutes=9)), 0)
        later = now + timedelta(minutes=11)
        self.assertEqual([redeeming.release_due(at=later) for _time in range(2)], [1, 0])
        [entry] = self.entries(kind="released")
        self.assertEqual((entry.by, entry.order_no), ("clock", "O1"))
        self.assertEqual((self.why(at=later), self.why("O2", at=later)), ("reservation_over", ""))

    def test_the_order_lets_it_go(self) -> None:
        self.reserve()
        now = timezone.now()
        self.assertEqual(
            [redeeming.release(self.grant, order_no=no, at=now) for no in ("O2", "O1", "O1")],
            [False, True, False],
        )
        self.assertEqual(self.why("O2"), "")

    def test_what_is_being_used_or_comes_off_at_the_cashier_cannot_be_held(self) -> None:
        self.redeem(now=False)
        self.assertEqual(self.why("O2"), "being_used")
        self.grant = build_coupons.grant(self.coupon())
        self.assertEqual(self.why(), "pay_coupon")
