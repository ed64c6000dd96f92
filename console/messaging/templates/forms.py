"""Filters of the two template lists, and the places keyword1 … keyword5 of an adoption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.forms import CreateForm
from console.lists import FilterForm
from messaging.consent.adopting import MAX_KEYWORDS, MIN_KEYWORDS
from messaging.models import Kind, LibraryTemplate

YES_NO = [("", _("All")), ("yes", _("Yes")), ("no", _("No"))]


def search(placeholder: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Text"),
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": placeholder}),
    )


class TemplateFilters(FilterForm):
    text = search(_("Name, keyword or id"))
    state = forms.ChoiceField(
        label=_("Status"),
        choices=[
            ("", _("All")),
            ("approved", _("Online")),
            ("applied", _("In review")),
            ("submitting", _("Being submitted")),
            ("rejected", _("Rejected")),
            ("offline", _("Offline")),
            ("failed", _("Not adopted")),
            ("differs", _("Differs from the platform")),
        ],
    )


class LibraryFilters(FilterForm):
    text = search(_("Name, keyword or scene"))
    kind = forms.ChoiceField(label=_("Consent"), choices=[("", _("All")), *Kind.choices])
    push = forms.ChoiceField(label=_("With push"), choices=YES_NO)
    available = forms.ChoiceField(label=_("Available"), choices=YES_NO)


class AdoptForm(CreateForm):
    """Places that are left empty close up: the first chosen keyword is keyword1.

    `chosen` fills an unsent form; without it the suggestion is the platform's order.
    """

    def __init__(
        self, library_template: LibraryTemplate, data: Any = None, *, chosen: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(data)
        keywords = self._known = library_template.keywords
        for number in range(1, min(MAX_KEYWORDS, len(keywords)) + 1):
            needed = number <= MIN_KEYWORDS
            empty = [] if needed else [("", _("(not used)"))]
            self.fields[f"keyword{number}"] = forms.ChoiceField(
                label=f"keyword{number}",
                required=needed,
                choices=[*empty, *((keyword, keyword) for keyword in keywords)],
                initial=chosen.get(f"keyword{number}", "") if chosen else keywords[number - 1],
                error_messages={
                    "required": _("Choose a keyword for this place; a template has at least two."),
                    "invalid_choice": _("The template has no such keyword. Choose one of the list."),
                },
            )

    @property
    def places(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("keyword")]

    @property
    def keywords(self) -> list[str]:
        """Those that are chosen, in order."""
        given = [str(place.value() or "") for place in self.places]
        return [keyword for keyword in given if keyword in self._known]

    @property
    def twice(self) -> str:
        """The first keyword that stands in two places."""
        chosen = self.keywords
        return next((keyword for keyword in chosen if chosen.count(keyword) > 1), "")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first: dict[str, str] = {}
        for place in self.places:
            keyword = given.get(place.name)
            if keyword and keyword in first:
                message = _("“%(keyword)s” is in %(place)s already. Choose another one, or leave this empty.")
                error = forms.ValidationError(message, params={"keyword": keyword, "place": first[keyword]})
                self.add_error(place.name, error)
            elif keyword:
                first[keyword] = place.name
        return given
