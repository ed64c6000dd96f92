"""Where customers come upon a coupon: a delivery plan at one booth, or in every message of one template."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coupons.models.coupon import Coupon
from merchants.owned import MerchantOwned


class Booth(models.TextChoices):
    """Only the first two have a documented code; the others stand for channels of domain D.10."""

    SERVICE_MESSAGE = "SERVICE_MESSAGE", _("Messages")
    PAYMENT_RESULT = "PAYMENT_RESULT", _("Payment success page")
    VENUE = "VENUE", _("Coupon venue")
    HOME = "HOME", _("Home page")
    SEARCH = "SEARCH", _("Search results")
    LIFE = "LIFE", _("Life channel")


class PlacementState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SUBMITTING = "submitting", _("Being submitted")
    AUDITING = "auditing", _("Under review")
    ACTIVE = "active", _("Live")
    STOPPING = "stopping", _("Stopping")
    STOPPED = "stopped", _("Stopped")
    ENDED = "ended", _("Ended")
    REJECTED = "rejected", _("Rejected")
    UNKNOWN = "unknown", _("Outcome unknown")


TRANSITIONS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"submitting"}),
    "submitting": frozenset({"draft", "auditing", "unknown"}),
    "unknown": frozenset({"draft", "auditing", "submitting"}),
    "auditing": frozenset({"active", "rejected", "stopping", "stopped", "ended"}),
    "active": frozenset({"stopping", "stopped", "ended", "rejected"}),
    "stopping": frozenset({"active", "stopped", "ended", "rejected"}),
    "rejected": frozenset(),
    "stopped": frozenset(),
    "ended": frozenset(),
}
OPEN = ("submitting", "unknown", "auditing", "active", "stopping")


class Placement(MerchantOwned):
    """A delivery plan. `template_ref`: of the booth of messages, the platform's template id, or of an order's
    message "<scene type>:<status>" (SIM, domain B8.2 names no id for those). `exposed` is what the platform
    reported; null: it reports none.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="placements")
    booth = models.CharField(max_length=15, choices=Booth.choices)
    name = models.CharField(max_length=19)
    template_ref = models.CharField(max_length=80, blank=True)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=PlacementState.choices, default=PlacementState.DRAFT)
    delivery_id = models.CharField(max_length=64, blank=True)
    operations = models.PositiveIntegerField(default=0)
    call = models.ForeignKey("merchants.GatewayCall", null=True, on_delete=models.PROTECT, related_name="+")
    wished_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=80, blank=True)
    words = models.CharField(max_length=400, blank=True)
    platform_told_at = models.DateTimeField(null=True)
    exposed = models.PositiveIntegerField(null=True)
    form_token = models.UUIDField(unique=True)
    author = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PlacementState.values), name="placement_state_known"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="placement_has_length"),
            models.CheckConstraint(
                condition=Q(booth="SERVICE_MESSAGE") & ~Q(template_ref="")
                | ~Q(booth="SERVICE_MESSAGE") & Q(template_ref=""),
                name="placement_in_messages_names_template",
            ),
            models.UniqueConstraint(
                fields=["mini_program", "delivery_id"],
                name="placement_delivery_unique",
                condition=~Q(delivery_id=""),
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at"], name="placement_newest"),
            models.Index(fields=["coupon", "-id"], name="placement_of_coupon"),
            models.Index(
                fields=["mini_program", "template_ref", "begins_at"],
                name="placement_of_template",
                condition=~Q(template_ref=""),
            ),
            models.Index(fields=["asked_at"], name="placement_open", condition=Q(state__in=OPEN)),
        ]

    def __str__(self) -> str:
        return self.name
