"""What every form that creates something carries."""

from __future__ import annotations

import uuid

from django import forms


class CreateForm(forms.Form):
    """The hidden token makes a form that is sent twice create once (a unique constraint holds it)."""

    form_token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
