"""Where coupons are shown: the channels, the plans, one of them, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page, show_mini_program
from console.audit.sentences import sentence_of
from console.coupons import placing_words, words
from console.coupons.lookup import coupon_of
from console.coupons.placing_forms import PlacementFilters, PlacementForm, PlacementStopForm, name_of
from console.htmx import answer, invalid, poll_seconds, redirect, toast
from console.lists import KeysetPage, keyset_page
from coupons import placing
from coupons.channels import CHANNELS, Channel
from coupons.models import CouponDay, Placement
from coupons.models.coupon import LIVE
from coupons.models.grant import Source
from coupons.models.placement import PlacementState
from coupons.terms import beijing_day
from merchants.events import record
from merchants.models import Event, Merchant

RELATED = ("merchant", "mini_program", "mini_program__provider_app", "coupon", "call", "author")
FORM_PAGE, FORM = "coupons/placement_new.html", "coupons/_placement_form.html"
STOP_PAGE, STOP = "coupons/placement_stop.html", "coupons/_placement_stop_form.html"
PAGE, STATE_CARD = "coupons/placement.html", "coupons/_placement_state.html"
SHOWN_EVENTS = 20
UNDER_WAY = (PlacementState.SUBMITTING, PlacementState.AUDITING, PlacementState.STOPPING)


@dataclass(frozen=True)
class Line:
    """One channel of the matrix."""

    channel: Channel
    name: str
    purpose: str | Promise


@dataclass(frozen=True)
class Funnel:
    """Of the coupon on the days of the plan, by claiming: the platform tells no place. None: never told."""

    exposed: int | None
    claimed: int
    used: int


@require_safe
@merchant_page("coupons.view")
def placements(request: MerchantRequest) -> HttpResponse:
    filters = PlacementFilters(request.GET)
    rows = Placement.objects.for_merchant(request.merchant).filter(mini_program=request.mini_program)
    for name, value in filters.applied.items():
        rows = rows.filter(**{name: value})
    keyset: KeysetPage = keyset_page(request, rows.select_related("coupon", "mini_program__merchant"))
    context = {
        "filters": filters,
        "keyset": keyset,
        "rows": [(one, name_of(one.template_ref, one.mini_program)) for one in keyset.rows],
        "lines": [
            Line(one, str(one.booth.label), placing_words.PURPOSES[one.booth]) for one in CHANNELS.values()
        ],
    }
    return render(request, "coupons/placements.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.publish")
def placement_new(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon, at = coupon_of(request, coupon_id), timezone.now()
    form = PlacementForm(coupon, request.POST if request.method == "POST" else None, at=at)
    context = {
        "coupon": coupon,
        "form": form,
        "is_live": coupon.state in LIVE,
        "ticket": words.ticket(coupon, tuple(coupon.stores.order_by("name").values_list("name", flat=True))),
    }
    if request.method != "POST":
        return answer(request, FORM_PAGE, FORM, context)
    if form.is_valid():
        try:
            token = form.cleaned_data["form_token"]
            made = placing.place(coupon, form.wanted, form_token=token, by=request.user, at=at)
            toast(request, str(placing_words.sentence(made)))
            return redirect(request, _address("placement", made))
        except placing.PlacingRefused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
    focus.on_first_problem(form)
    return invalid(request, FORM_PAGE, FORM, context)


@require_safe
@merchant_page("coupons.view")
def placement(request: MerchantRequest, placement_id: int) -> HttpResponse:
    return answer(request, PAGE, STATE_CARD, _context(_placement(request, placement_id)))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.publish")
def placement_stop(request: MerchantRequest, placement_id: int) -> HttpResponse:
    found = _placement(request, placement_id)
    form = PlacementStopForm(request.POST if request.method == "POST" else None)
    context = {**_context(found), "form": form}
    if request.method != "POST":
        return answer(request, STOP_PAGE, STOP, context)
    if not form.is_valid():
        focus.on_first_problem(form)
        return invalid(request, STOP_PAGE, STOP, context)
    try:
        stopped = placing.stop(found, reason=form.cleaned_data["reason"], by=request.user)
    except placing.PlacingRefused as refused:
        return _refused(request, found, refused.sentence)
    toast(request, str(placing_words.sentence(stopped)))
    return redirect(request, _address("placement", found))


@require_POST
@merchant_page("coupons.publish")
def placement_again(request: MerchantRequest, placement_id: int) -> HttpResponse:
    found = _placement(request, placement_id)
    try:
        placing.again(found, by=request.user, at=timezone.now())
    except placing.PlacingRefused as refused:
        return _refused(request, found, refused.sentence)
    toast(request, _("The platform is asked again."))
    return redirect(request, _address("placement", found))


@require_POST
@merchant_page("coupons.publish")
def coupon_development(request: MerchantRequest) -> HttpResponse:
    """Without development messages carry pay coupons only."""
    has = request.POST.get("has_developers") == "1"
    rows = Merchant.objects.filter(pk=request.merchant.pk).exclude(has_developers=has)

    with transaction.atomic():
        if rows.update(has_developers=has):
            record("merchant.development", merchant=request.merchant, by=request.user, detail={"after": has})
    toast(request, _("Saved."))
    return redirect(request, reverse("placements", args=[request.merchant.slug]))


def _refused(request: MerchantRequest, found: Placement, sentence: str) -> HttpResponse:
    """Nothing was changed; the sentence says why and what to do."""
    found.refresh_from_db()
    return invalid(request, PAGE, STATE_CARD, {**_context(found), "refused": sentence})


def _placement(request: MerchantRequest, placement_id: int) -> Placement:
    rows = Placement.objects.for_merchant(request.merchant).select_related(*RELATED)
    found: Placement = get_object_or_404(rows, pk=placement_id)
    show_mini_program(request, found.mini_program)
    return found


def _context(found: Placement) -> dict[str, Any]:
    told = Event.objects.for_merchant(found.merchant)
    events = told.filter(subject_kind="placement", subject_id=found.pk).select_related("by")
    at = timezone.now()
    return {
        "placement": found,
        "sentence": placing_words.sentence(found),
        "refusal": words.refusal(found.refusal) if found.refusal else None,
        "template_name": name_of(found.template_ref, found.mini_program),
        "is_order_message": ":" in found.template_ref,
        "has_begun": found.begins_at <= at,
        "funnel": funnel_of(found, at=at),
        "is_under_way": found.state in UNDER_WAY,
        "poll_seconds": poll_seconds(found.wished_at, at=at),
        "may_stop": found.state in (PlacementState.AUDITING, PlacementState.ACTIVE),
        "may_again": found.state in (PlacementState.DRAFT, PlacementState.UNKNOWN),
        "events": [(one, sentence_of(one)) for one in events.order_by("-id")[:SHOWN_EVENTS]],
    }


def funnel_of(found: Placement, *, at: datetime) -> Funnel:
    """Sums of kept figures of the coupon's days."""
    first, last = beijing_day(found.begins_at), beijing_day(min(found.ends_at, at))
    rows = CouponDay.objects.filter(coupon=found.coupon, source=Source.CLAIM, day__range=(first, last))
    sums = rows.aggregate(claimed=Sum("claimed"), used=Sum("redemptions"))
    return Funnel(found.exposed, sums["claimed"] or 0, sums["used"] or 0)


def _address(name: str, found: Placement) -> str:
    return reverse(name, args=[found.merchant.slug, found.pk])
