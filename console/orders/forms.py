"""Filters of the orders, and the search of the diagnosis."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.lists import FilterForm
from console.states import ORDER_SYNC
from orders.models import StatusChange
from orders.reports import Wanted
from orders.scenes import SCENES

DAY = {"type": "date"}
ALL = ("", _("All"))


class OrderFilters(FilterForm):
    """A status is offered once its scene is chosen: the same code means other things elsewhere."""

    text = forms.CharField(
        label=_("Number"),
        max_length=64,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Order or trade number")}),
    )
    scene = forms.ChoiceField(label=_("Scene"))
    status = forms.ChoiceField(label=_("Status"))
    sync = forms.ChoiceField(
        label=_("Sync"), choices=[ALL, *((state, ORDER_SYNC[state].word) for state in StatusChange.State)]
    )
    since = forms.DateField(label=_("Placed from"), widget=forms.DateInput(attrs=DAY))
    until = forms.DateField(label=_("Placed to"), widget=forms.DateInput(attrs=DAY))

    def offer(self) -> None:
        scene = SCENES.get(self.data.get("scene", ""))
        field: Any = self.fields["scene"]
        field.choices = [ALL, *((one.code, one.name) for one in SCENES.values())]
        if scene is None:
            del self.fields["status"]
            return
        field = self.fields["status"]
        field.choices = [ALL, *((node.status, node.name) for node in scene.nodes)]

    @property
    def wanted(self) -> Wanted:
        """Days are those of the merchant's zone, the last one included."""
        asked = self.applied
        until = asked.get("until")
        return Wanted(
            text=asked.get("text", ""),
            scene=asked.get("scene", ""),
            status=asked.get("status", ""),
            sync=asked.get("sync", ""),
            since=_midnight(asked.get("since")),
            until=_midnight(until + timedelta(days=1) if until else None),
        )


def _midnight(day: Any) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("Order number, or the last four characters of an open_id"),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"max_length": _("An order number has at most 64 characters. Check what was pasted.")},
    )
