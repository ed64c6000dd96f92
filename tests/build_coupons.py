"""Builder functions for coupons: one that is live, and customers who hold it, with books that agree."""

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from coupons import bodies, counting, ledger
from coupons.models import CodeBook, Coupon, CouponCode, CouponDifference, CouponGrant, Placement
from membership.models import Customer
from merchants.models import GatewayCall, MiniProgram
from tests import build_messaging

_numbers = itertools.count(1)


def coupon(app: MiniProgram, **columns: Any) -> Coupon:
    """满10减5 of which 1,000 can be claimed since yesterday, for 30 days; each can be used 7 days."""
    now, number = timezone.now(), next(_numbers)
    made: Coupon = Coupon.objects.create(
        merchant=app.merchant,
        mini_program=app,
        form_token=uuid.uuid4(),
        **{
            "state": "published",
            "family": "pay",
            "kind": "reduction",
            "name": "满10减5",
            "amount_fen": 500,
            "floor_fen": 1_000,
            "publish_from": now - timedelta(days=1),
            "publish_until": now + timedelta(days=30),
            "validity": "relative",
            "valid_days": 7,
            "stock": 1_000,
            "activity_id": f"2026112300826004{number:016d}",
            **columns,
        },
    )
    counting.ensure(made.pk)
    return made


def with_codes(app: MiniProgram, **book: Any) -> Coupon:
    """A merchant coupon: two codes deposited, one refused by the platform, one that waits."""
    made = coupon(app, family="merchant", code_mode="upload", stock=0, name="券码券")
    rows = [CouponCode(coupon=made, code=f"YD-{n:06d}", number=n) for n in range(1, 5)]
    rows[0].deposited_at = rows[1].deposited_at = timezone.now()
    rows[2].refusal, rows[2].words, rows[2].code = "VOUCHER_CODE_REPEATED", "券码重复", "=YD-000003"
    CouponCode.objects.bulk_create(rows)
    CodeBook.objects.create(
        merchant=app.merchant, coupon=made, **{"uploaded": 4, "deposited": 2, "failed": 1, **book}
    )
    return made


def silent(app: MiniProgram) -> Coupon:
    """Being created, and the platform never answered."""
    made = coupon(app, state="creating", operations=1, wish={"from": "draft"})
    body = bodies.create_body(made, out_biz_no=f"coupon-{made.pk}-1")
    call = GatewayCall.objects.create(
        merchant=app.merchant,
        mini_program=app,
        method="alipay.marketing.activity.voucher.create",
        target_kind="coupon",
        target_id=made.pk,
        idempotency_key=f"coupon:{made.pk}:1:1",
        body=body,
        state=GatewayCall.State.UNKNOWN,
        finished_at=timezone.now(),
        settled_at=timezone.now(),
    )
    Coupon.objects.filter(pk=made.pk).update(call=call)
    return made


def grant(
    of: Coupon,
    customer: Customer | None = None,
    *,
    at: datetime | None = None,
    code: str = "",
    ends_at: datetime | None = None,
) -> CouponGrant:
    """Claimed on the platform, now or `at`."""
    number = next(_numbers)
    person = customer or build_messaging.people(of.mini_program, 1)[0]
    fact = ledger.Fact(f"test:claim:{number}", at or timezone.now(), ledger.By.PLATFORM)
    with transaction.atomic():
        return ledger.claimed_by_platform(
            of, person, fact, voucher_id=f"voucher{number:08d}", code=code, ends_at=ends_at
        ).grant


def fact(at: datetime | None = None, *, key: str = "", **known: Any) -> ledger.Fact:
    """One that nobody told before, unless `key` says which."""
    by = known.pop("by", ledger.By.PLATFORM)
    return ledger.Fact(key or f"test:fact:{next(_numbers)}", at or timezone.now(), by, **known)


def difference(of: Coupon, held: CouponGrant | None = None, **fields: Any) -> CouponDifference:
    """Used there and not here, open, found just now."""
    held, at = held or grant(of), timezone.now()
    made: CouponDifference = CouponDifference.objects.create(
        merchant=of.merchant,
        mini_program=of.mini_program,
        coupon=of,
        **{
            "kind": "used_there",
            "about": f"grant:{held.pk}",
            "grant": held,
            "customer": held.customer,
            "ours": {"state": "claimed", "used": 0},
            "theirs": {
                "voucher_id": held.voucher_id,
                "status": "USED",
                "used": 1,
                "trade_no": "2026112322001",
            },
            "found_at": at,
            "seen_at": at,
            **fields,
        },
    )
    return made


def placement(of: Coupon, *, booth: str = "PAYMENT_RESULT", **columns: Any) -> Placement:
    """Live since a day, for ten more."""
    now, number = timezone.now(), next(_numbers)
    return Placement.objects.create(
        merchant=of.merchant,
        mini_program=of.mini_program,
        coupon=of,
        booth=booth,
        form_token=uuid.uuid4(),
        **{
            "name": f"计划{number:04d}",
            "template_ref": "3C_RENT:APPROVAL" if booth == "SERVICE_MESSAGE" else "",
            "begins_at": now - timedelta(days=1),
            "ends_at": now + timedelta(days=10),
            "state": "active",
            "operations": 1,
            "delivery_id": f"2026112300001{number:019d}",
            **columns,
        },
    )
