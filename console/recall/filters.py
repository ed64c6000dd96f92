"""Which days and which mini program: in the address, so that a figure can be shared."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.lists import FilterForm
from merchants.models import Merchant, MiniProgram
from messaging.recall.figures import Period

RANGES = (7, 30, 90)
USUAL_DAYS = 30
LONGEST_DAYS = 366
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RecallFilters(FilterForm):
    """`days` is one of RANGES; own dates win over it. What cannot be read is told, and 30 days are shown."""

    days = forms.TypedChoiceField(
        choices=[(n, str(n)) for n in RANGES], coerce=int, widget=forms.HiddenInput, empty_value=None
    )
    first = forms.DateField(label=gettext_lazy("First day"), widget=DAY)
    last = forms.DateField(label=gettext_lazy("Last day"), widget=DAY)
    app = forms.ChoiceField(label=gettext_lazy("Mini program"))

    def __init__(self, data: Any, *, merchant: Merchant, today: date) -> None:
        self.today = today
        rows = MiniProgram.objects.for_merchant(merchant).order_by("created_at", "pk")
        self.mini_programs = {str(one.pk): one for one in rows}
        super().__init__(data)

    def offer(self) -> None:
        named = ((pk, one.name) for pk, one in self.mini_programs.items())
        self.fields["app"].choices = [("", _("All mini programs")), *named]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if first and last and first > last:
            self.add_error("last", _("The last day is before the first. Swap them."))
        elif last and last > self.today:
            self.add_error("last", _("This day is yet to come. Choose today or earlier."))
        elif first and first > self.today:
            self.add_error("first", _("This day is yet to come. Choose today or earlier."))
        elif first and ((last or self.today) - first).days >= LONGEST_DAYS:
            words = _("More than %(n)s days. Choose a later first day.")
            self.add_error("first", words % {"n": LONGEST_DAYS})
        return found

    @property
    def is_own(self) -> bool:
        """Own dates are shown. Where one was refused, the other alone is not what was asked for."""
        refused = "first" in self.errors or "last" in self.errors
        return not refused and bool(self.applied.get("first") or self.applied.get("last"))

    @cached_property
    def period(self) -> Period:
        if self.is_own:
            last = self.applied.get("last") or self.today
            first = self.applied.get("first") or last - timedelta(days=USUAL_DAYS - 1)
            return Period(first, last)
        days = self.applied.get("days") or USUAL_DAYS
        return Period(self.today - timedelta(days=days - 1), self.today)

    @property
    def days_shown(self) -> int | None:
        """Which of RANGES is shown; None for own dates."""
        return None if self.is_own else self.applied.get("days") or USUAL_DAYS

    @property
    def mini_program(self) -> MiniProgram | None:
        return self.mini_programs.get(self.applied.get("app", ""))
