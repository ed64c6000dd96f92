"""What a service provider writes once for many merchants; and how a merchant names its provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from console.forms import CreateForm
from gateway import wire
from membership.models import PeopleList
from membership.reports import audiences
from merchants.models import MiniProgram
from messaging.consent.adopting import MAX_KEYWORDS, MIN_KEYWORDS
from messaging.consent.jointly import Offer
from messaging.models import SubscriptionTemplate
from messaging.sends.joint import Choice, JointContent
from messaging.sends.placeholders import PlaceholderError, columns_in

SHOWN_LISTS = 50  # the newest of each merchant


class GrantForm(forms.Form):
    app_id = forms.CharField(
        label=gettext_lazy("App ID of the service provider"),
        max_length=16,
        help_text=gettext_lazy("16 digits. Your provider reads it in its own settings and tells you."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter the app ID your provider told you.")},
    )


class AdoptForManyForm(CreateForm):
    keywords = forms.MultipleChoiceField(
        label=gettext_lazy("Keywords"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose 2 to 5 keywords.")},
    )
    apps = forms.MultipleChoiceField(
        label=gettext_lazy("Merchants"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one merchant.")},
    )

    def __init__(self, offer: Offer, mini_programs: Sequence[MiniProgram], data: Any = None) -> None:
        super().__init__(data, initial={"keywords": list(offer.keywords[:MAX_KEYWORDS])})
        self._known = {str(one.pk): one for one in mini_programs}
        words = [(word, word) for word in offer.keywords]
        self.fields["keywords"].choices = words  # type: ignore[attr-defined]
        named = [(pk, f"{one.merchant.name} · {one.name}") for pk, one in self._known.items()]
        self.fields["apps"].choices = named  # type: ignore[attr-defined]

    def clean_keywords(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["keywords"]
        if not MIN_KEYWORDS <= len(chosen) <= MAX_KEYWORDS:
            raise forms.ValidationError(
                _("Choose 2 to 5 keywords; %(n)s are chosen now.") % {"n": len(chosen)}
            )
        return chosen

    @property
    def mini_programs(self) -> list[MiniProgram]:
        return [self._known[pk] for pk in self.cleaned_data["apps"]]


class JointForm(CreateForm):
    """One text for each keyword that any of the templates has, and one list for each merchant."""

    name = forms.CharField(
        label=gettext_lazy("Name of the send"),
        max_length=80,
        error_messages={"required": gettext_lazy("Give this send a name, so that you find it again.")},
    )
    page = forms.CharField(
        label=gettext_lazy("Page it opens"),
        max_length=wire.PAGE_MAX_CHARACTERS,
        help_text=gettext_lazy("The same path in each mini program, such as pages/index."),
        error_messages={"required": gettext_lazy("Say which page of the mini program the message opens.")},
    )
    scheduled_on = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    scheduled_time = forms.TimeField(
        label=gettext_lazy("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(self, templates: Sequence[SubscriptionTemplate], data: Any = None) -> None:
        """`templates`: one for each mini program, all of one library template."""
        super().__init__(data)
        self.templates = list(templates)
        self.keywords = list(dict.fromkeys(word for one in templates for word in one.keywords))
        for number, keyword in enumerate(self.keywords):
            self.fields[f"value_{number}"] = forms.CharField(
                label=keyword,
                max_length=200,
                error_messages={"required": _("Fill in “%(keyword)s”.") % {"keyword": keyword}},
            )
        self.lists = {one.pk: _lists_of(one.mini_program) for one in templates}
        for one in templates:
            choices = [
                ("", pgettext("joint send", "Leave out")),
                *((str(row.pk), _named(row)) for row in self.lists[one.pk]),
            ]
            self.fields[f"list_{one.mini_program_id}"] = forms.ChoiceField(
                label=_("List of %(name)s") % {"name": one.mini_program.name},
                required=False,
                choices=choices,
            )

    @property
    def values(self) -> list[Any]:
        return [self[f"value_{number}"] for number in range(len(self.keywords))]

    @property
    def rows(self) -> list[tuple[SubscriptionTemplate, Any]]:
        return [(one, self[f"list_{one.mini_program_id}"]) for one in self.templates]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(given.get("scheduled_on")) != bool(given.get("scheduled_time")):
            self.add_error("scheduled_time", _("Give both a day and a time, or neither."))
        if not any(given.get(f"list_{one.mini_program_id}") for one in self.templates):
            self.add_error(None, _("Choose a list for at least one merchant."))
        else:
            self._check_columns(given)
        return given

    def _check_columns(self, given: dict[str, Any]) -> None:
        """A column is named to all merchants' people, so every chosen list must have it."""
        lists = [choice.people_list for choice in self._choices(given) if choice.people_list]
        common = set.intersection(*(set(one.columns) for one in lists))
        for number in range(len(self.keywords)):
            try:
                foreign = sorted(columns_in(given.get(f"value_{number}", "")) - common)
            except PlaceholderError as error:
                self.add_error(f"value_{number}", str(error.sentence))
                continue
            if foreign:
                words = _("Not every chosen list has the column “%(column)s”. Write the text out.")
                self.add_error(f"value_{number}", words % {"column": foreign[0]})

    def _choices(self, given: dict[str, Any]) -> list[Choice]:
        found = []
        for one in self.templates:
            wanted = given.get(f"list_{one.mini_program_id}", "")
            chosen = next((row for row in self.lists[one.pk] if str(row.pk) == wanted), None)
            if chosen is not None:
                found.append(Choice(one.mini_program, chosen))
        return found

    @property
    def choices(self) -> list[Choice]:
        return self._choices(self.cleaned_data)

    @property
    def content(self) -> JointContent:
        given, first = self.cleaned_data, self.templates[0]
        return JointContent(
            name=given["name"],
            library_code=first.library_code,
            kind=first.kind,
            values={word: given[f"value_{number}"] for number, word in enumerate(self.keywords)},
            page=given["page"],
            scheduled_on=given["scheduled_on"],
            scheduled_time=given["scheduled_time"],
        )


def _lists_of(mini_program: MiniProgram) -> list[PeopleList]:
    rows = audiences(mini_program.merchant).filter(
        mini_program=mini_program, state=PeopleList.State.READY, count__gt=0
    )
    return list(rows.order_by("-created_at", "-pk")[:SHOWN_LISTS])


def _named(row: PeopleList) -> str:
    return _("%(name)s, %(people)s people") % {"name": row.name, "people": f"{row.count:,}"}
