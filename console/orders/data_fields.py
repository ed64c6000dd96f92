"""Fields of business_info on pages: the name for people, the code for whoever writes the interface."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from console.membership.forms import at_most
from orders.given import FIELD_CHARACTERS
from orders.scene_fields import field_kind, field_name, written


@dataclass(frozen=True)
class DataField:
    key: str

    @property
    def name(self) -> str:
        return field_name(self.key)

    @property
    def code(self) -> str:
        """Empty where the name is the code already."""
        return "" if self.name == self.key else self.key


def label_of(key: str) -> str:
    """With the code beside it; safe to be shown."""
    field = DataField(key)
    return format_html('{} <code class="field-code">{}</code>', field.name, field.code) if field.code else key


class Moment(forms.DateTimeInput):
    """The browser's own picker of day and time, which wants a T between them."""

    input_type = "datetime-local"

    def format_value(self, value: Any) -> str | None:
        return str(value).replace(" ", "T", 1) if value else None


def data_field(key: str, known: str) -> forms.CharField:
    """One text. What is known and is not of the field's kind stays a plain text, so that it can be seen."""
    widgets: dict[str, forms.Widget] = {
        "moment": Moment(attrs={"step": "1"}),
        "day": forms.TextInput(attrs={"type": "date"}),
        "amount": forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    }
    plain = forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(
        label=label_of(key),
        initial=known,
        error_messages={
            "required": gettext_lazy("The message of this status needs it: without it none is sent.")
        },
        widget=widgets.get(field_kind(key), plain) if _fits(key, known) else plain,
        validators=[at_most(FIELD_CHARACTERS)],
    )


def _fits(key: str, text: str) -> bool:
    if not text:
        return True
    try:
        return bool(written(key, text)) and (
            field_kind(key) != "moment" or bool(datetime.fromisoformat(text))
        )
    except ValueError:
        return False
