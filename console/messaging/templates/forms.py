"""Filters of the two template lists, and the order of keywords of an adoption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from console.forms import CreateForm
from console.industries import industry_words
from console.lists import FilterForm
from merchants.models import Merchant, MiniProgram
from messaging.consent import reports
from messaging.consent.adopting import MAX_KEYWORDS, MIN_KEYWORDS
from messaging.models import Kind, LibraryTemplate, SubscriptionTemplate

YES_NO = [("", _("All")), ("yes", _("Yes")), ("no", _("No"))]
SHOW = [
    ("", _("All")),
    ("recommended", _("Recommended")),
    ("available", _("To be adopted")),
    ("adopted", _("Adopted")),
    ("closed", _("Not available")),
]
PLACES = [f"keyword{number}" for number in range(1, MAX_KEYWORDS + 1)]


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
            ("to_decide", _("Needs a decision")),
            ("approved", _("Online")),
            ("applied", _("In review")),
            ("submitting", _("Being submitted")),
            ("rejected", _("Rejected")),
            ("offline", _("Offline")),
            ("failed", _("Not adopted")),
            ("differs", _("Differs from the platform")),
        ],
    )
    app = forms.ChoiceField(label=_("Mini program"))

    def __init__(self, data: Any = None, *, chosen: MiniProgram | None, apps: int) -> None:
        """`chosen` in the header; `apps`: how many the merchant has; with one there is nothing to choose."""
        self.chosen, self.apps = chosen, apps
        super().__init__(data)

    def offer(self) -> None:
        if self.apps < 2:
            del self.fields["app"]
        else:
            choices = [("", self.chosen.name if self.chosen else "--"), ("all", _("All"))]
            self.fields["app"].choices = choices  # type: ignore[attr-defined]

    def rows(self, merchant: Merchant) -> QuerySet[SubscriptionTemplate]:
        """Of the mini program chosen in the header unless all are asked for."""
        wanted = self.applied
        found = reports.template_rows(merchant, text=wanted.get("text", ""), state=wanted.get("state", ""))
        return found if "app" in wanted else found.filter(mini_program=self.chosen)


class LibraryFilters(FilterForm):
    """`industries` are codes and `scenes` names that occur in this library."""

    text = search(_("Name, keyword or scene"))
    industry = forms.ChoiceField(label=_("Industry"))
    scene = forms.ChoiceField(label=_("Scene"))
    kind = forms.ChoiceField(label=_("Consent"), choices=[("", _("All")), *Kind.choices])
    push = forms.ChoiceField(label=_("With push"), choices=YES_NO)
    show = forms.ChoiceField(label=_("Show"), choices=SHOW)

    def __init__(
        self, data: Any = None, *, industries: Sequence[str] = (), scenes: Sequence[str] = ()
    ) -> None:
        self.industries, self.scenes = industries, scenes
        super().__init__(data)

    def offer(self) -> None:
        named = [(code, industry_words(code)) for code in self.industries]
        self.fields["industry"].choices = [("", _("All")), *named]  # type: ignore[attr-defined]
        scenes = [(scene, scene) for scene in self.scenes]
        self.fields["scene"].choices = [("", _("All")), *scenes]  # type: ignore[attr-defined]


class AdoptForm(CreateForm):
    """The chosen keywords in their order: keyword1, keyword2 … Empty places close up.

    `chosen` fills an unsent form; without it the suggestion is the platform's order.
    """

    def __init__(
        self, library_template: LibraryTemplate, data: Any = None, *, chosen: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(data)
        known = self._known = library_template.keywords
        suggested = dict(zip(PLACES, known, strict=False))
        asked = chosen if chosen and any(place in chosen for place in PLACES) else suggested
        for place in PLACES:
            self.fields[place] = forms.ChoiceField(
                required=False,
                choices=[("", ""), *((keyword, keyword) for keyword in known)],
                initial=asked.get(place, ""),
                widget=forms.HiddenInput,
                error_messages={
                    "invalid_choice": _("The template has no such keyword. Choose one of the list.")
                },
            )

    @property
    def keywords(self) -> list[str]:
        """Those that are chosen and known, in order, each once."""
        given = [str(self[place].value() or "") for place in PLACES]
        return list(dict.fromkeys(keyword for keyword in given if keyword in self._known))

    @property
    def left_out(self) -> list[str]:
        chosen = self.keywords
        return [keyword for keyword in self._known if keyword not in chosen]

    @property
    def count_problem(self) -> str:
        """What is wrong with how many are chosen; empty when nothing is."""
        missing = MIN_KEYWORDS - len(self.keywords)
        if missing <= 0:
            return ""
        words = ngettext(
            "A template has at least %(least)s keywords. Add %(n)s more.",
            "A template has at least %(least)s keywords. Add %(n)s more.",
            missing,
        )
        return words % {"least": MIN_KEYWORDS, "n": missing}

    @property
    def is_full(self) -> bool:
        return len(self.keywords) >= MAX_KEYWORDS

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        sent = [given[place] for place in PLACES if given.get(place)]
        twice = next((keyword for keyword in sent if sent.count(keyword) > 1), "")
        if twice:
            words = _now("“%(keyword)s” was chosen twice. Each keyword has one place.")
            self.add_error(None, words % {"keyword": twice})
        for place in PLACES:
            for error in self.errors.get(place, []):
                self.add_error(None, error)
        if not self.errors and self.count_problem:
            self.add_error(None, self.count_problem)
        return given
