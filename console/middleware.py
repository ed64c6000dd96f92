"""Language of the person, sign-in for swaps, and our own page for what is not there."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from django_htmx.http import HttpResponseClientRedirect

from console.account.views import not_found

Handler = Callable[[HttpRequest], HttpResponse]


def wanted_language(request: HttpRequest) -> str:
    """The person's choice, else the cookie's, else the browser's first known, else Chinese."""
    wishes = [getattr(request.user, "language", ""), request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")]
    wishes += [code for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    for wish in wishes:
        if wish.startswith("zh"):
            return "zh-hans"
        if wish.startswith("en"):
            return "en"
    return settings.LANGUAGE_CODE


class PersonLocaleMiddleware:
    """Stands after AuthenticationMiddleware: it asks the person first."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = wanted_language(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class HtmxSignInMiddleware:
    """Turns a redirect to the sign-in page into HX-Redirect, coming back to the page, not to the fragment."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        htmx = request.htmx  # type: ignore[attr-defined]
        sign_in = resolve_url(settings.LOGIN_URL)
        where = urlsplit(response.headers.get("Location", "")).path
        if htmx and response.status_code in {301, 302, 303} and where == sign_in:
            back = htmx.current_url_abs_path or resolve_url(settings.LOGIN_REDIRECT_URL)
            return HttpResponseClientRedirect(redirect_to_login(back).url)
        return response


class NothingHereMiddleware:
    """Our own page for what is not there, also with DEBUG: Django would answer with a listing of addresses.

    An address that leads nowhere never reaches a view, so process_exception does not see it: it is looked
    up here first.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            resolve(request.path_info)
        except Resolver404:
            return not_found(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return not_found(request) if isinstance(exception, Http404) else None
