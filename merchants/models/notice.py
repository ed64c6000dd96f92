"""One notification of the platform, stored once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from merchants.owned import MerchantOwned


class Notice(MerchantOwned):
    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    app_id = models.CharField(max_length=32)
    notify_id = models.CharField(max_length=128)
    kind = models.CharField(max_length=100)  # msg_method or notify_type
    fields = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())
    hinted_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    handled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app_id", "notify_id"], name="notice_once")]
        indexes = [models.Index(fields=["hinted_at"], name="notice_waiting", condition=Q(handled_at=None))]

    def __str__(self) -> str:
        return f"{self.kind} {self.notify_id}"
