"""Issuing a key, and typing its name once more before it is revoked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.api.scopes import SCOPES
from console.forms import CreateForm
from merchants.models import ApiKey, Merchant, MiniProgram

NAME_CHARACTERS = 60


class IssueForm(CreateForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_CHARACTERS,
        help_text=_("Who or what uses it, so that you know which one to revoke."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Give the key a name.")},
    )
    mini_program: Any = forms.ModelChoiceField(
        label=_("Mini program"),
        queryset=None,
        empty_label=None,
        error_messages={
            "required": _("Choose a mini program."),
            "invalid_choice": _("Choose a mini program."),
        },
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=ApiKey.Kind.choices,
        initial=ApiKey.Kind.SERVER,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a kind."), "invalid_choice": _("Choose a kind.")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("What a server key may do"),
        required=False,
        choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A public client key needs no tick: it reports visits and nothing else."),
        error_messages={"invalid_choice": _("Tick what stands here.")},
    )

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["mini_program"]
        field.queryset = MiniProgram.objects.for_merchant(merchant).order_by("created_at", "pk")
        field.label_from_instance = lambda one: f"{one.name} …{one.app_id[-4:]}"

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        kind, scopes = found.get("kind"), found.get("scopes")
        if kind == ApiKey.Kind.SERVER and not scopes and "scopes" not in self.errors:
            self.add_error("scopes", _("Tick at least one: a server key without any can do nothing."))
        if kind == ApiKey.Kind.CLIENT and scopes:
            words = _("A public client key can be read by anybody, so it may do none of these. Untick them.")
            self.add_error("scopes", words)
        return found


class RevokeForm(forms.Form):
    """The name is typed once more: it cannot be undone."""

    name = forms.CharField(
        label=_("The key's name, to confirm"),
        max_length=NAME_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Type the key's name to confirm.")},
    )

    def __init__(self, *args: Any, key: ApiKey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key = key

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if name != self.key.name.strip():
            raise forms.ValidationError(_("This is not the name of this key. Nothing was revoked."))
        return name
