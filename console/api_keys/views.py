"""API keys: who may call, for which mini program and what. A key is shown once and kept as a hash."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page
from console.api.scopes import SCOPES
from console.api_keys.forms import NAME_CHARACTERS, IssueForm, RevokeForm
from console.htmx import answer, invalid, redirect, toast
from console.lists import numbered_page
from merchants.credentials import IssuedBefore, issue_api_key, revoke_api_key
from merchants.models import ApiKey


@require_safe
@merchant_page("api_keys.edit")
def api_keys(request: MerchantRequest) -> HttpResponse:
    rows = ApiKey.objects.for_merchant(request.merchant).select_related("mini_program")
    context = {"page": numbered_page(request, rows.order_by("-created_at", "-pk")), "scopes": SCOPES}
    return render(request, "api_keys/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("api_keys.edit")
def api_key_new(request: MerchantRequest) -> HttpResponse:
    form = IssueForm(
        request.POST or None, merchant=request.merchant, initial={"mini_program": request.mini_program}
    )
    if request.method == "POST" and form.is_valid():
        return _issue(request, form)
    focus.on_first_problem(form)
    context = {"form": form, "name_limit": NAME_CHARACTERS}
    return render(request, "api_keys/new.html", context, status=422 if request.method == "POST" else 200)


def _issue(request: MerchantRequest, form: IssueForm) -> HttpResponse:
    """The answer to the form itself is the only page that ever shows the key."""
    said = form.cleaned_data
    try:
        row, key = issue_api_key(
            said["mini_program"],
            name=said["name"],
            kind=said["kind"],
            scopes=said["scopes"],
            by=request.user,
            form_token=said["form_token"],
        )
        context = {"row": row, "key": key}
    except IssuedBefore:
        context = {"row": None, "key": ""}
    response = render(request, "api_keys/issued.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("api_keys.edit")
def api_key_revoke(request: MerchantRequest, pk: int) -> HttpResponse:
    rows = ApiKey.objects.for_merchant(request.merchant).select_related("mini_program", "merchant")
    key: ApiKey = get_object_or_404(rows, pk=pk)
    form = RevokeForm(request.POST or None, key=key)
    if request.method == "POST" and form.is_valid():
        if revoke_api_key(key, by=request.user, at=timezone.now()):
            toast(request, _("Revoked. From now on nobody gets in with this key."))
        return redirect(request, "api_keys", merchant=request.merchant.slug)
    focus.on_first_problem(form)
    respond = invalid if request.method == "POST" else answer
    return respond(request, "api_keys/revoke.html", "api_keys/_revoke_form.html", {"key": key, "form": form})
