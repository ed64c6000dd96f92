"""A member card as the merchant designed it, each of its versions, and the levels one can reach with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.functions import Now
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from merchants.owned import MerchantOwned


class CardMode(models.TextChoices):
    FREE = "free", pgettext_lazy("member card", "Free")
    PAID = "paid", pgettext_lazy("member card", "Paid")
    STORED_VALUE = "stored_value", pgettext_lazy("member card", "Stored value")


class CardTemplateState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    CREATING = "creating", _("Being created")
    LIVE = "live", pgettext_lazy("member card", "Live")
    MODIFYING = "modifying", _("Being changed")


# The platform has no word that takes a template away, so a live one stays live. The ways back: it refused.
CARD_TEMPLATE_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"creating"}),
    "creating": frozenset({"draft", "live"}),
    "live": frozenset({"modifying"}),
    "modifying": frozenset({"live"}),
}


class Counted(Func):
    """How many of something a JSON column holds, by a path."""

    output_field = IntegerField()
    template = "jsonb_array_length(jsonb_path_query_array(%(expressions)s, '%(path)s'))"


class Finds(Func):
    """Whether a path finds something in a JSON column."""

    output_field = models.BooleanField()
    template = "jsonb_path_exists(%(expressions)s, '%(path)s')"


def _count(path: str) -> Counted:
    return Counted(F("terms"), path=path)


def _at_most(most: int, path: str) -> Any:
    return LessThanOrEqual(_count(path), most)


class CardTemplate(MerchantOwned):
    """`terms`: the newest version as it was saved (membership/card_terms.py). `live_terms`: the cards'.
    `operations` counts the operations begun: the n-th one's request_id follows from it.

    What the constraints look at stands in columns of its own where it can; all of it is written by one
    function (membership/card_designing.py).
    """

    mini_program = models.ForeignKey("merchants.MiniProgram", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=CardTemplateState.choices, default=CardTemplateState.DRAFT)
    name = models.CharField(max_length=20)
    mode = models.CharField(max_length=12, choices=CardMode.choices)
    write_off = models.CharField(max_length=9)
    number_prefix = models.CharField(max_length=10, blank=True)
    number_length = models.PositiveSmallIntegerField()
    terms = models.JSONField()
    live_terms = models.JSONField(null=True)
    version = models.PositiveIntegerField(default=1)
    live_version = models.PositiveIntegerField(null=True)

    template_id = models.CharField(max_length=64, blank=True)
    operations = models.PositiveIntegerField(default=0)
    asked_version = models.PositiveIntegerField(null=True)  # of the operation under way
    refusal = models.CharField(max_length=80, blank=True)  # sub_code of the last operation, if refused
    words = models.CharField(max_length=400, blank=True)  # the platform's own, of the refusal

    form_token = models.UUIDField(unique=True)
    author = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CardTemplateState.values), name="card_template_state_known"
            ),
            models.CheckConstraint(condition=Q(mode__in=CardMode.values), name="card_template_mode_known"),
            models.CheckConstraint(
                condition=Q(
                    write_off__in=(
                        *("qrcode", "barcode", "dqrcode", "dbarcode"),
                        *("mdqrcode", "mdbarcode", "text", "none"),
                    )
                ),
                name="card_template_write_off_known",
            ),
            models.CheckConstraint(
                condition=Q(number_length__range=(8, 32)), name="card_template_number_length"
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    Func(F("number_prefix"), function="length", output_field=IntegerField())
                    + F("number_length"),
                    32,
                ),
                name="card_template_number_fits",
            ),
            models.CheckConstraint(condition=_at_most(10, "$.columns[*]"), name="card_template_columns"),
            models.CheckConstraint(condition=_at_most(3, "$.actions[*]"), name="card_template_actions"),
            models.CheckConstraint(
                condition=Q(_at_most(0, "$.actions[*] ? (@.is_quick == true)"))
                | Q(_at_most(2, "$.actions[*] ? (@.is_quick == true)"))
                & ~Q(_at_most(1, "$.actions[*] ? (@.is_quick == true)")),
                name="card_template_quick_none_or_two",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    _count("$.columns[*]") + _count("$.actions[*]") + _count("$.benefits[*]"), 16
                ),
                name="card_template_components",
            ),
            models.CheckConstraint(
                condition=Q(Finds(F("terms"), path="$.form.required[*]")),
                name="card_template_form_asks_something",
            ),
            models.CheckConstraint(
                condition=~Q(Finds(F("terms"), path="$.form.required[*] ? (@ == $.form.optional[*])")),
                name="card_template_form_asks_once",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(_count("$.form.required[*]") + _count("$.form.optional[*]"), 20),
                name="card_template_form_fields",
            ),
            models.CheckConstraint(
                condition=~Q(mode="stored_value")
                | Q(Finds(F("terms"), path='$.columns[*] ? (@.code == "BALANCE")')),
                name="card_template_stored_value_shows_it",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "creating"])
                | ~Q(template_id="") & Q(live_terms__isnull=False, live_version__isnull=False),
                name="card_template_live_is_known",
            ),
            models.UniqueConstraint(
                fields=["mini_program", "template_id"],
                name="card_template_id_unique",
                condition=~Q(template_id=""),
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-created_at"], name="card_template_newest")]

    def __str__(self) -> str:
        return self.name


class CardRevision(MerchantOwned):
    """One version as it was saved. Rows are only added; a draft that is deleted takes its own with it."""

    template = models.ForeignKey(CardTemplate, on_delete=models.CASCADE, related_name="revisions")
    version = models.PositiveIntegerField()
    terms = models.JSONField()
    author = models.ForeignKey("merchants.User", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "version"], name="card_revision_once"),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class CardLevel(models.Model):
    """A level of the live version. `threshold`: points earned, or fen spent, in one period.

    One that a later version leaves out stays without a place among the others.
    """

    template = models.ForeignKey(CardTemplate, on_delete=models.CASCADE, related_name="levels")
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=10)
    threshold = models.BigIntegerField()
    protection_days = models.PositiveSmallIntegerField(default=0)
    points_percent = models.PositiveSmallIntegerField(default=100)
    left_out_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "code"], name="card_level_once"),
            models.UniqueConstraint(
                fields=["template", "threshold"],
                name="card_level_threshold_once",
                condition=Q(left_out_at=None),
            ),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="card_level_threshold_from_zero"),
            models.CheckConstraint(
                condition=Q(points_percent__range=(100, 1000)), name="card_level_points_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.name
