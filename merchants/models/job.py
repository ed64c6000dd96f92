"""Whatever a person waits for: a row they can watch.

States: queued -> running -> done | failed | cancelled; running -> queued when its worker died (lease over).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned


class Job(MerchantOwned):
    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    kind = models.CharField(max_length=40)  # the task that does it: "membership.import_list"
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    arguments = models.JSONField(default=dict)
    done_units = models.BigIntegerField(default=0)
    total_units = models.BigIntegerField(null=True)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=400, blank=True)
    by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    hinted_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(done_units__gte=0), name="job_done_not_negative")]
        indexes = [
            models.Index(
                fields=["hinted_at"], name="job_unfinished", condition=Q(state__in=["queued", "running"])
            ),
            models.Index(fields=["merchant", "-created_at"], name="job_merchant_created"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.CANCELLED, self.State.FAILED}
