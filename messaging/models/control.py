"""The control row: one per send. Its state machine is drawn in TRANSITIONS; every move is compare-and-set.

draft → in_review → approved → scheduled → preparing → ready → sending ⇄ paused → finished
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned
from messaging.models.templates import FatigueRule, Kind, SubscriptionTemplate


class SendState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    SCHEDULED = "scheduled", _("Scheduled")
    PREPARING = "preparing", _("Preparing")
    READY = "ready", _("Ready")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    MISSED = "missed", _("Missed its time")
    CANCELLING = "cancelling", _("Cancelling")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


MOST_HELD_OUT_PERCENT = 50


class SendKind(models.TextChoices):
    """`single`: messages handed in by API, each with a text and page of its own; it has no list."""

    BATCH = "batch", _("Batch send")
    SINGLE = "single", _("Single messages")


class PauseReason(models.TextChoices):
    OPERATOR = "operator", _("Paused by a person")
    GATEWAY = "gateway", _("The mini program's keys or its gateway cannot be used")
    RESTORED = "restored", _("The database was restored, so some people may have the message already")
    NOT_AFTER = "not_after", _("The latest time given for it has passed")
    REFUSALS = "refusals", _("Too many refusals that are not about one person")
    UNTRUSTED = "untrusted", _("Too many answers that cannot be trusted")
    SIGNATURE = "signature", _("An answer carried a wrong signature")
    COUPON = "coupon", _("The coupon it carries is not shown any more")


class Unprepared(models.TextChoices):
    """Why a send never began, and what to do; `failure` names it."""

    UNREADABLE = (
        "unreadable",
        _("Its text or its audience could not be read. Copy it, check both, and confirm the copy."),
    )
    UNFINISHED = (
        "unfinished",
        _(
            "Preparing was begun and did not end in time. "
            "Should it happen again, tell whoever runs this console."
        ),
    )
    TOO_LATE = "too_late", _("The latest time given for it passed before it began.")
    COUPON = (
        "coupon",
        _(
            "The coupon its messages carry was not shown in time: the platform reviews that first. "
            "Look at where the coupon is shown, then choose a new time."
        ),
    )


TRANSITIONS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"in_review", "scheduled"}),
    "in_review": frozenset({"approved", "draft"}),
    "approved": frozenset({"scheduled", "draft"}),
    "scheduled": frozenset({"preparing", "draft", "missed", "cancelling"}),
    "preparing": frozenset({"ready", "missed", "cancelling", "failed"}),
    "ready": frozenset({"sending", "missed", "cancelling"}),
    "sending": frozenset({"paused", "finished", "cancelling"}),
    "paused": frozenset({"sending", "finished", "cancelling"}),
    "missed": frozenset({"scheduled", "in_review", "cancelling"}),
    "cancelling": frozenset({"cancelled"}),
    "finished": frozenset({"sending"}),
    "cancelled": frozenset(),
    "failed": frozenset(),
}


class SendControl(MerchantOwned, FatigueRule):
    """What the engine needs to know of a send. Content is frozen here at launch; times are instants.

    `last_served_at` orders turns; `touched_at` is the last change of any of its rows, for reconcile.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(
        max_length=6, choices=SendKind.choices, default=SendKind.BATCH, db_default=SendKind.BATCH
    )
    state = models.CharField(max_length=10, choices=SendState.choices, default=SendState.DRAFT)
    template = models.ForeignKey(SubscriptionTemplate, null=True, on_delete=models.PROTECT, related_name="+")
    template_kind = models.CharField(max_length=9, choices=Kind.choices, blank=True)
    platform_template_id = models.CharField(max_length=64, blank=True)
    people_list = models.ForeignKey(
        "membership.PeopleList", null=True, on_delete=models.PROTECT, related_name="+"
    )
    page = models.CharField(max_length=128, blank=True)
    data = models.JSONField(default=dict)  # {"keyword1": {"value": "…"}}
    pieces = models.JSONField(default=list)  # text that differs per person (engine.text); empty: it does not
    rate_per_second = models.PositiveIntegerField(null=True)  # null: only the mini program's limit
    launched_at = models.DateTimeField(null=True)
    undo_until = models.DateTimeField(null=True)
    prepare_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    not_after = models.DateTimeField(null=True)  # nothing leaves later; null: no limit
    holdout_percent = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(MOST_HELD_OUT_PERCENT)]
    )
    placement = models.ForeignKey(  # under which its messages carry a coupon
        "coupons.Placement", null=True, on_delete=models.PROTECT, related_name="+"
    )
    made_placement = models.BooleanField(default=False, db_default=False)  # for this send; else it was there
    books_month = models.DateField(null=True)  # Beijing month of due_at, fixed at freeze
    frozen_total = models.PositiveIntegerField(null=True)
    pause_reason = models.CharField(max_length=20, choices=PauseReason.choices, blank=True)
    pause_detail = models.CharField(max_length=200, blank=True)
    failure = models.CharField(max_length=300, blank=True)  # one of Unprepared, or a sentence of its own
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    books_closed_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)  # its rows were detached with their month
    last_served_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(null=True)
    busy_count = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)  # last reconcile
    balanced = models.BooleanField(null=True)
    check_detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=SendState.values), name="send_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_review", "approved", "cancelling", "cancelled"])
                | Q(due_at__isnull=False, template__isnull=False, people_list__isnull=False)
                | Q(due_at__isnull=False, template__isnull=False, kind="single"),
                name="send_launched_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(holdout_percent__lte=MOST_HELD_OUT_PERCENT), name="send_holdout_share"
            ),
            models.CheckConstraint(condition=Q(kind__in=SendKind.values), name="send_kind_known"),
        ]
        indexes = [
            models.Index(
                fields=["state", "prepare_at"],
                name="send_live",
                condition=Q(state__in=["scheduled", "preparing", "ready", "sending", "paused", "cancelling"]),
            ),
            models.Index(fields=["merchant", "state", "due_at"], name="send_merchant_state"),
            models.Index(fields=["merchant"], name="send_books_open", condition=Q(books_closed_at=None)),
            # for the recall rollup: what changed lately, and the sends of one day
            models.Index(fields=["touched_at"], name="send_touched"),
            models.Index(fields=["mini_program", "started_at"], name="send_started"),
            # for the books of a month, and what keeps them open
            models.Index(fields=["books_month", "mini_program"], name="send_books_month"),
        ]

    def __str__(self) -> str:
        return f"send {self.pk} ({self.state})"
