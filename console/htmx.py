"""One URL, two sizes: the whole page, or the partial that it includes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

FAST_SECONDS, STEADY_SECONDS, SLOW_SECONDS = 2, 5, 15


def wants_partial(request: HttpRequest) -> bool:
    """True only for a swap: a boosted link and a restored history entry want the whole page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def answer(
    request: HttpRequest, page: str, partial: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """`page` includes the very file `partial` names. A partial carries waiting toasts out of band."""
    if wants_partial(request):
        response = render(request, partial, {**context, "is_partial": True}, status=status)
        if messages.get_messages(request):
            response.write(render_to_string("console/_toasts.html", {"out_of_band": True}, request))
    else:
        response = render(request, page, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def invalid(request: HttpRequest, page: str, partial: str, context: dict[str, Any]) -> HttpResponse:
    """A form that cannot be accepted, for both kinds of client."""
    return answer(request, page, partial, context, status=422)


def redirect(request: HttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """After an act. Script never sees the headers of a 3xx, so htmx is told by a header of its own."""
    url = resolve_url(to, *args, **kwargs)
    if wants_partial(request):
        return HttpResponseClientRedirect(url)
    response = HttpResponseRedirect(url)
    if request.method == "POST":
        response.status_code = 303
    return response


def toast(request: HttpRequest, sentence: str) -> None:
    """Success only, and never the sole place of a fact."""
    messages.success(request, sentence)


def poll_seconds(since: datetime | None, *, at: datetime) -> int:
    """How long a live partial waits before it asks again: fast at first, slower with age."""
    age = (at - since).total_seconds() if since else 0
    if age < 600:
        return FAST_SECONDS
    return STEADY_SECONDS if age < 7200 else SLOW_SECONDS
