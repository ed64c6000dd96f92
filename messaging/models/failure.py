"""What a person decided about one cause of failures over several sends."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned


class FailureDecision(MerchantOwned):
    """Carried out by its Job (messaging.engine.retry), and not repeated by a second post of the same form.

    `sends`: [[send, people], …] as they stood on the page that was confirmed. `as_of`, by the database's
    clock: only outcomes written down until then are meant, so it moves no row twice. `closed_at`: its Job is
    over; of one cause one decision at a time is open.
    """

    class Act(models.TextChoices):
        AGAIN = "again", _("Send again")
        TREAT = "treat", _("Treat as sent")

    form_token = models.UUIDField(unique=True)
    act = models.CharField(max_length=5, choices=Act.choices)
    state = models.CharField(max_length=8)  # refused or unknown
    reason = models.CharField(max_length=80)  # a sub_code, or the cause of unknown outcomes
    sends = models.JSONField()
    people = models.PositiveIntegerField()
    as_of = models.DateTimeField()
    by = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    job = models.OneToOneField("merchants.Job", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "state", "reason"],
                condition=Q(closed_at=None),
                name="failure_decision_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state="refused", act="again") | Q(state="unknown"),
                name="failure_decision_possible",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "state", "reason"], name="failure_decision_of_cause")]

    def __str__(self) -> str:
        return f"{self.act} {self.state} {self.reason}: {self.people}"
