"""The form of a crowd send: that of a batch send, with a crowd in place of a list, and what confirms it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.messaging.sends.compose_form import DEFAULT_TIME, ComposeForm, page_fields
from messaging.models import CrowdSend
from messaging.sends.crowd import CrowdContent

EVERYBODY, ONE_CROWD = "all", "crowd"
# one call cannot end early and reaches people whom nobody here can tell apart
LISTED_ONLY = ("people_list", "not_after_on", "not_after_time", "holdout_percent", "coupon")


class CrowdForm(ComposeForm):
    """Its texts have no columns: a crowd gets the same words."""

    whom = forms.ChoiceField(
        label=gettext_lazy("To whom"),
        choices=[
            (EVERYBODY, gettext_lazy("All subscribers of the template")),
            (ONE_CROWD, gettext_lazy("A crowd of the platform")),
        ],
        widget=forms.RadioSelect,
    )
    crowd_code = forms.CharField(
        label=gettext_lazy("Crowd code"),
        required=False,
        max_length=64,
        help_text=gettext_lazy(
            "From the crowd's page on the platform. Only those of the crowd who subscribed get it."
        ),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in LISTED_ONLY:
            del self.fields[name]

    @property
    def chosen_list(self) -> None:
        return None

    @property
    def order(self) -> list[str]:
        values = [f"value_{position}" for position in range(len(self.keywords))]
        return [
            *("name", "template", *values, "page", "parameters"),
            *("whom", "crowd_code", "scheduled_on", "scheduled_time"),
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("whom") == ONE_CROWD:
            if not given.get("crowd_code") and "crowd_code" not in self.errors:
                self.add_error("crowd_code", _("Fill in the code, or choose “All subscribers”."))
        else:
            given["crowd_code"] = ""
        return given

    def crowd_content(self) -> CrowdContent:
        """Of a valid form."""
        given = self.cleaned_data
        is_timed = given["when"] == "at"
        return CrowdContent(
            name=given["name"],
            template=self.chosen,
            values=[given[f"value_{position}"] for position in range(len(self.keywords))],
            page=given["opens"],
            crowd_code=given["crowd_code"],
            scheduled_on=given["scheduled_on"] if is_timed else None,
            scheduled_time=given["scheduled_time"] if is_timed else None,
        )


class ConfirmForm(forms.Form):
    """Confirms what stood on the page: `version` of the draft, and how often it had been launched by then."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    launches = forms.IntegerField(widget=forms.HiddenInput)
    knows = forms.BooleanField(
        label=gettext_lazy("I know that it cannot be stopped or taken back once it is submitted"),
        error_messages={"required": gettext_lazy("Tick this to go on; there is no brake afterwards.")},
    )


def fresh(asked: QueryDict) -> dict[str, Any]:
    """A new one. The safe default is a time, not right away. `?template=` comes from links."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    return {
        "template": asked.get("template", ""),
        "whom": EVERYBODY,
        "when": "at",
        "scheduled_on": tomorrow,
        "scheduled_time": DEFAULT_TIME,
    }


def of_crowd(crowd: CrowdSend) -> dict[str, Any]:
    """What stands in a draft, as its form takes it."""
    return {
        "form_token": str(crowd.form_token),
        "name": crowd.name,
        "template": str(crowd.template_id or ""),
        "shown_template": str(crowd.template_id or ""),
        **page_fields(crowd.page),
        "whom": ONE_CROWD if crowd.crowd_code else EVERYBODY,
        "crowd_code": crowd.crowd_code,
        "when": "at" if crowd.scheduled_on or crowd.scheduled_time else "now",
        "scheduled_on": crowd.scheduled_on.isoformat() if crowd.scheduled_on else "",
        "scheduled_time": f"{crowd.scheduled_time:%H:%M}" if crowd.scheduled_time else "",
        "version": crowd.version,
        "window": str(uuid.uuid4()),
        **{f"value_{position}": value for position, value in enumerate(crowd.values)},
    }
