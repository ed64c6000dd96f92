"""The totals of cards beside their ledgers: each look, and what it found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from membership.models.member_card import MemberCard
from merchants.owned import MerchantOwned


class CardCheck(MerchantOwned):
    """One look at all cards of a merchant, in slices by their number; it goes on where it stopped."""

    cursor = models.BigIntegerField(default=0)  # the last card looked at
    cards = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)  # figures that were wrong and not known to be
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant"], name="card_check_one_open", condition=Q(finished_at=None)
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-id"], name="card_check_newest")]

    def __str__(self) -> str:
        return f"check {self.pk}"


class CardDifference(MerchantOwned):
    """A figure of a card that its ledger says otherwise. One is open of each; counting again settles it."""

    class Figure(models.TextChoices):
        POINTS = "points", _("Points")
        POINTS_FROZEN = "points_frozen", _("Frozen points")
        GROWTH = "growth", _("What counts for the level")
        BALANCE = "balance_fen", _("Balance")
        BALANCE_FROZEN = "balance_frozen_fen", _("Frozen balance")
        LOTS = "lots", _("Points that can expire")
        LAST_POINTS = "last_points", _("Points after the last entry")
        LAST_BALANCE = "last_balance", _("Balance after the last entry")

    card = models.ForeignKey(MemberCard, on_delete=models.PROTECT, related_name="differences")
    figure = models.CharField(max_length=18, choices=Figure.choices)
    kept = models.BigIntegerField()
    counted = models.BigIntegerField()
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last time it was there
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["card", "figure"], name="card_difference_one_open", condition=Q(settled_at=None)
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="card_difference_newest"),
            models.Index(
                fields=["merchant", "-id"], name="card_difference_open", condition=Q(settled_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.figure} {self.kept} {self.counted}"
