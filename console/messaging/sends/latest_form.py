"""The latest time of a send in a form: a day and a time together, or neither."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.forms import reading
from messaging.models import BatchSend
from messaging.models.control import MOST_HELD_OUT_PERCENT
from messaging.sends import latest
from messaging.sends.wall_time import NoSuchTime

NAMES = ("not_after_on", "not_after_time")


class LatestFields(forms.Form):
    not_after_on = forms.DateField(
        label=gettext_lazy("Not after, day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    not_after_time = forms.TimeField(
        label=gettext_lazy("Not after, time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    @property
    def limit(self) -> latest.Wall:
        """As far as it can be read; half a time is none."""
        on, wall = (reading(self, name) for name in NAMES)
        return (on, wall) if on and wall else latest.NONE

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        on, wall = (given.get(name) for name in NAMES)
        missing = "not_after_time" if on else "not_after_on"
        if bool(on) != bool(wall) and not any(name in self.errors for name in NAMES):
            self.add_error(missing, _("Fill in day and time, or leave both empty."))
        return given


class HoldoutField(forms.Form):
    holdout_percent = forms.IntegerField(
        label=gettext_lazy("Keep back a share for comparison, in percent"),
        required=False,
        min_value=0,
        max_value=MOST_HELD_OUT_PERCENT,
        help_text=gettext_lazy(
            "Picked by chance from those who would get it. They get nothing and keep their consent, "
            "so that there is somebody to compare with. 0: nobody is kept back."
        ),
        error_messages={
            "invalid": gettext_lazy("Fill in a whole number from 0 to 50."),
            "min_value": gettext_lazy("Fill in a whole number from 0 to 50."),
            "max_value": gettext_lazy("At most 50 percent may be kept back, so that half still get it."),
        },
    )

    def clean_holdout_percent(self) -> int:
        return self.cleaned_data["holdout_percent"] or 0


def written(batch: BatchSend) -> dict[str, Any]:
    """As the fields of a form have it."""
    on, wall = latest.wall_of(batch)
    return {
        "not_after_on": on.isoformat() if on else "",
        "not_after_time": f"{wall:%H:%M}" if wall else "",
    }


def still_ahead(batch: BatchSend, *, at: datetime) -> dict[str, Any]:
    """The latest time given before, while it can still be kept; else none, to be asked for anew."""
    try:
        limit = latest.instant_of(batch)
    except NoSuchTime:
        limit = None
    return written(batch) if limit and limit > at else {}
