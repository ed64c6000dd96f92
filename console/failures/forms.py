"""The form that confirms a decision about one cause."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.messaging.sends.forms import CountForm


class DecideForm(CountForm):
    """`asks_whether_fixed`: nothing this console knows shows the repair, so a person has to say it."""

    form_token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    fixed = forms.BooleanField(label=gettext_lazy("The cause is repaired, as far as I know"), required=False)

    def __init__(self, *args: Any, asks_whether_fixed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asks_whether_fixed = asks_whether_fixed

    def clean_fixed(self) -> bool:
        said: bool = self.cleaned_data["fixed"]
        if self.asks_whether_fixed and not said:
            raise forms.ValidationError(_("Say that it is repaired, or repair it first."))
        return said
