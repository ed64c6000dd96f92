"""A person's own second factor: set up with the password and a first code, changed with a code."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import segno
from django import forms
from django.http import HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from console.access import PersonRequest, person_page
from console.account.views import back_to
from console.htmx import redirect, toast
from console.second_factor import CodeForm, FirstCodeForm, forget, remember
from merchants import second_factor as operations
from merchants.models import SecondFactor, User
from merchants.second_factor import CodeRefused

PAGE, CODES = "account/second_factor.html", "account/recovery_codes.html"


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.person.check_password(password):
            raise forms.ValidationError(_("This is not your present password."))
        return password


@sensitive_post_parameters("password", "code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@person_page
def second_factor(request: PersonRequest) -> HttpResponse:
    """One address for every step: loaded again, or opened after signing in, it shows where one stands."""
    act = ACTS.get(request.POST.get("action", "")) if request.method == "POST" else None
    return act(request) if act else _page(request)


def _begin(request: PersonRequest) -> HttpResponse:
    form = PasswordForm(request.user, request.POST)
    if not form.is_valid():
        return _page(request, form)
    with suppress(CodeRefused):  # it was set up in another tab: the page says so
        operations.begin(request.user, at=timezone.now())
    return redirect(request, _here(request))


def _confirm(request: PersonRequest) -> HttpResponse:
    """The recovery codes are in this answer and nowhere else."""
    form = FirstCodeForm(request.POST)
    if operations.setting_up(request.user, at=timezone.now()) is None:
        return redirect(request, _here(request))
    if not form.is_valid():
        return _page(request, form)
    try:
        codes = operations.confirm(request.user, form.cleaned_data["code"], at=timezone.now())
    except CodeRefused as refused:
        form.refuse(str(refused))
        return _page(request, form)
    remember(request)
    return render(request, CODES, {"codes": codes, "next": back_to(request, "entrance"), "is_new": True})


def _renew(request: PersonRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        codes = operations.renew_codes(request.user, form.cleaned_data["code"], at=timezone.now())
    except CodeRefused as refused:
        form.refuse(str(refused))
        return _page(request, form)
    remember(request)
    return render(request, CODES, {"codes": codes, "next": back_to(request, "entrance"), "is_new": False})


def _turn_off(request: PersonRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        operations.turn_off(request.user, form.cleaned_data["code"], at=timezone.now())
    except CodeRefused as refused:
        form.refuse(str(refused))
        return _page(request, form)
    forget(request)
    toast(request, _("Your second factor is off."))
    return redirect(request, _here(request))


ACTS = {"begin": _begin, "confirm": _confirm, "renew": _renew, "off": _turn_off}


def _page(request: PersonRequest, form: forms.Form | None = None) -> HttpResponse:
    factor = operations.factor_of(request.user)
    waiting = None if factor else operations.setting_up(request.user, at=timezone.now())
    fresh = CodeForm() if factor else FirstCodeForm() if waiting else PasswordForm(request.user)
    context = {
        "next": back_to(request, "entrance"),
        "factor": factor,
        "waiting": waiting,
        "form": form if isinstance(form, type(fresh)) else fresh,  # another tab may be a step further
        "left": operations.codes_left(factor) if factor else 0,
        **(_shown(waiting) if waiting else {}),
    }
    return render(request, PAGE, context, status=422 if form else 200)


def _shown(waiting: SecondFactor) -> dict[str, Any]:
    uri = operations.otpauth_uri(waiting, issuer=_("Merchant Console"))
    key = operations.manual_key(waiting)
    groups = " ".join(key[start : start + 4] for start in range(0, len(key), 4))
    return {"uri": uri, "picture": picture(uri), "key": groups}


def picture(text: str) -> SafeString:
    """A QR code as an SVG that draws by attributes: the policy of our pages allows no style."""
    code = segno.make(text, error="m", micro=False)
    drawn = code.svg_inline(omitsize=True, border=4, svgclass="qr", lineclass=None, dark="#000", light="#fff")
    return mark_safe(drawn)  # noqa: S308 - numbers and names of the library; the text is only in its squares


def _here(request: PersonRequest) -> str:
    return f"{resolve_url('second_factor')}?{urlencode({'next': back_to(request, 'entrance')})}"
