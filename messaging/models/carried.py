"""What came of the coupon that the messages of a send carried, and of each plan that puts it into them."""

from __future__ import annotations

from django.db import models

from messaging.models.control import SendControl


class CarriedCount(models.Model):
    """People the send was accepted for who claimed its coupon afterwards, while it was shown. `used`: at
    least once, and not given back. Counted again and again by messaging.sends.carried_figures."""

    control = models.OneToOneField(
        SendControl, primary_key=True, on_delete=models.CASCADE, related_name="carried"
    )
    claimed = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.claimed} claimed, {self.used} used"


class CarriedClaim(models.Model):
    """A claim joined to the one plan whose message its person got last before it. Rows are only added."""

    grant = models.OneToOneField(
        "coupons.CouponGrant", primary_key=True, on_delete=models.CASCADE, related_name="carried"
    )
    placement = models.ForeignKey(
        "coupons.Placement", on_delete=models.PROTECT, related_name="claims", db_index=False
    )
    told_at = models.DateTimeField()  # when that message left

    class Meta:
        indexes = [models.Index(fields=["placement", "-grant"], name="carried_claim_of_plan")]

    def __str__(self) -> str:
        return f"grant {self.grant_id} by plan {self.placement_id}"


class ClaimsJoined(models.Model):
    """How far the claims of a coupon have been looked at, by the number of the grant."""

    coupon = models.OneToOneField(
        "coupons.Coupon", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    up_to = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"coupon {self.coupon_id} up to {self.up_to}"


class PlanCount(models.Model):
    """Messages under a plan, and what became of the claims joined to it. Times and money are of what stands:
    minus what was given back. Counted again and again by messaging.sends.plan_figures."""

    placement = models.OneToOneField(
        "coupons.Placement", primary_key=True, on_delete=models.CASCADE, related_name="plan_count"
    )
    accepted = models.PositiveIntegerField(default=0)
    claimed = models.PositiveIntegerField(default=0)
    redemptions = models.PositiveIntegerField(default=0)
    reverted = models.PositiveIntegerField(default=0)
    saved_fen = models.BigIntegerField(default=0)
    order_fen = models.BigIntegerField(default=0)
    median_hours = models.PositiveIntegerField(null=True)  # from claiming to the first use; null: none used
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"plan {self.placement_id}: {self.claimed} claimed"
