from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.audit.sentences import AREAS
from console.lists import FilterForm
from merchants.models import Event, Merchant, Staff


class AuditFilter(FilterForm):
    area = forms.ChoiceField(label=_("Area"), choices=[("", _("All")), *AREAS.items()])
    by = forms.ChoiceField(label=_("Who"))
    since = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, merchant: Merchant, *args: Any, **kwargs: Any) -> None:
        self.merchant = merchant
        super().__init__(*args, **kwargs)

    def offer(self) -> None:
        seats = Staff.objects.for_merchant(self.merchant).select_related("user").order_by("created_at")
        people = [(str(seat.user_id), str(seat.user)) for seat in seats]
        self.fields["by"].choices = [("", _("Everybody")), *people]  # type: ignore[attr-defined]

    def narrow(self, rows: QuerySet[Event]) -> QuerySet[Event]:
        wanted = self.applied
        if "area" in wanted:
            rows = rows.filter(kind__startswith=f"{wanted['area']}.")
        if "by" in wanted:
            rows = rows.filter(by_id=int(wanted["by"]))
        if "since" in wanted:
            rows = rows.filter(at__gte=_start_of(wanted["since"]))
        if "until" in wanted:
            rows = rows.filter(at__lt=_start_of(wanted["until"] + timedelta(days=1)))
        return rows


def _start_of(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
