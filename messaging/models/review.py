"""A second person's word on exactly one content of a send, bound to its fingerprint."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned


class Review(MerchantOwned):
    """`fingerprint` is the hash of `said`: messaging.sends.fingerprint tells what stands in both.

    waiting → approved | sent_back | withdrawn | void; approved → sent_back | void. At most one of a send is
    waiting or approved. `decided_by` and `decided_at` stay those of the approval when it becomes void;
    `ended_by` and `ended_at` tell who ended it, nobody where its time did. `holds_until`: what was neither
    approved nor launched by then is void; null: right away, and not approved yet.
    """

    class Decision(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        SENT_BACK = "sent_back", _("Sent back")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        VOID = "void", _("Void")

    class Ended(models.TextChoices):
        CHANGED = "changed", _("It was taken back to change it.")
        UNDONE = "undone", _("The launch was undone.")
        EXPIRED = "expired", _("Its time passed before it was confirmed.")
        ANOTHER_TIME = "another_time", _("The send missed its time and is to get another.")

    control = models.ForeignKey("messaging.SendControl", on_delete=models.CASCADE, related_name="reviews")
    fingerprint = models.CharField(max_length=64)
    said = models.JSONField()
    version = models.PositiveIntegerField()
    people = models.PositiveIntegerField()
    asked_by = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    decision = models.CharField(max_length=9, choices=Decision.choices, default=Decision.WAITING)
    decided_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    comment = models.CharField(max_length=500, blank=True)
    holds_until = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=12, choices=Ended.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["control"],
                name="review_one_stands",
                condition=Q(decision__in=["waiting", "approved"]),
            ),
            models.CheckConstraint(
                condition=Q(decision__in=["waiting", "approved", "sent_back", "withdrawn", "void"]),
                name="review_decision_known",
            ),
            models.CheckConstraint(
                condition=~Q(decision="approved")
                | Q(decided_by__isnull=False, decided_at__isnull=False, holds_until__isnull=False),
                name="review_approved_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["holds_until"],
                name="review_stands_until",
                condition=Q(decision__in=["waiting", "approved"]),
            ),
            models.Index(fields=["merchant", "-asked_at"], name="review_newest"),
        ]

    def __str__(self) -> str:
        return f"review of send {self.control_id} ({self.decision})"
