"""A test send: the draft's words to one person the operator names."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.forms import CreateForm
from console.htmx import answer, invalid, redirect
from console.messaging.sends.lookup import address, moved_on, send_of
from console.messaging.sends.sample import sample_of
from membership.models import Customer
from messaging.models import BatchSend, SendState
from messaging.sends import batches
from messaging.sends.trial import send_test

PAGE, PARTIAL = "messaging/sends/trial.html", "messaging/sends/_trial_form.html"


class TrialForm(CreateForm):
    open_id = forms.CharField(
        label="open_id",
        max_length=64,
        help_text=gettext_lazy(
            "Of a person this mini program knows, such as yourself. They need consent left."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, batch: BatchSend, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batch = batch

    def clean_open_id(self) -> Customer:
        known = Customer.objects.for_merchant(self.batch.merchant).filter(
            mini_program=self.batch.mini_program, open_id=self.cleaned_data["open_id"].strip()
        )
        person: Customer | None = known.first()
        if person is None:
            raise forms.ValidationError(
                _("This mini program knows nobody with this open_id. Check it, or take one from a list.")
            )
        return person


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.launch")
def send_trial(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state != SendState.DRAFT:
        return moved_on(request, batch)
    earlier = batch.tests.select_related("control")[:5]
    context: dict[str, Any] = {"batch": batch, "message": sample_of(batch).message, "earlier": earlier}
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, context | {"form": TrialForm(batch=batch)})
    form = TrialForm(request.POST, batch=batch)
    if not form.is_valid():
        return invalid(request, PAGE, PARTIAL, context | {"form": form})
    given = form.cleaned_data
    try:
        made = send_test(
            batch,
            to=given["open_id"],
            by=request.user,
            form_token=given["form_token"],
            at=timezone.now(),
        )
    except batches.LaunchRefused as refused:
        return invalid(request, PAGE, PARTIAL, context | {"form": form, "problems": refused.problems})
    return redirect(request, address("send", made))
