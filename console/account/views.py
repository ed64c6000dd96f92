"""Sign in and out, language, password, choice of mini program; and the pages for what went wrong."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render, resolve_url
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.access import MerchantRequest, PersonRequest, merchant_page, person_page, seats_of, session_key
from console.account.forms import ChangePasswordForm, SignInForm
from console.htmx import redirect, toast
from merchants.models import MiniProgram, User
from merchants.staff import change_password as change_own_password


def back_to(request: HttpRequest, otherwise: str) -> str:
    """Where a form wants to return to, if that is a place of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if own else resolve_url(otherwise)


@require_safe
def entrance(request: HttpRequest) -> HttpResponse:
    """To the home page of the person's first merchant; a person without a seat is told whom to ask."""
    if not request.user.is_authenticated:
        return redirect(request, "sign_in")
    seat = seats_of(request).first()
    if seat is None:
        return render(request, "account/no_seat.html")
    return redirect(request, "home", merchant=seat.merchant.slug)


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Too many failures: the axes middleware answers with `locked_out` instead of what stands here."""
    if request.user.is_authenticated:
        return redirect(request, back_to(request, "entrance"))
    form = SignInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid() and form.person:
        login(request, form.person)
        return redirect(request, back_to(request, "entrance"))
    context = {"form": form, "next": back_to(request, "entrance")}
    return render(request, "account/sign_in.html", context, status=422 if form.is_bound else 200)


def locked_out(
    request: HttpRequest, _response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    form = SignInForm(request, initial={"username": (credentials or {}).get("username", "")})
    minutes = minutes_locked((credentials or {}).get("username", ""), at=timezone.now())
    context = {"form": form, "next": back_to(request, "entrance"), "locked_minutes": minutes}
    response = render(request, "account/sign_in.html", context, status=429)
    response.headers["Retry-After"] = str(minutes * 60)
    return response


def minutes_locked(username: str, *, at: datetime) -> int:
    wait = get_cool_off() or timedelta(0)
    last = AccessAttempt.objects.filter(username=username).order_by("-attempt_time").first()
    left = (last.attempt_time + wait - at) if last else wait
    return max(1, math.ceil(left.total_seconds() / 60))


@require_POST
@person_page
def sign_out(request: PersonRequest) -> HttpResponse:
    logout(request)
    return redirect(request, "sign_in")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@person_page
def change_password(request: PersonRequest) -> HttpResponse:
    """Every other session of this person ends: their hash no longer fits."""
    form = ChangePasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        change_own_password(request.user, form.cleaned_data["new"], by=request.user)
        update_session_auth_hash(request, request.user)
        toast(request, _("Password changed. Other browsers you were signed in with are signed out."))
        return redirect(request, "entrance")
    return render(request, "account/password.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Kept with the person when signed in, and in a cookie for the sign-in page."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise BadRequest(_("This language is not offered."))
    if isinstance(request.user, User):
        request.user.language = language
        request.user.save(update_fields=["language"])
    response = redirect(request, back_to(request, "entrance"))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )
    return response


@require_POST
@merchant_page("home.view")
def set_mini_program(request: MerchantRequest) -> HttpResponse:
    own = MiniProgram.objects.for_merchant(request.merchant)
    wanted = request.POST.get("mini_program", "")
    if not wanted.isdigit() or len(wanted) > 18:
        raise Http404("no such mini program")
    request.session[session_key(request.merchant)] = get_object_or_404(own, pk=wanted).pk
    home = resolve_url("home", merchant=request.merchant.slug)
    return redirect(request, back_to(request, home))


# --- What went wrong ----------------------------------------------------------------------------------------
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "console/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "console/403.html", status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Signing in elsewhere makes the token of an open form stale; a page may offer what was typed again."""
    match = request.resolver_match
    stale = getattr(match.func, "stale", None) if match else None
    if match and stale:
        try:
            answer: HttpResponse = stale(request, *match.args, **match.kwargs)
        except Http404:
            return not_found(request)
        return answer
    return render(request, "console/csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "console/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without a request: session and database may be what broke."""
    return HttpResponse(render_to_string("console/500.html"), status=500)
