"""Consent: a ledger of what people granted and revoked, and the balance that is left.

A spend has no line of its own, the delivery row is it:
granted − revoked − units spent by deliveries (sending, accepted, unknown, kept unknown attempts) = units.
Before a month of deliveries is detached, what they spent is written as `carried` lines, which count instead.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from merchants.owned import MerchantOwned
from messaging.models.templates import SubscriptionTemplate


class Consent(MerchantOwned):
    customer = models.ForeignKey(
        "membership.Customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    template = models.ForeignKey(
        SubscriptionTemplate, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    units = models.IntegerField(default=0)
    standing = models.BooleanField(default=False)
    revoked_at = models.DateTimeField(
        null=True
    )  # the last revoke, also after a new grant: a unit spent before it stays revoked
    drift = models.CharField(max_length=60, blank=True)  # the platform's word where it differs from ours
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "customer"], name="consent_unique"),
            models.CheckConstraint(condition=Q(units__gte=0), name="consent_units_not_negative"),
        ]
        indexes = [models.Index(fields=["customer"], name="consent_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id}/{self.template_id}: {'standing' if self.standing else self.units}"


class ConsentEntry(MerchantOwned):
    class Kind(models.TextChoices):
        GRANTED = "granted"
        REVOKED = "revoked"
        STANDING_GRANTED = "standing_granted"
        STANDING_REVOKED = "standing_revoked"
        CARRIED = "carried"  # units spent by deliveries of a month that was detached

    customer = models.ForeignKey(
        "membership.Customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    template = models.ForeignKey(
        SubscriptionTemplate, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    units = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=40)  # signal, platform, give_back, detach
    source_key = models.CharField(max_length=120)  # the caller's id: what arrives twice counts once
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "customer", "source_key"], name="consent_entry_once"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["granted", "revoked", "standing_granted", "standing_revoked", "carried"]
                ),
                name="consent_entry_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.units}"
