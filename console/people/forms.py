"""Finding one person, asking about one send, and saying that somebody is to be forgotten."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from membership.models import Customer
from merchants.models import Merchant, MiniProgram
from messaging.models import BatchSend

MOST_SENDS = 100


class FindForm(forms.Form):
    """By the whole open_id, or by our own number, which exports and links name. Ids stay out of addresses."""

    who = forms.CharField(
        label=_("open_id or number"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The whole open_id as the platform gives it, or the person's number in this console"),
        error_messages={
            "required": _("Write an open_id or a number."),
            "max_length": _("An open_id has at most 64 characters. Check what was pasted."),
        },
    )

    def __init__(
        self, *args: Any, merchant: Merchant, mini_program: MiniProgram | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.merchant, self.mini_program = merchant, mini_program
        self.found: Customer | None = None

    def clean_who(self) -> str:
        who: str = self.cleaned_data["who"].strip()
        rows = Customer.objects.for_merchant(self.merchant).filter(mini_program=self.mini_program)
        self.found = rows.filter(open_id=who).first()
        number = who.removeprefix("#")
        if self.found is None and number.isascii() and number.isdigit() and len(number) <= 18:
            self.found = rows.filter(pk=int(number)).first()
        if self.found is None:
            raise forms.ValidationError(
                _(
                    "Nobody with this id is known to the mini program chosen above. An open_id has to be"
                    " whole; who was erased is found by number only."
                )
            )
        return who


class AskForm(forms.Form):
    """About one send of the person's mini program."""

    send: Any = forms.ModelChoiceField(queryset=None, label=_("Batch send"), empty_label=_("Choose one"))

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = BatchSend.objects.for_merchant(customer.merchant).filter(
            mini_program=customer.mini_program, test_of=None
        )
        newest = rows.order_by("-created_at", "-pk").values_list("pk", flat=True)[:MOST_SENDS]
        field: Any = self.fields["send"]
        field.queryset = (
            rows.filter(pk__in=list(newest))
            .select_related(
                "control__merchant", "control__mini_program", "template", "people_list", "merchant"
            )
            .order_by("-created_at", "-pk")
        )
        field.label_from_instance = lambda batch: batch.name or f"#{batch.pk}"


class ForgetForm(forms.Form):
    """The person's number is typed once more: it cannot be undone."""

    number = forms.CharField(
        label=_("The person's number, to confirm"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Type the person's number to confirm.")},
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"].strip().removeprefix("#")
        if number != str(self.customer.pk):
            raise forms.ValidationError(_("This is not the number of this person. Nothing was erased."))
        return number
