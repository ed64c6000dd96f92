"""The merchant's sending rules as fields; an empty one is no limit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from console.coupons.forms import Yuan
from messaging.models.rules import MOST_A_DAY, MOST_A_WEEK, MOST_UNAPPROVED, MOST_UNAPPROVED_FEN
from messaging.sends.rules import Rules


def _limit(label: Any, *, most: int) -> forms.IntegerField:
    words = format_lazy(
        _("Write a whole number from 1 to {most}, or leave it empty for no limit."), most=most
    )
    errors = {"invalid": words, "min_value": words, "max_value": words}
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.IntegerField(
        label=label, required=False, min_value=1, max_value=most, widget=widget, error_messages=errors
    )


def _wall_time(label: Any) -> forms.TimeField:
    errors = {"invalid": _("Write a time of day like 22:00, or leave it empty.")}
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget, error_messages=errors)


RULES = ("cap_day", "cap_week", "quiet_from", "quiet_to", "approve_above", "approve_above_fen")


class RulesForm(forms.Form):
    cap_day = _limit(_("Most messages a day"), most=MOST_A_DAY)
    cap_week = _limit(_("Most messages a week"), most=MOST_A_WEEK)
    quiet_from = _wall_time(_("Quiet from"))
    quiet_to = _wall_time(_("Quiet until"))
    approve_above = _limit(_("Approval above this many people"), most=MOST_UNAPPROVED)
    approve_above_fen = Yuan(label=_("Approval above this cost of a coupon, yuan"))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        self.errors.pop("version", None)
        day, week = found.get("cap_day"), found.get("cap_week")
        if day and week and week < day:
            words = _("Fewer a week than a day: the daily limit would never be reached. Raise this one.")
            self.add_error("cap_week", words)
        self._look_at_quiet_hours(found)
        return found

    def clean_approve_above_fen(self) -> int | None:
        limit: int | None = self.cleaned_data["approve_above_fen"]
        if limit is not None and not 1 <= limit <= MOST_UNAPPROVED_FEN:
            raise forms.ValidationError(_("Write an amount above 0, or leave it empty for no limit."))
        return limit

    def _look_at_quiet_hours(self, found: dict[str, Any]) -> None:
        if {"quiet_from", "quiet_to"} & set(self.errors):
            return
        start, end = found.get("quiet_from"), found.get("quiet_to")
        if (start is None) != (end is None):
            missing = "quiet_from" if start is None else "quiet_to"
            self.add_error(missing, _("Quiet hours need both times. Add this one, or empty the other."))
        elif start is not None and start == end:
            words = _("Both times are the same, which would be no hour or every hour. Change one.")
            self.add_error("quiet_to", words)

    @property
    def seen_version(self) -> int:
        """-1 where the field is missing or no number: no version is that old."""
        found = self.cleaned_data.get("version")
        return -1 if found is None else found

    @property
    def rules(self) -> Rules:
        return Rules(**{name: self.cleaned_data[name] for name in RULES})
