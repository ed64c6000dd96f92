"""What a merchant takes for too often with coupons, and where that was seen."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coupons.models.coupon import Coupon
from merchants.owned import MerchantOwned

MOST_EACH = 1_000
MOST_PERCENT = 100


class CouponLimits(models.Model):
    """Of a merchant; no row means the limits of coupons.limits.USUAL. A change holds at once.

    All of one person of one mini program over all coupons, null: off. `claims`: within 24 hours, of what the
    platform let the person claim. `grants` and `uses`: on a Beijing day, of what we give, and of uses less
    those given back. `hour_percent`: of a coupon's stock, claimed within an hour.
    """

    merchant = models.OneToOneField(
        "merchants.Merchant", on_delete=models.PROTECT, related_name="+", primary_key=True
    )
    claims = models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_EACH)]
    )
    grants = models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_EACH)]
    )
    uses = models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_EACH)]
    )
    hour_percent = models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_PERCENT)]
    )
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": 1}),
                    name=f"coupon_limit_{name}_positive",
                )
                for name in ("claims", "grants", "uses")
            ),
            models.CheckConstraint(
                condition=Q(hour_percent__isnull=True) | Q(hour_percent__range=(1, MOST_PERCENT)),
                name="coupon_limit_hour_percent_is_share",
            ),
        ]

    def __str__(self) -> str:
        return f"coupon limits of {self.merchant_id}, version {self.version}"


class ClaimPace(models.Model):
    """Claims of a coupon in ten minutes, moved with each claim after its count; a day of them is kept."""

    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="+", db_index=False)
    begins_at = models.DateTimeField()
    claimed = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["coupon", "begins_at"], name="claim_pace_once"),
        ]

    def __str__(self) -> str:
        return f"{self.claimed} from {self.begins_at:%H:%M}"


class AlertState(models.TextChoices):
    OPEN = "open", _("Open")
    DISMISSED = "dismissed", _("Dismissed")
    KEPT = "kept", _("Kept from coupons")


# kept → dismissed: let go before its date. A new day is a new alert.
ALERT_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "open": frozenset({"dismissed", "kept"}),
    "kept": frozenset({"dismissed"}),
    "dismissed": frozenset(),
}


class CouponAlert(MerchantOwned):
    """A limit was passed on a Beijing day: by one person, or by the claims of one coupon.

    One of each kind, whom or which and day; `n` is the most that was counted, `most` the limit when it was
    first passed. Of a coupon both are claims of an hour. Dismissed for a reason, or the person gets no coupon
    from us before `kept_until`.
    """

    class Kind(models.TextChoices):
        CLAIMS = "claims", _("One person claimed often")
        USES = "uses", _("One person used many")
        BURST = "burst", _("A coupon went fast")

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        "membership.Customer", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    coupon = models.ForeignKey(
        Coupon, null=True, on_delete=models.PROTECT, related_name="alerts", db_index=False
    )
    kind = models.CharField(max_length=6, choices=Kind.choices)
    day = models.DateField()
    n = models.PositiveIntegerField()
    most = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=AlertState.choices, default=AlertState.OPEN)
    reason = models.CharField(max_length=200, blank=True)  # of who settled it
    kept_until = models.DateField(null=True)  # the first day on which the person may get one again
    found_at = models.DateTimeField()
    last_at = models.DateTimeField()  # of the newest claim or use that counted
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="burst", coupon__isnull=False, customer=None)
                | Q(kind__in=["claims", "uses"], coupon=None, customer__isnull=False),
                name="coupon_alert_of_one",
            ),
            models.CheckConstraint(
                condition=Q(state="kept", customer__isnull=False, kept_until__isnull=False)
                | Q(state__in=["open", "dismissed"], kept_until=None),
                name="coupon_alert_kept_until",
            ),
            models.CheckConstraint(
                condition=Q(state="open", settled_at=None) | ~Q(state="open") & Q(settled_at__isnull=False),
                name="coupon_alert_settled",
            ),
            models.UniqueConstraint(
                fields=["merchant", "customer", "kind", "day"],
                name="coupon_alert_of_person",
                condition=Q(customer__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["coupon", "kind", "day"],
                name="coupon_alert_of_coupon",
                condition=Q(coupon__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="coupon_alert_newest"),
            models.Index(fields=["merchant", "-id"], name="coupon_alert_open", condition=Q(state="open")),
            models.Index(
                fields=["customer", "-id"],
                name="coupon_alert_of_customer",
                condition=Q(customer__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day} {self.n}"
