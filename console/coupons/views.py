"""The coupons as a list, and one of them: how it stands, its stock, what may be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.audit.sentences import sentence_of
from console.coupons import alert_words, watch_words, words
from console.coupons.forms import CouponFilters
from console.coupons.lookup import coupon_of
from console.coupons.placing_forms import name_of
from console.htmx import answer, poll_seconds
from console.lists import KeysetPage, keyset_page
from coupons import alert_reports, codes, designing, life, watching
from coupons.models import Coupon, CouponAlert, CouponCount, Placement
from coupons.models.coupon import LIVE, CouponState
from coupons.watching import Finding
from merchants.models import Event

SHOWN_EVENTS, SHOWN_PLACEMENTS = 20, 10


@dataclass(frozen=True)
class Row:
    coupon: Coupon
    count: CouponCount

    @property
    def title(self) -> str:
        return words.title(self.coupon)

    @property
    def left(self) -> int:
        return max(0, self.coupon.stock - self.count.taken)

    @property
    def share(self) -> float | None:
        """Of those claimed, how many were used up at least once."""
        return self.count.redeemed / self.count.claimed if self.count.claimed else None

    @property
    def is_gone(self) -> bool:
        return self.coupon.state in LIVE and bool(self.coupon.stock) and not self.left


@require_safe
@merchant_page("coupons.view")
def coupons(request: MerchantRequest) -> HttpResponse:
    filters = CouponFilters(request.GET)
    rows = Coupon.objects.for_merchant(request.merchant).filter(mini_program=request.mini_program)
    wanted = filters.applied
    if wanted.get("text"):
        rows = rows.filter(name__icontains=wanted["text"])
    for name in ("family", "state"):
        if wanted.get(name):
            rows = rows.filter(**{name: wanted[name]})
    keyset: KeysetPage = keyset_page(request, rows.select_related("count"))
    context = {
        "filters": filters,
        "keyset": keyset,
        "rows": [Row(one, count_of(one)) for one in keyset.rows],
    }
    return render(request, "coupons/list.html", context)


@require_safe
@merchant_page("coupons.view")
def coupon(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    found = coupon_of(request, coupon_id)
    return answer(request, "coupons/coupon.html", "coupons/_state.html", context_of(found))


def count_of(coupon: Coupon) -> CouponCount:
    return getattr(coupon, "count", None) or CouponCount(coupon=coupon)


def context_of(coupon: Coupon) -> dict[str, Any]:
    count = count_of(coupon)
    told = Event.objects.for_merchant(coupon.merchant)
    events = told.filter(subject_kind="coupon", subject_id=coupon.pk).select_related("by")
    stores = tuple(coupon.stores.order_by("name").values_list("name", flat=True))
    usable = count.claimed - count.redeemed - count.expired - count.invalidated
    return {
        "coupon": coupon,
        "count": count,
        "row": Row(coupon, count),
        "sentence": words.sentence(coupon),
        "ticket": words.ticket(coupon, stores),
        "forecast": designing.forecast(coupon),
        "on_the_way": count.taken - count.claimed,
        "usable": usable,
        "refusal": words.refusal(coupon.refusal) if coupon.refusal else None,
        "is_under_way": words.is_under_way(coupon),
        "is_silent": _is_silent(coupon),
        "poll_seconds": poll_seconds(coupon.wished_at, at=timezone.now()),
        "moves": _moves(coupon),
        "placements": _placements(coupon),
        "watched": _watched(coupon, count),
        "alert": _alert(coupon),
        "events": [(one, sentence_of(one)) for one in events.order_by("-id")[:SHOWN_EVENTS]],
    }


def _watched(coupon: Coupon, count: CouponCount) -> list[tuple[str, str]]:
    """Titles and advice; that all of it is claimed stands on the page anyhow."""
    found = watching.watch_one(coupon, count, at=timezone.now())
    return [
        (watch_words.title(one), watch_words.sentence(one)) for one in found if one.finding != Finding.GONE
    ]


def _alert(coupon: Coupon) -> tuple[CouponAlert, str, str] | None:
    """Claims that came too fast, until somebody has looked."""
    found = alert_reports.open_burst_of(coupon)
    return (found, alert_words.title_of(found), alert_words.sentence_of(found)) if found else None


def _placements(coupon: Coupon) -> list[tuple[Placement, str]]:
    rows = Placement.objects.for_merchant(coupon.merchant).filter(coupon=coupon).order_by("-pk")
    return [(one, name_of(one.template_ref, coupon.mini_program)) for one in rows[:SHOWN_PLACEMENTS]]


def _is_silent(coupon: Coupon) -> bool:
    """Nobody answered the call of the operation under way, and nobody will."""
    return words.is_under_way(coupon) and coupon.call is not None and coupon.call.state == "unknown"


def _moves(coupon: Coupon) -> frozenset[str]:
    """What may be asked for in this state."""
    state, found = coupon.state, set()
    if state == CouponState.DRAFT:
        found |= {"edit", "submit"} | ({"delete"} if not coupon.operations else set())
    if state == CouponState.CREATED:
        found |= {"publish", "stop"}
    if state == CouponState.PUBLISHED:
        found |= {"extend", "stop"} | ({"append"} if life.may_append(coupon) else set())
    if codes.takes_codes(coupon):
        found.add("codes")
    if state == CouponState.REJECTED:
        found.add("take_back")
    if _is_silent(coupon):
        found.add("ask_again")
    return frozenset(found)
