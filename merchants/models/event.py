"""What our house did, and who still has to hear of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Now

from merchants.owned import MerchantOwned


class Event(MerchantOwned):
    """Append only, partitioned by the month of `at`."""

    pk = models.CompositePrimaryKey("at", "id")
    id = models.BigIntegerField(
        db_default=Func(
            Value("merchants_event_id_seq"), function="nextval", output_field=models.BigIntegerField()
        )
    )
    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=60)
    by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    mini_program = models.ForeignKey(
        "merchants.MiniProgram", null=True, on_delete=models.PROTECT, related_name="+"
    )
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "-at"], name="event_merchant_at"),
            models.Index(fields=["subject_kind", "subject_id", "-at"], name="event_subject_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_kind} {self.subject_id}"


class Dispatch(models.Model):
    """One subscriber's copy of an event: waiting until `done_at`. Unique per event and subscriber."""

    event_id = models.BigIntegerField()
    event_at = models.DateTimeField()
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.CASCADE, related_name="+")
    subscriber = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    hinted_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_id", "subscriber"], name="dispatch_once_per_subscriber")
        ]
        indexes = [models.Index(fields=["hinted_at"], name="dispatch_waiting", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"{self.subscriber} ← {self.event_id}"
