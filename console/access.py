"""The one guard of every merchant page: who asks, at which merchant, with which capability.

Strangers get 404 so that nothing is betrayed; colleagues without the capability get 403 and a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from merchants import providers
from merchants.models import Merchant, MiniProgram, Staff, User
from merchants.roles import ALL_CAPABILITIES

P = ParamSpec("P")


class PersonRequest(HttpRequest):
    """Somebody is signed in, and HtmxMiddleware has looked at the headers."""

    user: User
    htmx: HtmxDetails


class MerchantRequest(PersonRequest):
    """`mini_program` is the one chosen in the header, None while the merchant has none.

    On the pages of what belongs to one mini program it is that one, whatever was chosen (`belongs_to`).
    """

    merchant: Merchant
    staff: Staff
    mini_program: MiniProgram | None
    belongs_to: bool


View = Callable[Concatenate[MerchantRequest, P], HttpResponse]


def merchant_page(
    capability: str,
    *,
    signed_out: Callable[[HttpRequest], None] | None = None,
    stale: View[...] | None = None,
) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """The view is called without the merchant's slug, with the merchant's time zone active.

    `signed_out` is told of a request of nobody before it is led to the sign-in page. `stale` answers a form
    whose token does not fit any more, under the same guard; it may show what was typed and do nothing else.
    """
    if capability not in ALL_CAPABILITIES:
        raise KeyError(f"no role has the capability {capability!r}")

    def guard(view: View[P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, merchant: str, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                if signed_out is not None:
                    signed_out(request)
                return redirect_to_login(request.get_full_path())
            asked = enter(request, merchant)
            with timezone.override(ZoneInfo(asked.merchant.time_zone)):
                if not asked.staff.can(capability):
                    return render(asked, "console/403.html", {"capability": capability}, status=403)
                return view(asked, *args, **kwargs)

        guarded.capability = capability  # type: ignore[attr-defined]
        if stale is not None:
            guarded.stale = merchant_page(capability, signed_out=signed_out)(stale)  # type: ignore[attr-defined]
        return guarded

    return guard


def person_page(view: Callable[Concatenate[PersonRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """For pages of the person alone, outside any merchant."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(cast(PersonRequest, request), *args, **kwargs)

    guarded.capability = None  # type: ignore[attr-defined]
    return guarded


def provider_page(capability: str) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """As merchant_page, of a service provider: at a merchant that is none there is no such page."""

    def guard(view: View[P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def of_provider(request: MerchantRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.merchant.is_provider:
                raise Http404("not a service provider")
            return view(request, *args, **kwargs)

        return merchant_page(capability)(of_provider)

    return guard


def enter(request: HttpRequest, slug: str) -> MerchantRequest:
    """Sets merchant, staff and mini program on the request. Raises Http404 for who has no seat there.

    A seat is one's own, or lent by a provider that the merchant authorised: the latter is asked for anew
    with each request.
    """
    seat = seats_of(request).filter(merchant__slug=slug).first()
    seat = seat or providers.borrowed_seat(cast(User, request.user), slug)
    if seat is None:
        raise Http404("no seat at this merchant")
    asked = cast(MerchantRequest, request)
    asked.staff, asked.merchant = seat, seat.merchant
    asked.mini_program, asked.belongs_to = chosen_mini_program(asked), False
    return asked


def show_mini_program(request: MerchantRequest, mini_program: MiniProgram) -> None:
    """The frame names this one and its environment: nobody confirms for one and reads the name of another."""
    request.mini_program, request.belongs_to = mini_program, True


def seats_of(request: HttpRequest) -> Any:
    return (
        cast(User, request.user)
        .seats.filter(disabled_at=None)
        .select_related("merchant")
        .order_by("created_at")
    )


def session_key(merchant: Merchant) -> str:
    return f"mini_program:{merchant.pk}"


def chosen_mini_program(request: MerchantRequest) -> MiniProgram | None:
    """The one kept in the session; else the merchant's first."""
    own = MiniProgram.objects.for_merchant(request.merchant).order_by("created_at", "pk")
    kept = request.session.get(session_key(request.merchant))
    chosen: MiniProgram | None = own.filter(pk=kept).first() if kept else None
    return chosen or own.first()
