"""What people did, as reported by the mini program, and the visits counted from recall tokens."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from merchants.owned import MerchantOwned
from messaging.models.control import SendControl


class Signal(MerchantOwned):
    class Kind(models.TextChoices):
        SUBSCRIBED = "subscribed"
        REVOKED = "revoked"
        VISITED = "visited"

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.CASCADE, related_name="+")
    caller_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    customer = models.ForeignKey("membership.Customer", null=True, on_delete=models.PROTECT, related_name="+")
    send = models.ForeignKey(SendControl, null=True, on_delete=models.PROTECT, related_name="+")
    books_month = models.DateField(null=True)
    delivery_id = models.BigIntegerField(null=True)
    # of a visit by the link of a crowd send; customer, send and delivery are then empty
    crowd = models.ForeignKey(
        "messaging.CrowdSend", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # of a visit by the link of an order
    order = models.ForeignKey(
        "orders.Order", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    scene = models.CharField(max_length=10, blank=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mini_program", "kind", "caller_id"], name="signal_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["subscribed", "revoked", "visited"]), name="signal_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["at"], name="signal_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.caller_id}"


class Visit(models.Model):
    """Counts once per delivery within the window. `shared`: somebody else than the recipient came."""

    pk = models.CompositePrimaryKey("books_month", "delivery_id", "shared")
    books_month = models.DateField()
    delivery_id = models.BigIntegerField()
    shared = models.BooleanField()
    send = models.ForeignKey(SendControl, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"visit of {self.delivery_id}"


class OrderVisit(models.Model):
    """Counts once per order within the window. `shared`: somebody else than the buyer came."""

    pk = models.CompositePrimaryKey("order", "shared")
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="+", db_index=False)
    shared = models.BooleanField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"visit of order {self.order_id}"


class RecallCount(models.Model):
    """Rollup per send; rebuilt from Visit by `manage.py rebuild_recall`."""

    send = models.OneToOneField(
        SendControl, primary_key=True, on_delete=models.CASCADE, related_name="recall"
    )
    visits = models.PositiveIntegerField(default=0)
    shared_visits = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["updated_at"], name="recall_updated")]

    def __str__(self) -> str:
        return f"{self.visits} visits of send {self.send_id}"
