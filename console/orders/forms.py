"""Filters of the orders, and the search of the diagnosis."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from console.lists import FilterForm
from console.states import ORDER_SYNC
from orders.models import StatusChange
from orders.received import Outcome, Received
from orders.reports import Wanted
from orders.scenes import SCENES

DAY = {"type": "date"}
ALL = ("", _("All"))
STATUS_DAYS = 7


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
        offer_scenes(self)

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


OUTCOMES = {
    Outcome.ACCEPTED: _("Accepted"),
    Outcome.TOLD: _("Told"),
    Outcome.NOT_TOLD: _("Not told"),
    Outcome.WAITING: pgettext_lazy("order sync", "Waiting"),
    Outcome.NOT_KNOWN: _("Not known"),
}


class StatusFilters(FilterForm):
    """Without a day the last seven, today included, are shown."""

    scene = forms.ChoiceField(label=_("Scene"))
    status = forms.ChoiceField(label=_("Status"))
    outcome = forms.ChoiceField(label=_("Outcome"), choices=[ALL, *OUTCOMES.items()])
    since = forms.DateField(label=_("Received from"), widget=forms.DateInput(attrs=DAY))
    until = forms.DateField(label=_("Received to"), widget=forms.DateInput(attrs=DAY))

    def offer(self) -> None:
        offer_scenes(self)

    def wanted(self, today: date) -> Received:
        """Days are those of the merchant's zone, the last one included."""
        asked = self.applied
        last = asked.get("until") or max(today, asked.get("since") or today)
        first = asked.get("since") or last - timedelta(days=STATUS_DAYS - 1)
        since, until = _midnight(first), _midnight(last + timedelta(days=1))
        assert since is not None and until is not None
        chosen = {name: asked.get(name, "") for name in ("scene", "status", "outcome")}
        return Received(since, until, **chosen)


def offer_scenes(form: FilterForm) -> None:
    scene = SCENES.get(form.data.get("scene", ""))
    field: Any = form.fields["scene"]
    field.choices = [ALL, *((one.code, one.name) for one in SCENES.values())]
    if scene is None:
        del form.fields["status"]
        return
    field = form.fields["status"]
    field.choices = [ALL, *((node.status, node.name) for node in scene.nodes)]


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
