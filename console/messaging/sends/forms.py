"""Filters of the send list and of its people, and the small forms of a send."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.forms import reading
from console.lists import SIZES, FilterForm
from console.messaging.sends.latest_form import NAMES, LatestFields
from console.messaging.sends.words import known_reason
from console.states import DELIVERY, SEND
from merchants.models import Merchant, Staff
from merchants.numbers import by_number
from messaging.models import BatchSend, SubscriptionTemplate

TYPE_COUNT_ABOVE = 10_000  # people; from here on the number has to be typed
STATES = (
    "draft",
    "in_review",
    "approved",
    "scheduled",
    "preparing",
    "ready",
    "sending",
    "paused",
    "finished",
    "missed",
    "cancelled",
)
DAY = {"type": "date"}
TOLD_ANEW = {  # another day or time: what follows from it, and no field
    "hx-trigger": "change",
    "hx-target": "#when-hint",
    "hx-select": "#when-hint",
    "hx-swap": "outerHTML",
    "hx-vals": '{"action": "refresh"}',
    # the latest of day and time counts; not of the form's, where a save that is under way goes on
    "hx-sync": "#when-hint:replace",
    "hx-disabled-elt": "unset",
}
ORDERS = (
    ("-due", gettext_lazy("Latest first")),
    ("due", gettext_lazy("Earliest first")),
    ("-name", gettext_lazy("Name, from the end")),
    ("name", gettext_lazy("Name")),
    ("-people", gettext_lazy("Most people first")),
    ("people", gettext_lazy("Fewest people first")),
)
USUAL = {"sort": "-due", "per_page": "25"}  # shown like this, the address need not say it


class SendFilters(FilterForm):
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=80,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": gettext_lazy("Name, number or template")}
        ),
    )
    state = forms.MultipleChoiceField(
        label=gettext_lazy("Status"),
        choices=[(name, SEND[name].word) for name in (*STATES, "failed")],
        widget=forms.CheckboxSelectMultiple,
    )
    since = forms.DateField(label=gettext_lazy("Sent from"), widget=forms.DateInput(attrs=DAY))
    until = forms.DateField(label=gettext_lazy("Sent to"), widget=forms.DateInput(attrs=DAY))
    template = forms.ChoiceField(label=gettext_lazy("Template"))
    author = forms.ChoiceField(label=gettext_lazy("Author"))
    sort = forms.ChoiceField(label=gettext_lazy("Order"), choices=ORDERS, widget=forms.HiddenInput)
    per_page = forms.ChoiceField(
        label=gettext_lazy("Rows per page"),
        choices=[(str(size), str(size)) for size in SIZES],
        widget=forms.HiddenInput,
    )

    def __init__(self, merchant: Merchant, *args: Any, **kwargs: Any) -> None:
        self.merchant = merchant
        super().__init__(*args, **kwargs)

    def offer(self) -> None:
        every: tuple[str, Any] = ("", gettext_lazy("All"))
        templates = SubscriptionTemplate.objects.for_merchant(self.merchant).order_by("name", "pk")
        seats = Staff.objects.for_merchant(self.merchant).select_related("user").order_by("created_at")
        for name, choices in (
            ("template", [(str(row.pk), row.name) for row in templates]),
            ("author", [(str(seat.user_id), str(seat.user)) for seat in seats]),
        ):
            self.fields[name].choices = [every, *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        return {name: "" if USUAL.get(name) == value else value for name, value in given.items()}

    def narrow(self, rows: QuerySet[BatchSend]) -> QuerySet[BatchSend]:
        wanted = self.applied
        if "text" in wanted:
            rows = rows.filter(called(wanted["text"]))
        if "state" in wanted:
            also = ["cancelling"] if "cancelled" in wanted["state"] else []
            rows = rows.filter(control__state__in=[*wanted["state"], *also])
        if "since" in wanted:
            rows = rows.filter(control__due_at__gte=start_of(wanted["since"]))
        if "until" in wanted:
            rows = rows.filter(control__due_at__lt=start_of(wanted["until"] + timedelta(days=1)))
        if "template" in wanted:
            rows = rows.filter(template_id=int(wanted["template"]))
        if "author" in wanted:
            rows = rows.filter(author_id=int(wanted["author"]))
        return rows


def called(text: str) -> Q:
    """Sends that bear this in their name or their template's, or have exactly this number."""
    return Q(name__icontains=text) | Q(template__name__icontains=text) | by_number(text)


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class PeopleFilters(FilterForm):
    """`reasons`: (code, words) of the reasons that occur in this send.

    Any other code that has words is offered once it is asked for: a view kept at one send stands above the
    people of all, and at a send where its reason never occurred it shows nobody.
    """

    private = ("open_id",)
    state = forms.ChoiceField(
        label=gettext_lazy("Status"),
        choices=[
            ("", gettext_lazy("All")),
            *(
                (name, DELIVERY[name].word)
                for name in ("accepted", "refused", "unknown", "sending", "queued", "skipped")
            ),
        ],
    )
    reason = forms.ChoiceField(label=gettext_lazy("Reason"))
    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[
            ("", gettext_lazy("All")),
            ("undecided", gettext_lazy("Not decided yet")),
            *((name, DELIVERY[name].word) for name in ("treated_as_sent", "sent_again")),
        ],
    )
    visited = forms.ChoiceField(
        label=gettext_lazy("Visit"),
        choices=[
            ("", gettext_lazy("All")),
            ("yes", gettext_lazy("Came by their link")),
            ("no", gettext_lazy("No visit reported")),
        ],
    )
    open_id = forms.CharField(
        label="open_id",
        max_length=64,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": gettext_lazy("The whole open_id")}),
    )

    def __init__(self, reasons: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        self.reasons = reasons
        super().__init__(*args, **kwargs)

    def offer(self) -> None:
        wanted = str(self.data.get("reason", ""))
        known = [("", _("All")), *self.reasons]
        if wanted not in dict(known) and (words := known_reason(wanted)):
            known.append((wanted, words))
        self.fields["reason"].choices = known  # type: ignore[attr-defined]


class SpeedForm(forms.Form):
    rate_per_second = forms.IntegerField(
        label=gettext_lazy("Messages a second, at most"), required=False, min_value=1
    )

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["rate_per_second"]
        field.help_text = _(
            "1 to %(most)s. Left empty, only the limit of the mini program holds, %(most)s a second."
        ) % {"most": f"{most:,}"}
        self.most = most

    def clean_rate_per_second(self) -> int | None:
        rate: int | None = self.cleaned_data["rate_per_second"]
        if rate is not None and rate > self.most:
            message = _("The mini program allows %(most)s a second. Enter at most that.")
            raise forms.ValidationError(message % {"most": f"{self.most:,}"})
        return rate


class CancelForm(forms.Form):
    why = forms.CharField(
        label=gettext_lazy("Why it is cancelled"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Kept in the audit log."),
    )


class CountForm(forms.Form):
    """Confirms `people`; above TYPE_COUNT_ABOVE the number has to be typed."""

    people = forms.CharField(
        label=gettext_lazy("Number of people"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, people: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = people

    @property
    def most_untyped(self) -> int:
        return TYPE_COUNT_ABOVE

    @property
    def must_type(self) -> bool:
        return self.expected > TYPE_COUNT_ABOVE

    def clean_people(self) -> str:
        typed: str = self.cleaned_data["people"]
        digits = "".join(character for character in typed if character.isdecimal())
        if self.must_type and digits != str(self.expected):
            message = _("Type %(n)s, the number of people shown above.")
            raise forms.ValidationError(message % {"n": f"{self.expected:,}"})
        return typed


class LaunchForm(CountForm):
    """Confirms what stood on the page: `version` of the draft, and how often it had been launched by then."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    launches = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @property
    def seen_version(self) -> int:
        """0 where the page named none."""
        return getattr(self, "cleaned_data", {}).get("version") or 0

    @property
    def seen_launches(self) -> int | None:
        launches: int | None = getattr(self, "cleaned_data", {}).get("launches")
        return launches


class WhenForm(LatestFields, CountForm):
    """A missed send: now, or a new wall time of the merchant. Another choice is counted anew."""

    when = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[("now", gettext_lazy("Right away")), ("at", gettext_lazy("At a new time"))],
        widget=forms.RadioSelect,
    )
    scheduled_on = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d")
    )
    scheduled_time = forms.TimeField(
        label=gettext_lazy("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counted = {"hx-post": address, **TOLD_ANEW, "hx-select-oob": "#missed-reach,#missed-confirm"}
        for name in ("when", "scheduled_on", "scheduled_time", *NAMES):
            self.fields[name].widget.attrs.update(counted)

    @property
    def is_timed(self) -> bool:
        return bool(self["when"].value() == "at")

    @property
    def wall(self) -> tuple[date | None, time | None]:
        """Day and time as far as they can be read; neither for right away."""
        if not self.is_timed:
            return None, None
        return reading(self, "scheduled_on"), reading(self, "scheduled_time")

    @property
    def counted_for(self) -> str:
        """What the number on the page belongs to."""
        return " ".join(str(part) for part in self.wall) if self.is_timed else "now"

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("when") == "at":
            for name in ("scheduled_on", "scheduled_time"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, _("Fill in day and time, or choose “Right away”."))
        else:
            given["scheduled_on"] = given["scheduled_time"] = None
        return given


def token(text: str) -> uuid.UUID | None:
    """The form token of a form that has no other field."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
