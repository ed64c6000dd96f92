"""Templates: the platform's library, and what this merchant adopted from it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned


class Kind(models.TextChoices):
    ONE_TIME = "one_time", _("One-time")
    LONG_TERM = "long_term", _("Long-term")


class FatigueUnit(models.TextChoices):
    DAY = "day", _("day")
    WEEK = "week", _("week")


class FatigueRule(models.Model):
    """At most `fatigue_total` messages a person in `fatigue_value` Beijing days or Monday weeks; 0: none."""

    fatigue_value = models.PositiveSmallIntegerField(default=0)
    fatigue_unit = models.CharField(max_length=4, choices=FatigueUnit.choices, default=FatigueUnit.DAY)
    fatigue_total = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True


class LibraryTemplate(MerchantOwned, FatigueRule):
    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    keywords = ArrayField(models.CharField(max_length=40))
    kind = models.CharField(max_length=9, choices=Kind.choices)
    industry_code = models.CharField(max_length=40, blank=True)
    industry_scenario = models.CharField(max_length=80, blank=True)
    has_push = models.BooleanField(default=False)
    delivery_settings = models.CharField(max_length=20, blank=True)
    selectable = models.BooleanField(default=True)
    not_selectable_reason = models.CharField(max_length=200, blank=True)
    not_selectable_url = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=20, blank=True)
    synced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mini_program", "code", "kind"], name="library_template_unique")
        ]

    def __str__(self) -> str:
        return self.name


class SubscriptionTemplate(MerchantOwned, FatigueRule):
    """Adopted. `submitting` until the platform has answered; `keywords` in the order of keyword1…N."""

    class State(models.TextChoices):
        SUBMITTING = "submitting", _("Being submitted")
        APPLIED = "applied", _("In review")
        APPROVED = "approved", _("Online")
        REJECTED = "rejected", _("Rejected")
        OFFLINE = "offline", _("Offline")
        FAILED = "failed", _("Not adopted")

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    library_code = models.CharField(max_length=64)
    template_id = models.CharField(max_length=64, blank=True)  # empty until the platform gave one
    name = models.CharField(max_length=80)
    keywords = ArrayField(models.CharField(max_length=40))
    kind = models.CharField(max_length=9, choices=Kind.choices)
    has_push = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SUBMITTING)
    refusal = models.CharField(max_length=80, blank=True)  # sub_code of a refused adoption
    differs = models.BooleanField(default=False)  # the platform's copy is not ours
    difference = models.CharField(max_length=300, blank=True)
    form_token = models.UUIDField(unique=True)
    applied_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    applied_at = models.DateTimeField(db_default=Now())
    checked_at = models.DateTimeField(null=True)
    # since the last crowd send, which may have used up units of people the platform does not name
    crowd_sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mini_program", "template_id"],
                name="template_id_unique",
                condition=~Q(template_id=""),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["submitting", "applied", "approved", "rejected", "offline", "failed"]),
                name="template_state_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sendable(self) -> bool:
        return self.state == self.State.APPROVED
