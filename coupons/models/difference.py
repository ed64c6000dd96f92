"""The books of a coupon compared with the platform's and with the orders: each look, and what it found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coupons.models.coupon import Coupon
from coupons.models.grant import CouponGrant
from merchants.owned import MerchantOwned


class CouponCheck(MerchantOwned):
    """One look at everything of a coupon. It goes on where it stopped, in slices, by whoever comes by.

    Stages: counts (what the platform says in all) -> holders (each person who has one here, by grant) ->
    others (people of the mini program who have none here, where the platform counts more than ours) -> done.
    The orders are gone through beside it, by `uses_cursor`. `finished_at` once both are over. `cut_in`: the
    stage in which its calls or its time were used up; the next look begins where this one stopped.

    A slice that was asked for writes only where the cursor still stands where it began.
    """

    class Stage(models.TextChoices):
        COUNTS = "counts", _("Asking for the totals")
        HOLDERS = "holders", _("Asking about those who have one")
        OTHERS = "others", _("Looking for those nobody knows here")
        DONE = "done", _("Everybody was asked about")

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="checks")
    stage = models.CharField(max_length=7, choices=Stage.choices, default=Stage.COUNTS)
    whose = models.CharField(max_length=64, blank=True)  # the merchant of the activity, as the platform says
    cursor = models.BigIntegerField(default=0)  # of holders a grant, of others a customer
    stumbles = models.PositiveSmallIntegerField(default=0)  # calls in a row without an answer
    looked_at = models.PositiveIntegerField(default=0)  # people the platform told about
    not_asked = models.PositiveIntegerField(default=0)  # people nobody could be asked about
    found = models.PositiveIntegerField(default=0)  # differences that were new
    calls = models.PositiveIntegerField(default=0)  # made for it
    cut_in = models.CharField(max_length=7, choices=Stage.choices, blank=True)
    uses_cursor = models.BigIntegerField(default=0)  # a grant
    uses_at = models.DateTimeField(null=True)  # when the orders were gone through
    has_orders = models.BooleanField(null=True)  # null: not looked yet; False: no order is returned here
    uses_named = models.PositiveIntegerField(default=0)  # uses that name an order or its trade
    uses_matched = models.PositiveIntegerField(default=0)  # of them those whose order is here
    orders_saved_fen = models.BigIntegerField(null=True)  # what those orders took off; null: none said
    ours_saved_fen = models.BigIntegerField(null=True)  # of the same uses
    asked_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)  # when a slice began, less its lease once it ended

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["counts", "holders", "others", "done"]),
                name="coupon_check_stage_known",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(stage="done", uses_at__isnull=False),
                name="coupon_check_finished_is_done",
            ),
            models.UniqueConstraint(
                fields=["coupon"], name="coupon_check_one_open", condition=Q(finished_at=None)
            ),
        ]
        indexes = [
            models.Index(fields=["coupon", "-id"], name="coupon_check_newest"),
            models.Index(fields=["worked_at"], name="coupon_check_open", condition=Q(finished_at=None)),
        ]

    def __str__(self) -> str:
        return f"check {self.pk}"


class DifferenceKind(models.TextChoices):
    CLAIMED_THERE = "claimed_there", _("Claimed there, unknown here")
    CLAIMED_HERE = "claimed_here", _("Claimed here, unknown there")
    USED_THERE = "used_there", _("Used there, not here")
    USED_HERE = "used_here", _("Used here, not there")
    ENDED_THERE = "ended_there", _("Over there, usable here")
    ENDED_HERE = "ended_here", _("Over here, usable there")
    TOTAL_CLAIMED = "total_claimed", _("Totals of claims differ")
    TOTAL_USED = "total_used", _("Totals of uses differ")
    ORDER_MISSING = "order_missing", _("Used for an order nobody has")
    USE_MISSING = "use_missing", _("An order took it off, no use")
    MONEY_DIFFERS = "money_differs", _("Money of use and order differ")


OF_PEOPLE = ("claimed_there", "claimed_here", "used_there", "used_here", "ended_there", "ended_here")
OF_TOTALS = ("total_claimed", "total_used")
OF_ORDERS = ("order_missing", "use_missing", "money_differs")


class CouponDifference(MerchantOwned):
    """Ours and the platform's, or an order's, as they were last seen to differ.

    `about` says of what within the coupon: "grant:7", "voucher:…", "use:7", "order:7", or nothing of a total.
    One is open of each. It is settled by taking the other's word, by accepting it as known, or by a look that
    finds both the same. What was accepted is opened again only where the facts are others.
    """

    class How(models.TextChoices):
        TAKEN = "taken", _("Taken over")
        ACCEPTED = "accepted", _("Accepted as known")
        GONE = "gone", _("No longer there")

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="differences")
    grant = models.ForeignKey(CouponGrant, null=True, on_delete=models.PROTECT, related_name="differences")
    customer = models.ForeignKey("membership.Customer", null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=13, choices=DifferenceKind.choices)
    about = models.CharField(max_length=80, blank=True)
    ours = models.JSONField(default=dict)
    theirs = models.JSONField(default=dict)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last time it was there
    again_at = models.DateTimeField(null=True)  # somebody asked for a look that is still to come
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    how = models.CharField(max_length=8, choices=How.choices, blank=True)
    reason = models.CharField(max_length=200, blank=True)  # of who accepted it

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=DifferenceKind.values), name="coupon_difference_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None, how="") | Q(settled_at__isnull=False) & ~Q(how=""),
                name="coupon_difference_settled_says_how",
            ),
            models.UniqueConstraint(
                fields=["coupon", "kind", "about"],
                name="coupon_difference_one_open",
                condition=Q(settled_at=None),
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="coupon_difference_newest"),
            models.Index(
                fields=["merchant", "-id"], name="coupon_difference_open", condition=Q(settled_at=None)
            ),
            models.Index(fields=["coupon", "kind", "about", "-id"], name="coupon_difference_of_coupon"),
            models.Index(
                fields=["coupon", "customer"],
                name="coupon_difference_of_person",
                condition=Q(settled_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
