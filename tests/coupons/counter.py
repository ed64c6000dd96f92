"""A mini program whose coupons live on both sides: calls go out, pushes come in, nothing is pretended."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from coupons import designing, life, placement_settling, placing, settling
from coupons.models import Coupon
from coupons.models.coupon import CouponState
from merchants import calls, rate, secrets
from merchants.models import GatewayCall, MiniProgram, Notice, User
from tests import build
from tests.simulator_process import SimulatorProcess

SETTLED = {
    life.SETTLE_TASK: settling.settle_operation,
    placing.SETTLE_TASK: placement_settling.settle_placement,
}
PLACED = "alipay.marketing.activity.delivery.message"


def design(**columns: Any) -> dict[str, Any]:
    """满10减5, 1,000 of them for 30 days."""
    now = timezone.now().replace(microsecond=0)
    return {
        "family": "pay",
        "kind": "reduction",
        "name": "满10减5",
        "amount_fen": 500,
        "floor_fen": 1_000,
        "publish_from": now - timedelta(hours=1),
        "publish_until": now + timedelta(days=30),
        "validity": "relative",
        "valid_days": 7,
        "stock": 1_000,
        "per_person": 1,
        "per_person_period": "life",
        "max_uses": 1,
        "code_mode": "platform",
        "scope": "all",
        **columns,
    }


class Counter:
    def __init__(self, simulator: SimulatorProcess, *, notify_url: str = "", **told: Any) -> None:
        self.simulator = simulator
        wish = {"industry": "tea", "limits": {}, "review_seconds": 0, "notify_url": notify_url, **told}
        self.made = simulator.post("/sim/apps", wish)
        self.app: MiniProgram = build.mini_program(
            build.merchant(),
            app_id=self.made["app_id"],
            app_private_key_sealed=secrets.encrypt(self.made["app_private_key"]),
            alipay_public_key=self.made["alipay_public_key"],
            rate_per_second=100_000,
        )
        self.by: User = build.user(f"designer-{self.app.app_id[-6:]}")
        settings.GATEWAY_URLS["simulated"] = simulator.gateway_url
        rate.connection().flushdb()

    def draft(self, **columns: Any) -> Coupon:
        return designing.create_draft(
            self.app.merchant, self.app, design(**columns), by=self.by, form_token=uuid.uuid4()
        )

    def submitted(self, **columns: Any) -> Coupon:
        coupon = self.draft(**columns)
        return life.submit(coupon, version=coupon.version, by=self.by)

    def live(self, **columns: Any) -> Coupon:
        """Asked for until the platform says so, without a push."""
        coupon = self.submitted(**columns)
        self.send()
        coupon = self.fresh(coupon)
        if coupon.state == CouponState.CREATED:
            coupon = life.publish(coupon, by=self.by)
            self.send()
        self.ask(coupon)
        found = self.fresh(coupon)
        assert found.state == CouponState.PUBLISHED, found.state
        return found

    def send(self) -> None:
        """What waits in the outbox leaves, and what came of it is taken over."""
        for call in GatewayCall.objects.filter(state="waiting").order_by("pk"):
            GatewayCall.objects.filter(pk=call.pk).update(due_at=timezone.now() - timedelta(minutes=1))
            calls.send_call(call.pk, merchant_id=call.merchant_id)
        for call in GatewayCall.objects.filter(settled_at=None, finished_at__isnull=False).order_by("pk"):
            SETTLED[call.settle_task](call.pk, merchant_id=call.merchant_id)

    def pushed(self) -> None:
        """The platform has pushed what it owes; what came is taken over."""
        self.simulator.get(f"/sim/notices?app_id={self.app.app_id}&settled=1")
        for notice in Notice.objects.filter(handled_at=None).order_by("pk"):
            if notice.kind == PLACED:
                at = timezone.now()
                placement_settling.take_push(notice.pk, merchant_id=notice.merchant_id, at=at)
            elif notice.kind.rsplit(".", 1)[-1] in settling.DONE:
                settling.take_notice(notice.pk, merchant_id=notice.merchant_id)

    def ask(self, coupon: Coupon) -> None:
        settling.ask(self.fresh(coupon), at=timezone.now())

    def fresh(self, coupon: Coupon) -> Coupon:
        related = ("merchant", "mini_program", "mini_program__provider_app", "call")
        found: Coupon = Coupon.objects.select_related(*related).get(pk=coupon.pk)
        return found

    def activity(self, coupon: Coupon) -> dict[str, Any]:
        """As the platform has it."""
        told = self.simulator.get(f"/sim/activities?app_id={self.app.app_id}")["activities"]
        found: dict[str, Any] = next(one for one in told if one["activity_id"] == coupon.activity_id)
        return found

    def forgetful(self, on: bool) -> None:
        """Whether the platform takes changes up and never makes them."""
        review = "forget" if on else "approve"
        self.simulator.post("/sim/apps", {"app_id": self.app.app_id, "coupon_review": review})

    def fault(self, method: str, kind: str, **more: Any) -> None:
        name = f"alipay.marketing.activity.{method}"
        self.simulator.post("/sim/faults", {"method": name, "kind": kind, "app_id": self.app.app_id, **more})
