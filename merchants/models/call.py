"""One intended call to the platform; merchants.calls draws its states."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from merchants.owned import MerchantOwned


class GatewayCall(MerchantOwned):
    class State(models.TextChoices):
        WAITING = "waiting"
        CLAIMED = "claimed"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        UNKNOWN = "unknown"
        DEAD = "dead"

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=80)
    target_kind = models.CharField(max_length=40)  # what it is about: "subscriptiontemplate"
    target_id = models.BigIntegerField()
    ordering_key = models.CharField(
        max_length=80, blank=True
    )  # calls with the same key go one at a time, in id order
    idempotency_key = models.CharField(max_length=64)  # ours; unique per mini program and method
    repeatable = models.BooleanField(default=False)  # the platform de-duplicates by a key in the body
    body = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(db_default=Now())
    not_after = models.DateTimeField(null=True)  # from here on it is not begun any more
    hinted_at = models.DateTimeField(db_default=Now())
    token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    worker_pid = models.IntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    maybe_done = models.BooleanField(default=False)  # an attempt ended as Unknown and was repeated
    attempts = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(default=dict)
    code = models.CharField(max_length=10, blank=True)
    sub_code = models.CharField(max_length=80, blank=True)
    duration_ms = models.FloatField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    settle_task = models.CharField(max_length=80, blank=True, default="")  # empty: nobody waits
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mini_program", "method", "idempotency_key"], name="call_once_per_key"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "claimed", "accepted", "refused", "unknown", "dead"]),
                name="call_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="call_open", condition=Q(state__in=["waiting", "claimed"])),
            models.Index(fields=["target_kind", "target_id"], name="call_target"),
            models.Index(
                fields=["mini_program", "ordering_key", "id"],
                name="call_ordered",
                condition=Q(state__in=["waiting", "claimed"]) & ~Q(ordering_key=""),
            ),
            models.Index(
                fields=["hinted_at"],
                name="call_unsettled",
                condition=Q(settled_at=None, finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} #{self.pk}"
