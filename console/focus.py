"""Where the eye should go after a form was refused."""

from __future__ import annotations

from django import forms


def on_first_problem(form: forms.Form) -> None:
    """The first field that is wrong takes the focus, with and without script."""
    wrong = next((name for name in form.fields if name in form.errors), "")
    if wrong and not form.fields[wrong].widget.is_hidden:
        form.fields[wrong].widget.attrs["autofocus"] = True
