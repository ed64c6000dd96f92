"""A merchant whose pushes do not arrive by themselves, with the simulated platform on the other side."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from coupons import claims, differences, reconciling
from coupons.models import Coupon, CouponCheck, CouponDifference, CouponGrant
from membership.models import Customer
from merchants.models import MiniProgram, Notice, User
from orders import coupon_uses
from tests import build, build_coupons, build_messaging
from tests.simulator.coupon_counter import Counter

RECEIVED = "alipay.marketing.activity.message.received"


class Books:
    """What is known here is what a test writes."""

    def __init__(self, counter: Counter, app: MiniProgram) -> None:
        self.counter, self.app = counter, app
        self.by: User = build.user(f"keeper-{app.app_id[-6:]}")

    def coupon(self, **columns: Any) -> Coupon:
        activity_id = self.counter.made(quantity=50, per_user=0)
        return build_coupons.coupon(self.app, activity_id=activity_id, stock=50, **columns)

    def person(self) -> Customer:
        [person] = build_messaging.people(self.app, 1, open_ids=[self.counter.person()])
        return person

    def claims(self, coupon: Coupon, person: Customer) -> dict[str, Any]:
        """There, and nowhere else yet."""
        got = self.counter.act(person.open_id or "", "claim", activity_id=coupon.activity_id)
        voucher: dict[str, Any] = got["voucher"]
        return voucher

    def known(self, coupon: Coupon, person: Customer, voucher: dict[str, Any]) -> CouponGrant:
        """The push of a claim, taken over."""
        notice = Notice.objects.create(
            merchant=coupon.merchant,
            mini_program=coupon.mini_program,
            app_id=coupon.mini_program.app_id,
            notify_id=f"N{voucher['voucher_id']}",
            kind=RECEIVED,
            fields={
                "activity_id": coupon.activity_id,
                "voucher_id": voucher["voucher_id"],
                "open_id": person.open_id,
                "event_time": str(round(timezone.now().timestamp() * 1000)),
            },
        )
        claims.take_received(notice.pk, merchant_id=coupon.merchant_id, at=timezone.now())
        return CouponGrant.objects.get(voucher_id=voucher["voucher_id"])

    def held(self, coupon: Coupon) -> CouponGrant:
        """On both sides."""
        person = self.person()
        return self.known(coupon, person, self.claims(coupon, person))

    def pays(self, grant: CouponGrant) -> dict[str, Any]:
        return self.counter.act(
            grant.customer.open_id or "", "pay", total_fee=2_500, voucher_id=grant.voucher_id
        )


def later() -> datetime:
    """When nothing is on its way any more."""
    return timezone.now() + timedelta(hours=2)


def look(coupon: Coupon, *, at: datetime | None = None) -> CouponCheck:
    at = at or later()
    check = reconciling.start(coupon)
    assert check is not None
    coupon_uses.go_on(at=at)
    for _slice in range(5):
        reconciling.go_on(at=at)
    check.refresh_from_db()
    return check


def open_kinds(coupon: Coupon) -> list[str]:
    rows = CouponDifference.objects.filter(coupon=coupon, settled_at=None)
    return sorted(rows.values_list("kind", flat=True))


def take(books: Books, coupon: Coupon, kind: str) -> CouponDifference:
    difference = CouponDifference.objects.get(coupon=coupon, kind=kind, settled_at=None)
    differences.take(difference, by=books.by, at=later())
    difference.refresh_from_db()
    assert (difference.how, difference.settled_by) == ("taken", books.by)
    return difference


def used_there(books: Books, coupon: Coupon) -> None:
    """Nobody told us of it."""
    books.pays(books.held(coupon))
