"""A code of the person's app before a launch, where the merchant asks for it.

A view calls passes() as its last question before it acts, and answers a refusal with its own page and 422.
Its page includes console/_second_factor.html, which asks check_of(): a field, a way to set it up, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.access import MerchantRequest
from merchants import second_factor
from merchants.models import Merchant, SecondFactor
from merchants.second_factor import CodeRefused

SESSION_KEY = "second_factor"
KEPT = "_second_factor_check"


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from your app"),
        max_length=40,
        help_text=_("Six digits, or one of your recovery codes."),
        error_messages={"required": _("Type the code that your app shows.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def refuse(self, why: str) -> None:
        self.add_error("code", why)
        self.fields["code"].widget.attrs["autofocus"] = True


class FirstCodeForm(CodeForm):
    """While it is set up there is no recovery code yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = ""
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class Check:
    """What one request has to show. `is_asked`: a code, or first of all a second factor (`must_set_up`)."""

    def __init__(self, request: MerchantRequest, merchants: Iterable[Merchant]) -> None:
        wanted = any(one.asks_second_factor for one in (request.merchant, *merchants))
        factor = second_factor.factor_of(request.user) if wanted else None
        self.must_set_up = wanted and factor is None
        self.is_asked = self.must_set_up or (factor is not None and not is_recent(request, factor))
        self.form = CodeForm(initial={"code": request.POST.get("code", "")})
        back = {"next": request.get_full_path()}
        self.set_up_url = f"{reverse('second_factor')}?{urlencode(back)}"


def check_of(request: MerchantRequest, *, merchants: Iterable[Merchant] = ()) -> Check:
    """One for each request, so that the page shows what passes() found.

    `merchants`: for whom it is done besides the one of the page; one that asks is enough. The first call of a
    request decides, so a view that has some names them before its page is drawn.
    """
    kept: Check | None = getattr(request, KEPT, None)
    if kept is None:
        kept = Check(request, merchants)
        setattr(request, KEPT, kept)
    return kept


def passes(request: MerchantRequest, *, merchants: Iterable[Merchant] = ()) -> bool:
    """Uses up the code that was posted. False: nothing may be done, and the page says what is wrong."""
    check = check_of(request, merchants=merchants)
    if not check.is_asked:
        return True
    if check.must_set_up:
        return False
    check.form = CodeForm(request.POST)
    check.is_asked = not use(request, check.form)
    return not check.is_asked


def use(request: Any, form: CodeForm) -> bool:
    """Accepts the code of a form for this session, or writes into the form why not."""
    if not form.is_valid():
        form.fields["code"].widget.attrs["autofocus"] = True
        return False
    try:
        second_factor.accept(request.user, form.cleaned_data["code"], at=timezone.now())
    except CodeRefused as refused:
        form.refuse(str(refused))
        return False
    remember(request)
    return True


def remember(request: Any) -> None:
    """For SECOND_FACTOR_SECONDS this session is not asked again, as long as the factor is the same."""
    factor = second_factor.factor_of(request.user)
    if factor is not None:
        request.session[SESSION_KEY] = [factor.pk, timezone.now().timestamp()]


def forget(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)


def is_recent(request: HttpRequest, factor: SecondFactor) -> bool:
    whose, then = request.session.get(SESSION_KEY) or (0, 0.0)
    age = timezone.now().timestamp() - then
    return bool(whose == factor.pk and 0 <= age <= settings.SECOND_FACTOR_SECONDS)
