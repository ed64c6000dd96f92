"""One row per person of a send, partitioned by `books_month`; docs/architecture.md draws the states.

queued → claimed → sending → accepted | refused | unknown; queued | claimed → skipped.
Nothing has a foreign key to it, and it has none: months are detached whole.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned
from messaging.models.control import SendControl


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    CLAIMED = "claimed", _("Queued")
    SENDING = "sending", _("In flight")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
    SKIPPED = "skipped", _("Skipped")
    UNKNOWN = "unknown", _("Outcome unknown")


class SkipReason(models.TextChoices):
    NOT_KNOWN = "not_known", _("Forgotten or unknown")
    DO_NOT_SEND = "do_not_send", _("On the do-not-send list")
    OPTED_OUT = "opted_out", _("Opted out of profiling")
    DOES_NOT_FIT = "does_not_fit", _("Content does not fit")
    NO_CONSENT = "no_consent", _("No consent left")
    FREQUENCY_CAP = "cap", _("Over the frequency cap")
    FATIGUE = "fatigue", _("Template fatigue")
    HOLDOUT = "holdout", _("Holdout")
    GAVE_UP = "gave_up", _("Gave up, never left")
    NOT_SENT = "not_sent", _("Never left")
    CANCELLED = "cancelled", _("Stopped by cancel")


class UnknownCause(models.TextChoices):
    PROCESS = "process", _("Our process stopped before the answer was written down")
    ANSWER = "answer", _("The platform gave no answer that can be trusted")


NO_RECORD = "no_record"  # the reason the reaper writes


def cause_of(reason: str) -> UnknownCause:
    """Of an unknown outcome: the row's own column says the same."""
    return UnknownCause.PROCESS if reason == NO_RECORD else UnknownCause.ANSWER


class Decision(models.TextChoices):
    TREATED_AS_SENT = "treated_as_sent", _("Treated as sent")


class Delivery(models.Model):
    pk = models.CompositePrimaryKey("books_month", "id")
    books_month = models.DateField()
    id = models.BigIntegerField(
        db_default=Func(
            Value("messaging_delivery_id_seq"), function="nextval", output_field=models.BigIntegerField()
        )
    )
    send = models.ForeignKey(
        SendControl, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    customer = models.ForeignKey(
        "membership.Customer",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    state = models.CharField(max_length=8, choices=DeliveryState.choices)
    reason = models.CharField(
        max_length=80, default="", blank=True
    )  # skip reason, sub_code, or why it is unknown
    cause = models.CharField(max_length=8, choices=UnknownCause.choices, default="", blank=True)
    due_at = models.DateTimeField()
    attempt = models.PositiveSmallIntegerField(default=0)
    failed_tries = models.PositiveSmallIntegerField(default=0)  # NotSent, at most 8
    token = models.UUIDField(null=True)
    worker_pid = models.IntegerField(null=True)
    lease_until = models.DateTimeField(null=True)
    answer_by = models.DateTimeField(null=True)
    spent = models.BooleanField(default=False)  # this attempt holds one consent unit
    counted_on = models.DateField(null=True)  # Beijing day in the fatigue count
    kept_unknown = models.BooleanField(default=False)  # an earlier attempt is unknown for ever
    data = models.JSONField(null=True)  # only where it differs from the send's
    page = models.CharField(max_length=128, null=True)  # noqa: DJ001 - as data: NULL where it is the send's
    sent_at = models.DateTimeField(null=True)  # when it was marked
    recorded_at = models.DateTimeField(null=True)
    duration_ms = models.FloatField(null=True)
    decision = models.CharField(max_length=15, choices=Decision.choices, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        "merchants.User",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["books_month", "send", "customer"], name="delivery_once_per_person"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["queued", "claimed", "sending", "accepted", "refused", "skipped", "unknown"]
                ),
                name="delivery_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="claimed") | Q(token__isnull=False, lease_until__isnull=False),
                name="delivery_claimed_has_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(token__isnull=False, answer_by__isnull=False),
                name="delivery_sending_has_deadline",
            ),
        ]
        indexes = [
            models.Index(fields=["send", "id"], name="delivery_queued", condition=Q(state="queued")),
            models.Index(fields=["lease_until"], name="delivery_claimed", condition=Q(state="claimed")),
            models.Index(fields=["answer_by"], name="delivery_sending", condition=Q(state="sending")),
            models.Index(fields=["send", "state", "reason", "id"], name="delivery_by_state"),
            models.Index(fields=["send", "id"], name="delivery_by_id"),  # all people of a send, page by page
            models.Index(fields=["customer"], name="delivery_customer"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.books_month}/{self.id} {self.state}"


class DeliveryAttempt(MerchantOwned):
    """What an earlier attempt came to, kept when a person chose "send again". `spent`: it keeps its unit."""

    books_month = models.DateField()
    delivery_id = models.BigIntegerField()
    send = models.ForeignKey(SendControl, on_delete=models.PROTECT, related_name="+")
    attempt = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=DeliveryState.choices)
    reason = models.CharField(max_length=80, blank=True)
    cause = models.CharField(max_length=8, blank=True)
    spent = models.BooleanField()
    sent_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(null=True)
    again_by = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    again_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["books_month", "delivery_id", "attempt"], name="attempt_once"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.attempt} of {self.delivery_id}"


class DeliveryCounter(models.Model):
    """Kept in the transactions that move rows. `queued` includes claimed; `units` counts units spent,
    `decided` the unknown rows that a person has decided, by the reason of their being unknown."""

    pk = models.CompositePrimaryKey("send", "state", "reason")
    send = models.ForeignKey(SendControl, on_delete=models.CASCADE, related_name="counters", db_index=False)
    state = models.CharField(max_length=8)
    reason = models.CharField(max_length=80, default="", blank=True)
    n = models.IntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(n__gte=0), name="counter_not_negative")]
        indexes = [
            models.Index(fields=["send"], name="counter_has_queued", condition=Q(state="queued", n__gt=0))
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.reason}: {self.n}"


class FrequencyCount(models.Model):
    """Messages of one template to one person on a Beijing day: accepted, unknown or in flight."""

    pk = models.CompositePrimaryKey("customer", "template", "day")
    customer = models.ForeignKey(
        "membership.Customer",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    template = models.ForeignKey(
        "messaging.SubscriptionTemplate",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    day = models.DateField()
    n = models.IntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(n__gte=0), name="frequency_not_negative")]

    def __str__(self) -> str:
        return f"{self.customer_id}/{self.template_id} {self.day}: {self.n}"
