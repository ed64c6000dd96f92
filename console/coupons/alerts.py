"""Coupon alerts as a list; one of them with what was counted; and what somebody does about it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page, show_mini_program
from console.audit.sentences import sentence_of as told_of
from console.coupons.alert_words import remedy_of, sentence_of, state_of, title_of
from console.coupons.limit_forms import AlertFilters, DismissForm, KeepForm
from console.htmx import answer, invalid, redirect, toast
from console.lists import keyset_page
from coupons import alert_reports, alerts
from coupons.models import CouponAlert
from coupons.models.limits import AlertState
from coupons.terms import beijing_day
from merchants.models import Event

PER_PAGE, SHOWN_EVENTS = 50, 20
PAGE, PART = "coupons/alert.html", "coupons/_alert.html"


@require_safe
@merchant_page("coupons.view")
def coupon_alerts(request: MerchantRequest) -> HttpResponse:
    filters, at = AlertFilters(request.GET), timezone.now()
    rows = alert_reports.alerts_of(request.merchant, **filters.wanted)
    keyset = keyset_page(request, rows, per_page=PER_PAGE)
    context = {
        "filters": filters,
        "keyset": keyset,
        "rows": [(one, title_of(one), sentence_of(one), state_of(one, at=at)) for one in keyset.rows],
    }
    return render(request, "coupons/alerts.html", context)


@require_safe
@merchant_page("coupons.view")
def coupon_alert(request: MerchantRequest, alert_id: int) -> HttpResponse:
    return answer(request, PAGE, PART, _context(_alert(request, alert_id)))


@require_POST
@merchant_page("coupons.guard")
def coupon_alert_settle(request: MerchantRequest, alert_id: int) -> HttpResponse:
    """Whoever comes second reads what the first decided."""
    alert, choice = _alert(request, alert_id), request.POST.get("choice", "")
    if choice not in ("dismiss", "keep"):
        return HttpResponseBadRequest("unknown choice")
    form = (
        KeepForm(request.POST, today=_today()) if choice == "keep" else DismissForm(request.POST, alert=alert)
    )
    if not form.is_valid():
        focus.on_first_problem(form)
        return invalid(request, PAGE, PART, _context(alert, **{choice: form}))
    try:
        toast(request, _settle(request, alert, choice, form.cleaned_data))
    except alerts.AlertMoved:
        return invalid(request, PAGE, PART, _context(_alert(request, alert_id), too_late=True))
    return redirect(request, "coupon_alert", merchant=request.merchant.slug, alert_id=alert.pk)


def _settle(request: MerchantRequest, alert: CouponAlert, choice: str, said: dict[str, Any]) -> str:
    at = timezone.now()
    if choice == "keep":
        alerts.keep(alert, until=said["until"], reason=said["reason"], by=request.user, at=at)
        return _("This person gets no coupon from us before %(day)s.") % {"day": said["until"]}
    was_kept = alert.state == AlertState.KEPT
    alerts.dismiss(alert, reason=said["reason"], by=request.user, at=at)
    return _("This person may get coupons again.") if was_kept else _("Dismissed.")


def _context(alert: CouponAlert, **more: Any) -> dict[str, Any]:
    rows = Event.objects.for_merchant(alert.merchant).filter(subject_kind="couponalert", subject_id=alert.pk)
    events = rows.select_related("by").order_by("-id")[:SHOWN_EVENTS]
    return {
        "alert": alert,
        "title": title_of(alert),
        "sentence": sentence_of(alert),
        "remedy": remedy_of(alert),
        "state": state_of(alert, at=timezone.now()),
        "counted": alert_reports.counted_of(alert),
        "may_dismiss": alerts.may(alert, AlertState.DISMISSED),
        "may_keep": alerts.may(alert, AlertState.KEPT),
        "dismiss": DismissForm(alert=alert),
        "keep": KeepForm(today=_today()),
        "events": [(one, told_of(one)) for one in events],
        **more,
    }


def _today() -> date:
    return beijing_day(timezone.now())


def _alert(request: MerchantRequest, alert_id: int) -> CouponAlert:
    found: CouponAlert = get_object_or_404(alert_reports.alerts_of(request.merchant), pk=alert_id)
    show_mini_program(request, found.mini_program)
    return found
