"""A coupon that is live, and a batch issue of it with somebody in every state there is."""

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from coupons import counting, ledger
from coupons.models import Coupon, CouponRun
from merchants import events
from tests import build_coupons, build_giving
from tests.browser.scenes import Scenes

NAME = "周末满10减5"
OUTCOMES = (
    *[("claimed", "")] * 5,
    *[("refused", "COUNT_OVER_LIMIT")] * 2,
    ("refused", "limit_reached"),
    ("unknown", ""),
)


def a_coupon(scenes: Scenes) -> Coupon:
    """Live, made once."""
    found: Coupon | None = Coupon.objects.filter(mini_program=scenes.house.app, name=NAME).first()
    return found or build_coupons.coupon(scenes.house.app, name=NAME, per_person=2)


def a_run(scenes: Scenes) -> CouponRun:
    """Finished, made once."""
    coupon = a_coupon(scenes)
    found: CouponRun | None = CouponRun.objects.filter(coupon=coupon).first()
    if found is not None:
        return found
    people, at = scenes.without_consent(len(OUTCOMES)), timezone.now()
    run = build_giving.run(
        coupon,
        by=scenes.by,
        to=scenes.people_list(people, "双十一老客"),
        state=CouponRun.State.FINISHED,
        started_at=at,
        finished_at=at,
    )
    with transaction.atomic():
        for number, (person, (state, refusal)) in enumerate(zip(people, OUTCOMES, strict=True)):
            first = "sending" if state == "claimed" else state
            grant = build_giving.gift(
                coupon, person, run=run, source="batch", state=first, refusal=refusal,
            )  # fmt: skip
            if state == "claimed":
                fact = ledger.Fact(f"given:{grant.pk}", at, ledger.By.ANSWER)
                ledger.claimed(grant, fact, voucher_id=f"2026112300073002{run.pk:06d}{number:010d}")
        for kind in ("started", "issuing", "finished"):
            by = scenes.by if kind == "started" else None
            events.record(f"coupon_run.{kind}", merchant=run.merchant, by=by, subject=run)
    counting.ensure(coupon.pk)
    return run


def of_run(tail: str = "") -> Callable[[Scenes], str]:
    return lambda scenes: f"coupons/runs/{a_run(scenes).pk}/{tail}"


def to_give(scenes: Scenes) -> str:
    return f"coupons/{a_coupon(scenes).pk}/give/"


def to_issue(scenes: Scenes) -> str:
    return f"coupons/{a_coupon(scenes).pk}/issue/{a_run(scenes).people_list_id}/"


def batch_issues(scenes: Scenes) -> str:
    a_run(scenes)
    return "coupons/runs/"
