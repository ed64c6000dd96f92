"""A list of everyone with consent to a template: choose it, see how many, name the list, make it."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from console import focus
from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid
from console.membership.forms import NAME_CHARACTERS, PURPOSE_CHARACTERS, ConsentForm
from console.membership.views import to_list
from messaging.consent import audience, reports
from messaging.models import SubscriptionTemplate


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("lists.upload")
def list_from_consent(request: MerchantRequest) -> HttpResponse:
    """?template= in the address chooses; the form posts back to the same address."""
    templates = _templates(request)
    chosen = next((one for one in templates if str(one.pk) == request.GET.get("template")), None)
    form = ConsentForm(request.POST or None) if chosen else None
    if chosen is not None and form is not None and request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        people_list = audience.make_list(
            chosen,
            name=given["name"],
            purpose=given["purpose"],
            by=request.user,
            form_token=given["form_token"],
        )
        return to_list(request, people_list)
    if form is not None and form.is_bound:
        focus.on_first_problem(form)
    context = {
        "templates": templates,
        "chosen": chosen,
        "form": form,
        "reach": audience.reach(chosen, at=timezone.now()) if chosen else None,
        "name_limit": NAME_CHARACTERS,
        "purpose_limit": PURPOSE_CHARACTERS,
    }
    respond = invalid if request.method == "POST" else answer
    return respond(request, "membership/from_consent.html", "membership/_from_consent.html", context)


def _templates(request: MerchantRequest) -> list[SubscriptionTemplate]:
    """Those that people can have consented to, newest first."""
    if request.mini_program is None:
        return []
    return list(reports.templates_of(request.mini_program).exclude(template_id="").select_related("merchant"))
