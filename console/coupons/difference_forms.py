"""Which differences are shown, and what is written down with a decision."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.lists import FilterForm
from console.states import DIFFERENCE
from coupons import book_reports
from coupons.book_reports import Wanted
from coupons.models.difference import DifferenceKind
from merchants.models import Merchant

ALL = ("", gettext_lazy("All"))
MOST_OFFERED = 200  # coupons in the menu
EVERY = "every"


class DifferenceFilters(FilterForm):
    """Open ones unless asked otherwise."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        choices=[
            ("", DIFFERENCE["open"].word),
            *((name, word.word) for name, word in DIFFERENCE.items() if name != "open"),
            (EVERY, gettext_lazy("All")),
        ],
    )
    kind = forms.ChoiceField(label=gettext_lazy("What differs"), choices=[ALL, *DifferenceKind.choices])
    coupon = forms.TypedChoiceField(label=gettext_lazy("Coupon"), coerce=int, empty_value=None)

    def __init__(self, data: Any, *, merchant: Merchant) -> None:
        self.merchant = merchant
        super().__init__(data)

    def offer(self) -> None:
        rows = book_reports.coupons_of(self.merchant)[:MOST_OFFERED]
        named = [(one.pk, f"{one.name} · {one.activity_id[-4:]}") for one in rows]
        self.fields["coupon"].choices = [("", _("All coupons")), *named]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        state = self.applied.get("state", "open")
        return Wanted(
            coupon_id=self.applied.get("coupon"),
            kind=self.applied.get("kind", ""),
            state="" if state == EVERY else state,
        )


class AcceptForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why it stays as it is"),
        max_length=200,
        help_text=gettext_lazy("Whoever looks at the books next year reads this."),
        error_messages={"required": gettext_lazy("Write why it stays as it is.")},
    )
