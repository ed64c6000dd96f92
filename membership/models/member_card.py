"""One person's card, what stands on it, and the numbers that cards are given."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from membership.models.card_template import CardLevel, CardTemplate
from membership.models.people import Customer
from merchants.owned import MerchantOwned


class CardState(models.TextChoices):
    OPENING = "opening", _("Being opened")
    OPEN = "open", pgettext_lazy("member card", "Open")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", pgettext_lazy("member card", "Expired")
    UNBOUND = "unbound", _("Taken out of the wallet")
    CANCELLED = "cancelled", pgettext_lazy("member card", "Cancelled")


# E4.5: who took it out may have it again, a cancelled one never; E4.3: an expired one does not come back.
CARD_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "opening": frozenset({"open", "refused"}),
    "refused": frozenset({"opening"}),
    "open": frozenset({"expired", "unbound", "cancelled"}),
    "expired": frozenset({"unbound", "cancelled"}),
    "unbound": frozenset({"opening", "open", "cancelled"}),
    "cancelled": frozenset(),
}


class MemberCard(MerchantOwned):
    """One person, one template, one card. Totals are moved by the statements that write the ledger, and by
    nothing else (membership/ledger.py): `points` and `balance_fen` can be spent, the frozen parts cannot.

    `growth`: what counts for the level in the period that ends at `level_until`, in points or fen. No level
    is lost before `protected_until`.
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    template = models.ForeignKey(CardTemplate, on_delete=models.PROTECT, related_name="cards")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="cards")
    state = models.CharField(max_length=9, choices=CardState.choices, default=CardState.OPENING)
    number = models.CharField(max_length=32)  # ours: the external_card_no
    biz_card_no = models.CharField(max_length=64, blank=True)  # the platform's
    channel = models.CharField(max_length=32, blank=True)
    opened_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=80, blank=True)  # the platform's sub_code
    words = models.CharField(max_length=400, blank=True)

    points = models.BigIntegerField(default=0)
    points_frozen = models.BigIntegerField(default=0)
    balance_fen = models.BigIntegerField(default=0)
    balance_frozen_fen = models.BigIntegerField(default=0)
    growth = models.BigIntegerField(default=0)
    level = models.ForeignKey(CardLevel, null=True, on_delete=models.PROTECT, related_name="+")
    level_since = models.DateTimeField(null=True)
    level_until = models.DateTimeField(null=True)
    protected_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CardState.values), name="member_card_state_known"),
            models.UniqueConstraint(fields=["template", "customer"], name="member_card_one_each"),
            models.UniqueConstraint(fields=["merchant", "number"], name="member_card_number_unique"),
            models.UniqueConstraint(
                fields=["mini_program", "biz_card_no"],
                name="member_card_biz_card_no_unique",
                condition=~Q(biz_card_no=""),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["opening", "refused"])
                | Q(opened_at__isnull=False) & ~Q(biz_card_no=""),
                name="member_card_open_is_known",
            ),
            models.CheckConstraint(
                condition=Q(points__gte=0, points_frozen__gte=0), name="member_card_points_from_zero"
            ),
            models.CheckConstraint(
                condition=Q(balance_fen__gte=0, balance_frozen_fen__gte=0),
                name="member_card_balance_from_zero",
            ),
            models.CheckConstraint(condition=Q(growth__gte=0), name="member_card_growth_from_zero"),
            models.CheckConstraint(
                condition=Q(level=None)
                | Q(level_since__isnull=False, level_until__isnull=False, protected_until__isnull=False),
                name="member_card_level_has_times",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="member_card_newest"),
            models.Index(fields=["template", "state", "-id"], name="member_card_of_template"),
            # the scans of what ends read these and nothing else
            models.Index(
                fields=["valid_until", "id"],
                name="member_card_ending",
                condition=Q(state="open", valid_until__isnull=False),
            ),
            models.Index(
                fields=["level_until", "id"],
                name="member_card_level_ending",
                condition=Q(level_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.number[-4:]}"


class CardNumberSeries(MerchantOwned):
    """The last number given of one prefix and length."""

    prefix = models.CharField(max_length=10, blank=True)
    length = models.PositiveSmallIntegerField()
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "prefix", "length"], name="card_number_series_once"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix} {self.last}"
