"""Rollups of recall. Each can be counted again: `manage.py rebuild_recall` does, and compares."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from merchants.owned import MerchantOwned
from messaging.models.control import SendControl


class RecallHour(MerchantOwned):
    """What came of the sends that started in one hour of one day, per template.

    `day` and `hour` are those of the merchant's zone: the operator's own calendar. A visit counts in the hour
    its send started, whenever it came, so a rate has the people of its own sends below the line.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.CASCADE, related_name="+")
    template = models.ForeignKey(
        "messaging.SubscriptionTemplate", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    hour = models.PositiveSmallIntegerField()
    sends = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField()
    visits = models.PositiveIntegerField()
    shared_visits = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mini_program", "day", "hour", "template"], name="recall_hour_once"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "day"], name="recall_hour_of_merchant")]

    def __str__(self) -> str:
        return f"{self.day} {self.hour}:00: {self.visits} of {self.accepted}"


class VisitHour(models.Model):
    """Visits of one send by whole hours since it started; what came before its start is in hour 0."""

    pk = models.CompositePrimaryKey("send", "hour")
    send = models.ForeignKey(SendControl, on_delete=models.CASCADE, related_name="+", db_index=False)
    hour = models.PositiveSmallIntegerField()
    visits = models.PositiveIntegerField()
    shared_visits = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.visits} visits of send {self.send_id} in hour {self.hour}"


class UntiedVisits(MerchantOwned):
    """Visits from the message list or a push whose link carried no token: they belong to no send.

    `day` is the day they came, in the merchant's zone. Kept in the transaction that stores the signals.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    visits = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mini_program", "day"], name="untied_visits_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.visits}"


class OrderVisitDay(MerchantOwned):
    """Visits by the links of orders, by scene and the day the order was handed in, in the merchant's zone.

    Kept in the transaction that stores the signals; `shared_visits`: by somebody else than the buyer.
    """

    mini_program = models.ForeignKey(
        "merchants.MiniProgram", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    scene = models.CharField(max_length=32)
    visits = models.PositiveIntegerField(default=0)
    shared_visits = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mini_program", "day", "scene"], name="order_visits_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.scene}: {self.visits}"


class Rollup(models.Model):
    """When a rollup last ran: what was committed shortly before `computed_at` is in its figures."""

    name = models.CharField(primary_key=True, max_length=20)
    computed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.name} {self.computed_at}"
