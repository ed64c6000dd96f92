"""Reminders of coupons that expire: what the merchant decided once, and each coupon it was done for."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from merchants.owned import MerchantOwned
from messaging.models.control import MOST_HELD_OUT_PERCENT
from messaging.models.single import SingleSend
from messaging.models.templates import SubscriptionTemplate

MOST_DAYS_BEFORE = 30


class ReminderPolicy(MerchantOwned):
    """Who still holds a coupon gets a message `days_before` its last day, from `hour` of the merchant's wall
    clock on. `coupon` null: of every coupon of the mini program that has no policy of its own.

    `values`: texts in the order of the template's keywords, with {coupon} and {until} in them. `done_on`: the
    merchant's day whose round is finished. A change of anything else holds from the next round.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    coupon = models.ForeignKey("coupons.Coupon", null=True, on_delete=models.PROTECT, related_name="+")
    days_before = models.PositiveSmallIntegerField(
        default=1, validators=[MaxValueValidator(MOST_DAYS_BEFORE)]
    )
    hour = models.TimeField()
    template = models.ForeignKey(SubscriptionTemplate, on_delete=models.PROTECT, related_name="+")
    values = models.JSONField(default=list)
    page = models.CharField(max_length=128, blank=True)
    holdout_percent = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(0), MaxValueValidator(MOST_HELD_OUT_PERCENT)]
    )
    stopped_at = models.DateTimeField(null=True)
    done_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)
    author = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(days_before__lte=MOST_DAYS_BEFORE), name="reminder_days_before"
            ),
            models.CheckConstraint(
                condition=Q(holdout_percent__lte=MOST_HELD_OUT_PERCENT), name="reminder_holdout_share"
            ),
            models.UniqueConstraint(
                fields=["coupon"],
                name="reminder_once_per_coupon",
                condition=Q(coupon__isnull=False, stopped_at=None),
            ),
            models.UniqueConstraint(
                fields=["mini_program"],
                name="reminder_once_per_shop",
                condition=Q(coupon__isnull=True, stopped_at=None),
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="reminder_policy_newest"),
            models.Index(fields=["done_on"], name="reminder_policy_due", condition=Q(stopped_at=None)),
        ]

    def __str__(self) -> str:
        return f"reminder policy {self.pk}"


class Reminder(MerchantOwned):
    """One grant was reminded of, or held back to compare with: at most once, whatever policy did it.

    `single`: the message with its gates, text and outcome; null for who was held back, and where the text did
    not fit. No foreign key to the grant: rows come by the thousand from a statement that has just locked it.
    """

    policy = models.ForeignKey(ReminderPolicy, on_delete=models.PROTECT, related_name="reminders")
    grant = models.ForeignKey(
        "coupons.CouponGrant", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey("membership.Customer", on_delete=models.PROTECT, related_name="+")
    held_out = models.BooleanField()
    unfit = models.BooleanField(default=False)
    single = models.ForeignKey(SingleSend, null=True, on_delete=models.PROTECT, related_name="+")
    round_on = models.DateField()  # the merchant's day
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant"], name="reminded_once"),
            models.CheckConstraint(
                condition=Q(held_out=True, single=None, unfit=False)
                | Q(held_out=False, unfit=True, single=None)
                | Q(held_out=False, unfit=False, single__isnull=False),
                name="reminder_sent_or_why_not",
            ),
        ]
        indexes = [models.Index(fields=["policy", "round_on"], name="reminder_of_round")]

    def __str__(self) -> str:
        return f"reminder of grant {self.grant_id}"


class ReminderRound(models.Model):
    """What came of one policy's round, counted anew while its coupons can still be used.

    `accepted`: messages the platform took. `used` and `used_held_out`: coupons redeemed after the round.
    """

    policy = models.ForeignKey(ReminderPolicy, on_delete=models.CASCADE, related_name="rounds")
    round_on = models.DateField()
    reminded = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    held_out = models.PositiveIntegerField(default=0)
    unfit = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    used_held_out = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "round_on"], name="reminder_round_once"),
        ]

    def __str__(self) -> str:
        return f"{self.policy_id} on {self.round_on}"
