"""How many calls a second of a mini program batches leave to single messages and orders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from merchants.models import MiniProgram
from merchants.reserve import ReserveChanged, most_reserve, set_reserve

PAGE, PARTIAL = "mini_programs/reserve.html", "mini_programs/_reserve_form.html"


class ReserveForm(forms.Form):
    reserve_per_second = forms.IntegerField(
        label=gettext_lazy("Calls a second kept for single messages and orders"),
        min_value=0,
        error_messages={"required": gettext_lazy("Fill in a number; 0 keeps none.")},
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most = most
        field = self.fields["reserve_per_second"]
        field.help_text = _(
            "Batches never spend these, even when nothing else needs them. "
            "At most half of the speed: %(most)s."
        ) % {"most": f"{most:,}"}
        field.widget.attrs["max"] = most

    def clean_reserve_per_second(self) -> int:
        given: int = self.cleaned_data["reserve_per_second"]
        if given > self.most:
            words = _("At most %(most)s, half of the speed of this mini program.")
            raise forms.ValidationError(words % {"most": f"{self.most:,}"})
        return given


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("mini_programs.edit")
def mini_program_reserve(request: MerchantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(MiniProgram.objects.for_merchant(request.merchant), pk=pk)
    most = most_reserve(found)
    if request.method != "POST":
        form = _fresh(found)
        return answer(request, PAGE, PARTIAL, {"one": found, "form": form})
    form = ReserveForm(request.POST, most=most)
    if not form.is_valid():
        return invalid(request, PAGE, PARTIAL, {"one": found, "form": form})
    wanted, seen = form.cleaned_data["reserve_per_second"], form.cleaned_data["seen"]
    try:
        if wanted != found.reserve_per_second:  # the same wish twice is one
            set_reserve(found, by=request.user, per_second=wanted, seen=seen)
    except ReserveChanged:
        found.refresh_from_db()
        context = {"one": found, "form": _fresh(found), "is_changed": True}
        return invalid(request, PAGE, PARTIAL, context)
    toast(request, _("Reserve changed. It holds at once."))
    return redirect(request, "mini_programs", merchant=request.merchant.slug)


def _fresh(mini_program: MiniProgram) -> ReserveForm:
    now = mini_program.reserve_per_second
    initial = {"reserve_per_second": now, "seen": now}
    return ReserveForm(initial=initial, most=most_reserve(mini_program))
