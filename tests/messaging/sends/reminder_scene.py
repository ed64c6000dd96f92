"""Coupons that end soon, who holds them, and a policy that reminds of them."""

import itertools
import uuid
from datetime import datetime, time, timedelta
from typing import Any

from coupons.models import Coupon, CouponGrant, GrantEntry
from membership.models import Customer
from merchants.models import MiniProgram, User
from merchants.partitions import BEIJING
from messaging.models import ReminderPolicy, SubscriptionTemplate
from messaging.sends.reminder_policies import Decided, create

_numbers = itertools.count(1)
TEXTS = ["{coupon}", "{until} 到期"]


def coupon(app: MiniProgram, *, at: datetime, name: str = "满10减5") -> Coupon:
    made: Coupon = Coupon.objects.create(
        merchant=app.merchant,
        mini_program=app,
        state="published",
        family="pay",
        kind="reduction",
        name=name,
        amount_fen=500,
        floor_fen=1_000,
        publish_from=at - timedelta(days=10),
        publish_until=at + timedelta(days=10),
        validity="relative",
        valid_days=7,
        stock=100_000,
        activity_id=f"activity{next(_numbers)}",
        form_token=uuid.uuid4(),
    )
    return made


def grants(of: Coupon, people: list[Customer], *, ends_at: datetime, **columns: Any) -> list[CouponGrant]:
    return CouponGrant.objects.bulk_create(
        CouponGrant(
            merchant=of.merchant,
            mini_program=of.mini_program,
            coupon=of,
            customer=person,
            voucher_id=f"voucher{next(_numbers)}",
            claimed_at=ends_at - timedelta(days=7),
            begins_at=ends_at - timedelta(days=7),
            ends_at=ends_at,
            **{"state": "claimed", "source": "claim", **columns},
        )
        for person in people
    )


def redeem(grant: CouponGrant, *, at: datetime) -> None:
    CouponGrant.objects.filter(pk=grant.pk).update(state="redeemed", used_times=1)
    GrantEntry.objects.create(
        merchant=grant.merchant,
        grant=grant,
        kind="redeemed",
        by="platform",
        source_key=f"used {grant.pk}",
        times=-1,
        left=0,
        happened_at=at,
    )


def policy(
    template: SubscriptionTemplate, by: User, *, of: Coupon | None = None, **changes: Any
) -> ReminderPolicy:
    decided: dict[str, Any] = {
        "days_before": 1,
        "hour": time(10),
        "template": template,
        "values": TEXTS,
        "page": "pages/coupon",
        "holdout_percent": 0,
    }
    return create(template.merchant, template.mini_program, of, Decided(**{**decided, **changes}), by=by)


def wall(day: datetime, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """On the day of a moment, by the clock in Beijing."""
    return datetime.combine(day.astimezone(BEIJING).date(), time(hour, minute, second), tzinfo=BEIJING)
