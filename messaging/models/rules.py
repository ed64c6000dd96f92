"""What a merchant allows of its own accord, beyond the platform's rules."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

MOST_A_DAY = 50
MOST_A_WEEK = 200
MOST_UNAPPROVED = 100_000_000
MOST_UNAPPROVED_FEN = 100_000_000_000


class SendRules(models.Model):
    """Of a merchant; no row means no rule. The engine reads it for each wave: a change holds at once.

    `cap_day` and `cap_week`: messages of all templates together to one person of one mini program, on a
    Beijing day and in a Monday week. null: as many as the templates allow. From `quiet_from` to `quiet_to`,
    wall times of the merchant's zone, batches wait; both are there or neither, and they differ.
    A batch send to a list of more people than `approve_above`, or whose coupon may cost more than
    `approve_above_fen`, needs a second person's approval. null: none does.
    """

    merchant = models.OneToOneField(
        "merchants.Merchant", on_delete=models.PROTECT, related_name="+", primary_key=True
    )
    cap_day = models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_A_DAY)]
    )
    cap_week = models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_A_WEEK)]
    )
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)
    approve_above = models.PositiveIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_UNAPPROVED)]
    )
    approve_above_fen = models.BigIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_UNAPPROVED_FEN)]
    )
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cap_day__isnull=True) | Q(cap_day__gte=1), name="cap_day_positive"
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False) & ~Q(quiet_from=F("quiet_to")),
                name="quiet_hours_are_two",
            ),
            models.CheckConstraint(
                condition=Q(cap_week__isnull=True) | Q(cap_week__gte=1), name="cap_week_positive"
            ),
            models.CheckConstraint(
                condition=Q(approve_above__isnull=True) | Q(approve_above__gte=1),
                name="approve_above_positive",
            ),
            models.CheckConstraint(
                condition=Q(approve_above_fen__isnull=True) | Q(approve_above_fen__gte=1),
                name="approve_above_fen_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"rules of {self.merchant_id}, version {self.version}"
