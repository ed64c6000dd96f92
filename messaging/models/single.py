"""What makes a single message one: the caller's key, unique across months; the delivery is its ledger."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from merchants.owned import MerchantOwned
from messaging.models.templates import SubscriptionTemplate


class SingleSend(MerchantOwned):
    """`fingerprint`: SHA-256 of what was asked, so that a key cannot come back meaning something else.

    Points to its delivery without a foreign key: months are detached whole.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    idempotency_key = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=64)
    template = models.ForeignKey(SubscriptionTemplate, on_delete=models.PROTECT, related_name="+")
    books_month = models.DateField()
    delivery_id = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mini_program", "idempotency_key"], name="single_once_per_key"),
            models.UniqueConstraint(fields=["delivery_id", "books_month"], name="single_of_delivery"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="single_newest"),
            models.Index(fields=["merchant", "created_at"], name="single_by_day"),
        ]

    def __str__(self) -> str:
        return f"single message {self.pk}"
