"""Coupons of the two shops: designed, live on both sides, shown, claimed and partly used a moment ago.

Told by the operations of the product and by what people do on the pretend platform; what the platform would
push is read from it, since its pushes reach us only once the console runs. Repeatable.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as wall_time
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.demo.scene import Scene, token
from console.demo.shops import COUPON, STANDING
from console.demo.templates import wait
from coupons import (
    designing,
    ledger,
    life,
    placement_settling,
    placing,
    redeeming,
    settling,
    taking,
    use_answers,
    use_calls,
)
from coupons.models import Coupon, CouponGrant, Placement
from coupons.models.coupon import CouponState, Family
from coupons.models.placement import Booth
from membership.models import Customer
from merchants import calls
from merchants.models import GatewayCall, User
from messaging.models import ReminderPolicy
from messaging.sends import reminder_policies

PATIENCE_SECONDS = 60.0
BILL_FEN = 20_000
SETTLED = {
    life.SETTLE_TASK: settling.settle_operation,
    placing.SETTLE_TASK: placement_settling.settle_placement,
    use_calls.SETTLE_TASK: use_answers.settle_use,
}
RELATED = ("merchant", "mini_program", "mini_program__provider_app", "call")


@dataclass(frozen=True)
class Plan:
    """One coupon. `claims` people get it, the first `uses` of them use it; `booth`: where it is shown."""

    name: str
    columns: Mapping[str, Any]
    claims: int
    uses: int
    booth: Booth | None = None


PLANS: Mapping[str, Sequence[Plan]] = {
    "yunduo": (
        Plan(
            "续租立减 20 元",
            {"family": "pay", "kind": "reduction", "amount_fen": 2_000, "floor_fen": 10_000, "stock": 500},
            claims=60,
            uses=18,
            booth=Booth.PAYMENT_RESULT,
        ),
        Plan(
            "换新补贴 50 元",
            {
                "family": "merchant",
                "kind": "reduction",
                "amount_fen": 5_000,
                "floor_fen": 30_000,
                "stock": 200,
            },
            claims=24,
            uses=7,
        ),
    ),
    "qingcha": (
        Plan(
            "第二杯半价",
            {"family": "pay", "kind": "discount", "discount_tenths": 50, "ceiling_fen": 1_000, "stock": 300},
            claims=45,
            uses=21,
            booth=Booth.SERVICE_MESSAGE,
        ),
    ),
}
REMINDED: Mapping[str, tuple[str, list[str]]] = {
    "yunduo": (STANDING, ["{coupon}", "打开小程序，下单时自动抵扣", "{until}"]),
}


def tell(scene: Scene) -> None:
    by = scene.users[scene.past.shop.authors[0]]
    for plan in PLANS[scene.slug]:
        coupon = _live(scene, plan, by=by)
        _claims(scene, coupon, plan)
        _till(scene, coupon, plan, by=by)
        if plan.booth is not None:
            _place(scene, coupon, plan.booth, by=by)
    _remind(scene, by=by)


def _live(scene: Scene, plan: Plan, *, by: User) -> Coupon:
    """Handed over and published; asked for until the platform says that it is live."""
    now = timezone.now().replace(microsecond=0)
    usual = {
        **{
            "name": plan.name,
            "publish_from": now - timedelta(hours=9),
            "publish_until": now + timedelta(days=30),
        },
        **{"validity": "relative", "valid_days": 7, "per_person": 1, "per_person_period": "life"},
        **{"max_uses": 1, "code_mode": "platform", "scope": "all"},
    }
    key = token(f"coupon {scene.app.app_id} {plan.name}")
    coupon = designing.create_draft(
        scene.app.merchant, scene.app, {**usual, **plan.columns}, by=by, form_token=key
    )
    until = time.monotonic() + PATIENCE_SECONDS
    while (coupon := _fresh(coupon)).state != CouponState.PUBLISHED:
        if coupon.state == CouponState.DRAFT:
            life.submit(coupon, version=coupon.version, by=by)
        elif coupon.state == CouponState.CREATED:
            life.publish(coupon, by=by)
        _send(scene)
        if _fresh(coupon).activity_id:
            settling.ask(_fresh(coupon), at=timezone.now())
        if _fresh(coupon).state == coupon.state:
            wait(until, f"the coupon {coupon.name} stands at {coupon.state}")
    return coupon


def _fresh(coupon: Coupon) -> Coupon:
    found: Coupon = Coupon.objects.select_related(*RELATED).get(pk=coupon.pk)
    return found


def _send(scene: Scene) -> None:
    """What waits in the outbox about coupons leaves, and what came of it is taken over."""
    mine = GatewayCall.objects.filter(mini_program=scene.app, method__contains=".marketing.activity.")
    for call in mine.filter(state="waiting").order_by("pk"):
        calls.send_call(call.pk, merchant_id=call.merchant_id)
    for call in mine.filter(settled_at=None, finished_at__isnull=False).order_by("pk"):
        SETTLED[call.settle_task](call.pk, merchant_id=call.merchant_id)


def _claims(scene: Scene, coupon: Coupon, plan: Plan) -> None:
    """The first people of the shop claim it, and some pay with it; each once, however often it is told."""
    people = list(scene.past.crowd.people[: plan.claims])
    asked = {"app_id": scene.app.app_id, "activity_id": coupon.activity_id}
    scene.platform.post("/sim/claims", {**asked, "open_ids": people})
    for voucher in _vouchers(scene, coupon)[: plan.uses]:
        if coupon.family == Family.PAY and voucher["status"] == "SENDED":
            what = {"open_id": voucher["open_id"], "action": "pay", "voucher_id": voucher["voucher_id"]}
            scene.platform.post("/sim/coupons", {**asked, **what, "total_fee": BILL_FEN})
    named = {one.open_id: one for one in Customer.objects.filter(mini_program=scene.app, open_id__in=people)}
    for voucher in _vouchers(scene, coupon):
        with transaction.atomic():
            _take(coupon, named[voucher["open_id"]], voucher)


def _vouchers(scene: Scene, coupon: Coupon) -> list[dict[str, Any]]:
    asked = f"/sim/vouchers?app_id={scene.app.app_id}&activity_id={coupon.activity_id}&limit=1000"
    found: list[dict[str, Any]] = scene.platform.get(asked)["vouchers"]
    return found


def _take(coupon: Coupon, customer: Customer, voucher: Mapping[str, Any]) -> None:
    """As its pushes would tell it: neither the bill nor what came off it."""
    number, code = voucher["voucher_id"], voucher["code"]
    fact = ledger.Fact("", datetime.fromisoformat(voucher["claimed_at"]), ledger.By.PLATFORM)
    taking.take_in(coupon, customer, fact, voucher_id=number, code=code)
    grant = taking.known(coupon, number, code)
    if grant is None or coupon.family != Family.PAY:
        return  # of merchant coupons it is us who say that they were used
    for use in voucher["uses"]:
        told_at, trade_no = datetime.fromisoformat(use["at"]), use["trade_no"]
        key = f"used:{coupon.mini_program_id}:{trade_no}"
        ledger.redeem(grant, ledger.Fact(key, told_at, ledger.By.PLATFORM, trade_no=trade_no))


def _till(scene: Scene, coupon: Coupon, plan: Plan, *, by: User) -> None:
    """Codes of a merchant coupon that were used at the till, each once."""
    if coupon.family == Family.PAY:
        settling.ask(_fresh(coupon), at=timezone.now())  # its totals are those of now
        return
    held = CouponGrant.objects.filter(coupon=coupon).exclude(code="").order_by("voucher_id")
    for number, grant in enumerate(held.select_related("coupon", "customer", "mini_program")[: plan.uses]):
        bill = redeeming.Bill(order_fen=BILL_FEN * 2 + number * 1_000, order_no=f"M{grant.code[-8:]}")
        redeeming.redeem(grant, bill, request_no=f"M{grant.code}", by=by, at=timezone.now())
    _send(scene)
    settling.ask(_fresh(coupon), at=timezone.now())


def _place(scene: Scene, coupon: Coupon, booth: Booth, *, by: User) -> None:
    key, now = token(f"placement {scene.app.app_id} {coupon.name}"), timezone.now().replace(microsecond=0)
    placement = Placement.objects.filter(form_token=key).first()
    if placement is None:
        reference = scene.templates[COUPON].template_id if booth == Booth.SERVICE_MESSAGE else ""
        wanted = placing.Wanted(booth, now, now + timedelta(days=7), reference)
        placement = placing.place(coupon, wanted, form_token=key, by=by, at=now)
    until = time.monotonic() + PATIENCE_SECONDS
    while (placement := _placed(placement)).state != "active":
        _send(scene)
        if _placed(placement).delivery_id:
            placement_settling.ask(_placed(placement), at=timezone.now())
        if _placed(placement).state == placement.state:
            wait(until, f"the plan of {coupon.name} stands at {placement.state}")


def _placed(placement: Placement) -> Placement:
    found: Placement = Placement.objects.select_related(
        "merchant", "coupon", "mini_program", "mini_program__provider_app"
    ).get(pk=placement.pk)
    return found


def _remind(scene: Scene, *, by: User) -> None:
    """Of every coupon of the shop, on the day before its last."""
    if scene.slug not in REMINDED or ReminderPolicy.objects.filter(mini_program=scene.app).exists():
        return
    code, values = REMINDED[scene.slug]
    decided = reminder_policies.Decided(
        days_before=1,
        hour=wall_time(10),
        template=scene.templates[code],
        values=values,
        page="pages/coupon/index",
        holdout_percent=10,
    )
    reminder_policies.create(scene.app.merchant, scene.app, None, decided, by=by)
