"""The form of a batch send: its keyword fields follow the chosen template."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.forms import CreateForm
from console.membership.forms import at_most
from console.messaging.sends import coupon_words
from console.messaging.sends.forms import TOLD_ANEW
from console.messaging.sends.latest_form import NAMES, HoldoutField, LatestFields, written
from coupons.models import Coupon
from gateway import wire
from membership.models import PeopleList
from membership.reports import audiences
from merchants.models import MiniProgram
from messaging.models import BatchSend, SubscriptionTemplate
from messaging.sends import links
from messaging.sends.batches import Problem
from messaging.sends.content import Content

NAME_CHARACTERS = 80
SHOWN_LISTS = 200
LINK_CHARACTERS = 1_000  # as pasted; what is kept of it is far shorter
VALUE_CHARACTERS = 500  # of a draft; what the platform takes is judged before launch
DEFAULT_TIME = "10:00"
REFRESH = {
    "hx-trigger": "change",
    "hx-target": "#send-form",
    "hx-swap": "outerHTML",
    "hx-vals": '{"action": "refresh"}',
    "hx-sync": "closest form:replace",
    # the answer replaces the form, so a press of a button meanwhile would be lost with it
    "hx-disabled-elt": "#send-form .foot-buttons button",
}
# where an id may stand that is asked for: in the form itself, or on either side of a conflict
SIDES = ("", "mine-", "theirs-")
ASKED_TEMPLATES = [f"{side}{name}" for side in SIDES for name in ("template", "shown_template")]
ASKED_LISTS = [f"{side}people_list" for side in SIDES]
PROBLEM_FIELDS = {"time": "scheduled_time", "not_after": "not_after_time"}


class Offer:
    """What may be chosen for one mini program: templates that are online, lists that are ready.

    What the draft names already stays in the choice, so that opening it loses nothing, and so does what is
    asked for, by a link, an earlier send or the form itself. `left_out`: what could not be had, in sentences.
    """

    def __init__(
        self,
        mini_program: MiniProgram,
        batch: BatchSend | None = None,
        *,
        asked: Mapping[str, Any] | None = None,
    ) -> None:
        merchant = mini_program.merchant
        self.mini_program = mini_program
        self.left_out: list[str] = []
        self.zone = merchant.time_zone
        self.app_id = mini_program.app_id
        templates = SubscriptionTemplate.objects.for_merchant(merchant).filter(
            mini_program=mini_program, state=SubscriptionTemplate.State.APPROVED
        )
        lists = audiences(merchant).filter(mini_program=mini_program, state=PeopleList.State.READY)
        self.templates = {str(one.pk): one for one in templates.order_by("-applied_at", "-pk")}
        newest = list(lists.order_by("-created_at", "-pk")[: SHOWN_LISTS + 1])
        self.has_older_lists, self.lists_shown = len(newest) > SHOWN_LISTS, SHOWN_LISTS
        self.lists = {str(one.pk): one for one in newest[:SHOWN_LISTS]}
        if batch and batch.template:
            self.templates.setdefault(str(batch.template_id), batch.template)
        if batch and batch.people_list:
            self.lists.setdefault(str(batch.people_list_id), batch.people_list)
        self.coupons = coupon_words.offered(mini_program)
        if batch and batch.coupon:
            self.coupons.setdefault(str(batch.coupon_id), batch.coupon)
        self._add_templates(_ids(asked, ASKED_TEMPLATES) - self.templates.keys())
        self._add_lists(_ids(asked, ASKED_LISTS) - self.lists.keys())

    def _add_templates(self, wanted: set[str]) -> None:
        """Those that are not online too: their texts are worth keeping while another template is chosen."""
        if not wanted:
            return
        rows = SubscriptionTemplate.objects.for_merchant(self.mini_program.merchant)
        found = rows.filter(mini_program=self.mini_program).in_bulk([int(one) for one in wanted])
        self.templates |= {str(pk): one for pk, one in found.items()}
        offline = _(
            "“%(name)s” is not online, so the platform would refuse every message. Choose another template."
        )
        self.left_out += [offline % {"name": one.name} for one in found.values() if not one.is_sendable]
        if len(found) < len(wanted):
            self.left_out.append(_("The template asked for is not one of this mini program; none is chosen."))

    def _add_lists(self, wanted: set[str]) -> None:
        if not wanted:
            return
        rows = audiences(self.mini_program.merchant).filter(mini_program=self.mini_program)
        found = rows.in_bulk([int(one) for one in wanted])
        ready = {str(pk): one for pk, one in found.items() if one.state == PeopleList.State.READY}
        self.lists |= ready
        words = _("The audience “%(name)s” is not ready to be sent to; none is chosen.")
        self.left_out += [words % {"name": one.name} for pk, one in found.items() if str(pk) not in ready]
        if len(found) < len(wanted):
            self.left_out.append(_("The audience asked for cannot be used here; none is chosen."))

    def template_choices(self) -> list[tuple[str, str]]:
        return [("", _("Choose a template")), *((pk, one.name) for pk, one in self.templates.items())]

    def coupon_choices(self) -> list[tuple[str, str]]:
        named = ((pk, coupon_words.label_of(one)) for pk, one in self.coupons.items())
        return [("", _("No coupon")), *named]

    def list_choices(self) -> list[tuple[str, str]]:
        words = _("%(name)s · %(n)s people")
        named = ((pk, words % {"name": one.name, "n": f"{one.count:,}"}) for pk, one in self.lists.items())
        return [("", _("Choose a list")), *named]


def _ids(asked: Mapping[str, Any] | None, names: Iterable[str]) -> set[str]:
    """What may be the id of a row."""
    given = {str((asked or {}).get(name) or "") for name in names}
    return {one for one in given if one.isascii() and one.isdigit() and len(one) <= 18}


class _Described(forms.BoundField):
    @property
    def aria_describedby(self) -> str:
        return f"{super().aria_describedby or ''} {self.name.replace('value_', 'marked-')}".strip()


class ValueField(forms.CharField):
    """Also described by what is said about its text (templates/messaging/sends/_marked.html)."""

    bound_field_class = _Described


class ComposeForm(HoldoutField, LatestFields, CreateForm):
    """`shown_template` tells whose fields the values stand in: another choice carries over equal keywords."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        validators=[at_most(NAME_CHARACTERS)],
        help_text=gettext_lazy("Only you and your colleagues see it."),
    )
    template = forms.ChoiceField(label=gettext_lazy("Template"), required=False)
    shown_template = forms.CharField(required=False, widget=forms.HiddenInput)
    page = forms.CharField(
        label=gettext_lazy("Mini program page"),
        required=False,
        validators=[at_most(LINK_CHARACTERS)],
        help_text=gettext_lazy(
            "What a tap opens, such as pages/renew/index, or a pasted alipays:// link. "
            "The recall mark is added to it."
        ),
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )
    parameters = forms.CharField(
        label=gettext_lazy("Parameters"),
        required=False,
        validators=[at_most(LINK_CHARACTERS)],
        help_text=gettext_lazy("name=value, one to a line. They are encoded as one block."),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "placeholder": "goods_id=17-256"}),
    )
    coupon = forms.ChoiceField(
        label=gettext_lazy("Coupon"),
        required=False,
        help_text=gettext_lazy(
            "The platform adds it to every message of this template while it is shown, not to this one alone."
        ),
    )
    people_list = forms.ChoiceField(label=gettext_lazy("Audience"), required=False)
    when = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[("now", gettext_lazy("Right away")), ("at", gettext_lazy("At a time"))],
        widget=forms.RadioSelect,
    )
    scheduled_on = forms.DateField(
        label=gettext_lazy("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    scheduled_time = forms.TimeField(
        label=gettext_lazy("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    window = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)  # this open form
    person = forms.CharField(required=False, widget=forms.HiddenInput)  # whom the preview shows

    def __init__(self, data: Any = None, *, offered: Offer, address: str, initial: Any = None) -> None:
        self.offered, self.address = offered, address
        self.action = str((data or {}).get("action") or "")  # the button that was pressed
        self.look = ""  # what a half-written form was posted for: refresh, preview, a repair
        chosen = (data or initial or {}).get("template") or ""
        self.chosen = offered.templates.get(str(chosen))
        if data is not None:
            data = carried_over(
                data, before=offered.templates.get(data.get("shown_template", "")), after=self.chosen
            )
        super().__init__(data, initial=initial)
        self.fields["template"].choices = offered.template_choices()  # type: ignore[attr-defined]
        self.fields["people_list"].choices = offered.list_choices()  # type: ignore[attr-defined]
        self.fields["coupon"].choices = offered.coupon_choices()  # type: ignore[attr-defined]
        self.fields["shown_template"].initial = str(self.chosen.pk) if self.chosen else ""
        for position, keyword in enumerate(self.keywords):
            self.fields[f"value_{position}"] = ValueField(
                label=keyword, required=False, validators=[at_most(VALUE_CHARACTERS)]
            )
        for name in ("template", "people_list", "coupon"):
            self.fields[name].widget.attrs.update({"hx-post": address, **REFRESH})
        for name in ("scheduled_on", "scheduled_time"):
            self.fields[name].widget.attrs.update({"hx-post": address, **TOLD_ANEW})

    @property
    def keywords(self) -> list[str]:
        return self.chosen.keywords if self.chosen else []

    @property
    def chosen_list(self) -> PeopleList | None:
        return self.offered.lists.get(str(self["people_list"].value() or ""))

    @property
    def chosen_coupon(self) -> Coupon | None:
        return self.offered.coupons.get(str(self["coupon"].value() or ""))

    @property
    def value_fields(self) -> list[forms.BoundField]:
        return [self[f"value_{position}"] for position in range(len(self.keywords))]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("when") == "at":
            for name in ("scheduled_on", "scheduled_time"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, _("Fill in day and time, or choose “Right away”."))
        if "page" in given and "parameters" in given:
            self._clean_page(given)
        return given

    def _clean_page(self, given: dict[str, Any]) -> None:
        """`opens`: path and parameters as they are kept."""
        path = given["page"]
        more: dict[str, str] = {}
        try:
            if links.is_link(path):
                path, more = links.page_of_link(path, app_id=self.offered.app_id)
        except links.LinkError as error:
            self.add_error("page", str(error))
            return
        try:
            given["opens"] = links.page_with(path, more | links.parameters_of_lines(given["parameters"]))
        except links.LinkError as error:
            self.add_error("parameters" if given["parameters"].strip() else "page", str(error))

    @property
    def startapp_link(self) -> str:
        """The page as last read, as a link; empty while it cannot be read."""
        path, parameters = (str(self[name].value() or "").strip() for name in ("page", "parameters"))
        try:
            more: dict[str, str] = {}
            if links.is_link(path):
                path, more = links.page_of_link(path, app_id=self.offered.app_id)
            page = links.page_with(path, more | links.parameters_of_lines(parameters))
        except links.LinkError:
            return ""
        return links.startapp_link(page, app_id=self.offered.app_id) if page else ""

    def content(self) -> Content:
        """Of a valid form."""
        given = self.cleaned_data
        is_timed = given["when"] == "at"
        return Content(
            name=given["name"],
            template=self.chosen,
            people_list=self.offered.lists.get(given["people_list"]),
            values=[given[f"value_{position}"] for position in range(len(self.keywords))],
            page=given["opens"],
            scheduled_on=given["scheduled_on"] if is_timed else None,
            scheduled_time=given["scheduled_time"] if is_timed else None,
            not_after_on=given["not_after_on"],
            not_after_time=given["not_after_time"],
            holdout_percent=given["holdout_percent"],
            coupon=self.offered.coupons.get(given["coupon"]),
        )

    def tell(self, problems: Iterable[Problem]) -> None:
        """At the field each belongs to; focus goes to the first."""
        for problem in problems:
            name = PROBLEM_FIELDS.get(problem.field, problem.field.replace("values.", "value_"))
            self.add_error(name if name in self.fields else None, str(problem.message))
        self.focus_first()

    def focus_first(self) -> None:
        wrong = next((name for name in self.order if name in self.errors), None)
        if wrong:
            self.fields[wrong].widget.attrs["autofocus"] = True

    @property
    def order(self) -> list[str]:
        values = [f"value_{position}" for position in range(len(self.keywords))]
        return [
            "name",
            "template",
            *values,
            "page",
            "parameters",
            "coupon",
            "people_list",
            "holdout_percent",
            "scheduled_on",
            "scheduled_time",
            *NAMES,
        ]

    @property
    def wrong_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.order if name in self.errors]

    @property
    def problem_count(self) -> int:
        return sum(len(errors) for errors in self.errors.values())


def carried_over(
    data: QueryDict, *, before: SubscriptionTemplate | None, after: SubscriptionTemplate | None
) -> QueryDict:
    """Values move with their keyword when the template changes; those without a place are dropped."""
    if before == after:
        return data
    moved = data.copy()
    kept = {
        keyword: data.get(f"value_{position}", "")
        for position, keyword in enumerate(before.keywords if before else [])
    }
    for position, keyword in enumerate(after.keywords if after else []):
        moved[f"value_{position}"] = kept.get(keyword, "")
    moved["shown_template"] = str(after.pk) if after else ""
    return moved


def fresh(request_data: QueryDict) -> dict[str, Any]:
    """A new send. The safe default is a time, not right away.

    `?template=`, `?list=`, `?on=` (a day) and `?at=` (a time) come from links.
    """
    tomorrow = timezone.localdate() + timedelta(days=1)
    return {
        "template": request_data.get("template", ""),
        "people_list": request_data.get("list", ""),
        "when": "at",
        "scheduled_on": request_data.get("on") or tomorrow,
        "scheduled_time": request_data.get("at") or DEFAULT_TIME,
    }


def taken_from(batch: BatchSend) -> dict[str, Any]:
    """What a new send takes over from an earlier one: its words and its audience, never its time."""
    taken = of_batch(batch)
    for name in ("form_token", "version", "when", "scheduled_on", "scheduled_time", *NAMES):
        del taken[name]
    taken["name"] = (_("%(name)s, copy") % {"name": batch.name})[:NAME_CHARACTERS]
    return taken


def page_fields(page: str) -> dict[str, str]:
    """Path and parameters apart; a page without parameters as it was written."""
    if "?" not in page:
        return {"page": page, "parameters": ""}
    path, parameters = wire.parameters_of_page(page)
    return {"page": path, "parameters": links.lines_of_parameters(parameters.items())}


def of_batch(batch: BatchSend) -> dict[str, Any]:
    values = {f"value_{position}": value for position, value in enumerate(batch.values)}
    return {
        "form_token": str(batch.form_token),
        "name": batch.name,
        "template": str(batch.template_id or ""),
        "shown_template": str(batch.template_id or ""),
        **page_fields(batch.page),
        "coupon": str(batch.coupon_id or ""),
        "people_list": str(batch.people_list_id or ""),
        "when": "at" if batch.scheduled_on or batch.scheduled_time else "now",
        "scheduled_on": batch.scheduled_on.isoformat() if batch.scheduled_on else "",
        "scheduled_time": f"{batch.scheduled_time:%H:%M}" if batch.scheduled_time else "",
        **written(batch),
        "holdout_percent": batch.holdout_percent,
        "version": batch.version,
        "window": str(uuid.uuid4()),
        **values,
    }


def posted(values: dict[str, Any]) -> QueryDict:
    """The values as a browser would send them."""
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data[name] = str(value)
    return data
