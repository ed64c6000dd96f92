"""A crowd send: one platform call for all subscribers of a template, or for a crowd the platform keeps.

There are no deliveries: the platform tells a count and never who. Every move is compare-and-set.
draft → scheduled → submitting → submitted | refused | unknown
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned
from messaging.models.templates import Kind, SubscriptionTemplate


class CrowdState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    SUBMITTING = "submitting", _("Being submitted")
    SUBMITTED = "submitted", _("Submitted")
    REFUSED = "refused", _("Refused")
    UNKNOWN = "unknown", _("Outcome unknown")
    MISSED = "missed", _("Missed its time")
    CANCELLED = "cancelled", _("Cancelled")


# unknown → submitted | refused: only a late answer of the one call, and only before a person decided
CROWD_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"scheduled", "cancelled"}),
    "scheduled": frozenset({"draft", "submitting", "missed", "cancelled"}),
    "submitting": frozenset({"submitted", "refused", "unknown", "missed"}),
    "missed": frozenset({"draft", "cancelled"}),
    "unknown": frozenset({"submitted", "refused"}),
    "submitted": frozenset(),
    "refused": frozenset(),
    "cancelled": frozenset(),
}


class MissedReason(models.TextChoices):
    """Why a crowd send did not leave in time; nothing was sent."""

    LATE = "late", _("Nobody took it up in time: the workers or the database were away.")
    STOPPED = "stopped", _("The mini program was stopped at that time.")
    QUIET = "quiet", _("It was in the quiet hours at that time.")
    TEMPLATE = "template", _("Its template was not online at that time.")
    BUSY = "busy", _("The platform was busy or could not be reached until it was too late.")
    RESTORED = "restored", _("The database was restored, and its time had come by then.")


class CrowdDecision(models.TextChoices):
    """What a person made of an unknown outcome. It changes no state: nobody knows more than before."""

    NONE = "", _("Not decided yet")
    SUBMITTED = "submitted", _("Treated as submitted")
    WRITTEN_OFF = "written_off", _("Written off")


class CrowdSend(MerchantOwned):
    """`scheduled_on` + `scheduled_time` are wall time in `zone`; `due_at` is their instant.

    What stands below `launched_at` is frozen there. `quota_day` is the Beijing day whose quota this send
    holds; null while it holds none. `visits` counts reports with the token of its link: visits, never people.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=CrowdState.choices, default=CrowdState.DRAFT)
    name = models.CharField(max_length=80, blank=True)
    template = models.ForeignKey(SubscriptionTemplate, null=True, on_delete=models.PROTECT, related_name="+")
    values = models.JSONField(default=list)  # texts in the order of the template's keywords
    page = models.CharField(max_length=128, blank=True)
    crowd_code = models.CharField(max_length=64, blank=True)  # empty: all subscribers
    scheduled_on = models.DateField(null=True)
    scheduled_time = models.TimeField(null=True)
    zone = models.CharField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    launches = models.PositiveIntegerField(default=0)
    form_token = models.UUIDField(unique=True)
    author = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    launched_at = models.DateTimeField(null=True)
    undo_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    platform_template_id = models.CharField(max_length=64, blank=True)
    template_kind = models.CharField(max_length=9, choices=Kind.choices, blank=True)
    data = models.TextField(blank=True)  # as sent
    sent_page = models.CharField(max_length=128, blank=True)  # with the token of this send
    quota_day = models.DateField(null=True)

    submitting_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    batch_msg_id = models.CharField(max_length=64, blank=True)
    refusal = models.CharField(max_length=80, blank=True)  # the platform's sub_code
    missed_reason = models.CharField(max_length=10, choices=MissedReason.choices, blank=True)
    decision = models.CharField(max_length=11, choices=CrowdDecision.choices, blank=True)
    decided_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    platform_status = models.CharField(max_length=20, blank=True)
    platform_count = models.PositiveIntegerField(null=True)
    platform_told_at = models.DateTimeField(null=True)
    visits = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CrowdState.values), name="crowd_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "cancelled"])
                | Q(due_at__isnull=False, template__isnull=False, launched_at__isnull=False)
                & ~Q(data="")
                & ~Q(sent_page=""),
                name="crowd_launched_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(quota_day=None, state__in=["draft", "missed", "cancelled"])
                | Q(
                    quota_day__isnull=False,
                    state__in=["scheduled", "submitting", "submitted", "refused", "unknown"],
                ),
                name="crowd_holds_quota",
            ),
            models.CheckConstraint(
                condition=Q(decision="") | Q(state="unknown"), name="crowd_decided_unknown"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at"], name="crowd_newest"),
            models.Index(
                fields=["due_at"], name="crowd_open", condition=Q(state__in=["scheduled", "submitting"])
            ),
            models.Index(
                fields=["merchant"],
                name="crowd_to_decide",
                condition=Q(state="unknown", decision="") | Q(state="missed"),
            ),
            models.Index(
                fields=["answered_at"],
                name="crowd_to_ask",
                condition=Q(state="submitted") & ~Q(batch_msg_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"crowd send {self.pk}"


class CrowdQuota(models.Model):
    """How many crowd sends we count for one mini program on one Beijing day, that of their due time."""

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    used = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mini_program", "day"], name="crowd_quota_once"),
            models.CheckConstraint(condition=Q(used__gte=0), name="crowd_quota_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.used} on {self.day}"
