"""The ledgers of a card: points and the lots they came in, balance, corrections that somebody asked for."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from membership.models.member_card import MemberCard
from merchants.owned import MerchantOwned


class By(models.TextChoices):
    ORDER = "order", _("An order")
    API = "api", _("API")
    HAND = "hand", _("By hand")
    CLOCK = "clock", _("By its last day")
    REPAIR = "repair", _("Reconciliation")


class Entry(MerchantOwned):
    """What happened to a card, once each by kind and `source_key`. Rows are only added, each by the statement
    that moves the totals of the card, and says what they were after it."""

    by = models.CharField(max_length=6, choices=By.choices)
    user = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    source_key = models.CharField(max_length=120)
    reason = models.CharField(max_length=200, blank=True)
    order_no = models.CharField(max_length=64, blank=True)  # the merchant's own
    happened_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class PointEntry(Entry):
    """`points` and `frozen` are what it moved; `growth` what it moved of what counts for the level.

    `short`: what a return could not take because it was spent already. `spent_fen`: what was paid for the
    order, or of a return what was paid back. Frozen points that are spent undo the entry that froze them.
    """

    class Kind(models.TextChoices):
        EARNED = "earned", _("Earned")
        SPENT = "spent", pgettext_lazy("card ledger", "Spent")
        RETURNED = "returned", _("Taken back for a refund")
        EXPIRED = "expired", pgettext_lazy("card ledger", "Expired")
        FROZEN = "frozen", pgettext_lazy("card ledger", "Frozen")
        UNFROZEN = "unfrozen", pgettext_lazy("card ledger", "Freed")
        CORRECTED = "corrected", pgettext_lazy("card ledger", "Corrected")
        PERIOD = "period", _("The period of the level ended")

    card = models.ForeignKey(
        MemberCard, on_delete=models.PROTECT, related_name="point_entries", db_index=False
    )
    kind = models.CharField(max_length=9, choices=Kind.choices)
    points = models.BigIntegerField()
    frozen = models.BigIntegerField(default=0)
    growth = models.BigIntegerField(default=0)
    points_after = models.BigIntegerField()
    frozen_after = models.BigIntegerField()
    growth_after = models.BigIntegerField()
    short = models.BigIntegerField(default=0)
    spent_fen = models.BigIntegerField(default=0)
    undoes = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="undone_by", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["card", "kind", "source_key"], name="point_entry_once"),
            models.CheckConstraint(
                condition=Q(points_after__gte=0, frozen_after__gte=0, growth_after__gte=0),
                name="point_entry_from_zero",
            ),
            models.CheckConstraint(
                condition=Q(kind="earned", points__gte=0, frozen=0, undoes=None) & ~Q(points=0, growth=0)
                | Q(kind__in=["spent", "expired"], points__lt=0, frozen=0, undoes=None)
                | Q(kind="spent", points=0, frozen__lt=0, undoes__isnull=False)
                | Q(kind="returned", points__lte=0, frozen=0, undoes__isnull=False)
                | Q(kind="frozen", points__lt=0, frozen=-F("points"), undoes=None)
                | Q(kind="unfrozen", points__gt=0, frozen=-F("points"), undoes__isnull=False)
                | Q(kind="corrected", frozen=0, undoes=None) & ~Q(points=0)
                | Q(kind="period", points=0, frozen=0, undoes=None),
                name="point_entry_moves",
            ),
            models.CheckConstraint(
                condition=~Q(kind="corrected") | ~Q(reason=""), name="point_entry_corrected_says_why"
            ),
            models.CheckConstraint(
                condition=Q(short=0) | Q(kind="returned", short__gt=0), name="point_entry_short_of_a_return"
            ),
        ]
        indexes = [
            models.Index(fields=["card", "-id"], name="point_entry_of_card"),
            models.Index(fields=["undoes"], name="point_entry_undoes", condition=Q(undoes__isnull=False)),
            models.Index(
                fields=["merchant", "order_no"], name="point_entry_of_order", condition=~Q(order_no="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.points}"


class PointLot(models.Model):
    """Points that came together and expire together. `left` is what nobody took of them yet."""

    card = models.ForeignKey(MemberCard, on_delete=models.PROTECT, related_name="lots", db_index=False)
    entry = models.OneToOneField(PointEntry, on_delete=models.PROTECT, related_name="lot")
    points = models.BigIntegerField()
    left = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)  # null: never

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(points__gt=0, left__gte=0, left__lte=F("points")), name="point_lot_holds"
            ),
        ]
        indexes = [
            models.Index(fields=["card", "expires_at", "id"], name="point_lot_next", condition=Q(left__gt=0)),
            models.Index(
                fields=["expires_at", "card"],
                name="point_lot_expiring",
                condition=Q(left__gt=0, expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.left} of {self.points}"


class LotUse(models.Model):
    """What an entry took of a lot, or gave back to it where it is below zero."""

    lot = models.ForeignKey(PointLot, on_delete=models.PROTECT, related_name="uses", db_index=False)
    entry = models.ForeignKey(PointEntry, on_delete=models.PROTECT, related_name="uses", db_index=False)
    points = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "lot"], name="lot_use_once"),
            models.CheckConstraint(condition=~Q(points=0), name="lot_use_moves"),
        ]
        indexes = [models.Index(fields=["lot"], name="lot_use_of_lot")]

    def __str__(self) -> str:
        return str(self.points)


class BalanceEntry(Entry):
    class Kind(models.TextChoices):
        TOPPED_UP = "topped_up", _("Topped up")
        PAID = "paid", pgettext_lazy("card ledger", "Paid with")
        REFUNDED = "refunded", _("Paid back")
        FROZEN = "frozen", pgettext_lazy("card ledger", "Frozen")
        UNFROZEN = "unfrozen", pgettext_lazy("card ledger", "Freed")

    card = models.ForeignKey(
        MemberCard, on_delete=models.PROTECT, related_name="balance_entries", db_index=False
    )
    kind = models.CharField(max_length=9, choices=Kind.choices)
    fen = models.BigIntegerField()
    frozen_fen = models.BigIntegerField(default=0)
    fen_after = models.BigIntegerField()
    frozen_fen_after = models.BigIntegerField()
    undoes = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="undone_by", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["card", "kind", "source_key"], name="balance_entry_once"),
            models.CheckConstraint(
                condition=Q(fen_after__gte=0, frozen_fen_after__gte=0), name="balance_entry_from_zero"
            ),
            models.CheckConstraint(
                condition=Q(kind="topped_up", fen__gt=0, frozen_fen=0, undoes=None)
                | Q(kind="paid", fen__lt=0, frozen_fen=0, undoes=None)
                | Q(kind="paid", fen=0, frozen_fen__lt=0, undoes__isnull=False)
                | Q(kind="refunded", fen__gt=0, frozen_fen=0, undoes__isnull=False)
                | Q(kind="frozen", fen__lt=0, frozen_fen=-F("fen"), undoes=None)
                | Q(kind="unfrozen", fen__gt=0, frozen_fen=-F("fen"), undoes__isnull=False),
                name="balance_entry_moves",
            ),
        ]
        indexes = [
            models.Index(fields=["card", "-id"], name="balance_entry_of_card"),
            models.Index(fields=["undoes"], name="balance_entry_undoes", condition=Q(undoes__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.fen}"


class PointCorrection(MerchantOwned):
    """Points put right by hand. Above a limit it waits for a second person, and moves nothing until then."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("Waits for a second person")
        APPROVED = "approved", _("Corrected")
        REFUSED = "refused", _("Refused")

    card = models.ForeignKey(MemberCard, on_delete=models.PROTECT, related_name="corrections")
    state = models.CharField(max_length=9, choices=State.choices)
    points = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    needs_second = models.BooleanField()
    entry = models.OneToOneField(PointEntry, null=True, on_delete=models.PROTECT, related_name="correction")
    form_token = models.UUIDField(unique=True)
    asked_by = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["requested", "approved", "refused"]),
                name="point_correction_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(points=0) & ~Q(reason=""), name="point_correction_moves_and_says_why"
            ),
            models.CheckConstraint(
                condition=Q(state="approved", entry__isnull=False)
                | ~Q(state="approved") & Q(entry__isnull=True),
                name="point_correction_approved_is_in_the_ledger",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                name="point_correction_second_is_another",
            ),
            models.CheckConstraint(
                condition=Q(state="requested", needs_second=True, decided_by=None, decided_at=None)
                | Q(state="approved", needs_second=False, decided_by=None)
                | Q(needs_second=True, decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(state="requested"),
                name="point_correction_decided_by_a_second",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "id"], name="point_correction_waiting", condition=Q(state="requested")
            ),
            models.Index(fields=["merchant", "-id"], name="point_correction_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+}"
