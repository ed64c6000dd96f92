"""Filters of the single messages."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.lists import FilterForm
from console.states import DELIVERY
from merchants.models import Merchant
from messaging.models import SubscriptionTemplate

STATES = ("queued", "sending", "accepted", "refused", "skipped", "unknown")


class SingleFilters(FilterForm):
    state = forms.ChoiceField(
        label=_("Status"),
        choices=[
            ("", _("All")),
            *((name, DELIVERY[name].word) for name in STATES),
            ("undecided", _("Outcome unknown, to decide")),
        ],
    )
    template: Any = forms.ModelChoiceField(label=_("Template"), queryset=None, empty_label=_("All"))
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, merchant: Merchant, *args: Any, **kwargs: Any) -> None:
        self.merchant = merchant
        super().__init__(*args, **kwargs)

    def offer(self) -> None:
        field: Any = self.fields["template"]
        rows = SubscriptionTemplate.objects.for_merchant(self.merchant).exclude(template_id="")
        field.queryset = rows.order_by("name", "pk")

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The chosen day in the merchant's zone, from its start to before the next."""
        day = self.applied.get("day")
        if day is None:
            return None
        start, end = (datetime.combine(one, time.min) for one in (day, day + timedelta(days=1)))
        return timezone.make_aware(start), timezone.make_aware(end)

    def _words(self, name: str, value: Any) -> str:
        return str(value) if name == "template" else super()._words(name, value)
