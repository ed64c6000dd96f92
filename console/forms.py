"""What every form that creates something carries."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class CreateForm(forms.Form):
    """The hidden token makes a form that is sent twice create once (a unique constraint holds it)."""

    form_token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


def reading(form: forms.Form, name: str) -> Any:
    """The value of a field as its type, judged or not; None while it cannot be read."""
    try:
        return form.fields[name].to_python(form[name].value())
    except ValidationError:
        return None
