"""The limits against abuse as fields, and what is written down with a decision about an alert."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from console.lists import FilterForm
from console.states import COUPON_ALERT
from coupons.limits import Limits
from coupons.models import CouponAlert
from coupons.models.limits import MOST_EACH, MOST_PERCENT, AlertState

EVERY = "every"
USUAL_DAYS, MOST_DAYS = 30, 365
LIMITS = ("claims", "grants", "uses", "hour_percent")


def _limit(label: Any, help_text: Any, *, most: int = MOST_EACH) -> forms.IntegerField:
    words = format_lazy(
        gettext_lazy("Write a whole number from 1 to {most}, or leave it empty to turn it off."), most=most
    )
    errors = {"invalid": words, "min_value": words, "max_value": words}
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        required=False,
        min_value=1,
        max_value=most,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages=errors,
    )


class LimitsForm(forms.Form):
    claims = _limit(
        gettext_lazy("Claims of one person in 24 hours"),
        gettext_lazy("More than this is told as an alert. Usual: 10."),
    )
    hour_percent = _limit(
        gettext_lazy("Percent of a coupon's stock in one hour"),
        gettext_lazy("More than this is told as an alert. Usual: 30."),
        most=MOST_PERCENT,
    )
    grants = _limit(
        gettext_lazy("Coupons given to one person a day"),
        gettext_lazy("Nobody is given more. Usual: 5."),
    )
    uses = _limit(
        gettext_lazy("Uses of one person a day"),
        gettext_lazy("Codes beyond it are refused. Usual: 20."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        self.errors.pop("version", None)
        return found

    @property
    def seen_version(self) -> int:
        """-1 where the field is missing or no number: no version is that old."""
        found = self.cleaned_data.get("version")
        return -1 if found is None else found

    @property
    def limits(self) -> Limits:
        return Limits(**{name: self.cleaned_data[name] for name in LIMITS})


class AlertFilters(FilterForm):
    """Open ones unless asked otherwise."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        choices=[
            ("", COUPON_ALERT["open"].word),
            *((str(one), COUPON_ALERT[one].word) for one in AlertState.values if one != "open"),
            (EVERY, gettext_lazy("All")),
        ],
    )
    kind = forms.ChoiceField(
        label=pgettext_lazy("coupon alert", "What happened"),
        choices=[("", gettext_lazy("All")), *CouponAlert.Kind.choices],
    )

    @property
    def wanted(self) -> dict[str, str]:
        state = self.applied.get("state", "open")
        return {"state": "" if state == EVERY else state, "kind": self.applied.get("kind", "")}


def _reason(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=200,
        help_text=gettext_lazy("Whoever looks at it later reads this. It is erased with a person's data."),
        error_messages={"required": gettext_lazy("Write why.")},
    )


class DismissForm(forms.Form):
    prefix = "dismiss"
    reason = _reason(gettext_lazy("Why nothing is to be done"))

    def __init__(self, data: Any = None, *, alert: CouponAlert) -> None:
        super().__init__(data)
        if alert.state == AlertState.KEPT:
            self.fields["reason"].label = _("Why the person may have coupons again")


class KeepForm(forms.Form):
    """`today`: of the merchant's coupons, so Beijing's."""

    prefix = "keep"
    until = forms.DateField(
        label=gettext_lazy("May get coupons again from"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": gettext_lazy("Choose a day."),
            "invalid": gettext_lazy("Write a day like 2026-12-24."),
        },
    )
    reason = _reason(gettext_lazy("Why the person is kept from coupons"))

    def __init__(self, data: Any = None, *, today: date) -> None:
        self.today = today
        super().__init__(data, initial={"until": today + timedelta(days=USUAL_DAYS)})

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if not self.today < until <= self.today + timedelta(days=MOST_DAYS):
            raise forms.ValidationError(_("Choose a day from tomorrow on, at most a year ahead."))
        return until
