"""Undo, pause, resume, cancel: each one call, and the page says where it stands when it has moved on."""

from __future__ import annotations

from contextlib import suppress

from django.http import HttpResponse, HttpResponseBadRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from console.access import MerchantRequest, merchant_page
from console.coupons.lookup import run_of
from console.htmx import answer, redirect, toast
from coupons import run_reports, runs
from coupons.models import CouponRun

State = CouponRun.State
CANCELLABLE = (State.PREPARING, State.ISSUING, State.PAUSED)


@require_POST
@merchant_page("coupons.issue")
def coupon_run_move(request: MerchantRequest, run_id: int) -> HttpResponse:
    run, to = run_of(request, run_id), request.POST.get("to", "")
    if to not in ("undo", "pause", "resume"):
        return HttpResponseBadRequest("unknown move")
    with suppress(runs.RunMoved):  # the page that follows says where it stands
        toast(request, _move(request, run, to))
    return redirect(request, "coupon_run", merchant=request.merchant.slug, run_id=run.pk)


def _move(request: MerchantRequest, run: CouponRun, to: str) -> str:
    if to == "undo":
        runs.undo(run, by=request.user)
        return _("Undone. Nobody got one.")
    if to == "pause":
        runs.pause(run, by=request.user)
        return _("Paused. What is on its way still gets its outcome.")
    runs.resume(run, by=request.user)
    return _("Resumed.")


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.issue")
def coupon_run_cancel(request: MerchantRequest, run_id: int) -> HttpResponse:
    run = run_of(request, run_id)
    if run.state not in CANCELLABLE:
        return redirect(request, "coupon_run", merchant=request.merchant.slug, run_id=run.pk)
    if request.method != "POST":
        context = {"run": run, "figures": run_reports.figures_of(run)}
        return answer(request, "coupons/run_cancel.html", "coupons/_run_cancel_form.html", context)
    try:
        stopped = runs.cancel(run, by=request.user)
    except runs.RunMoved:
        return redirect(request, "coupon_run", merchant=request.merchant.slug, run_id=run.pk)
    words = ngettext("Cancelled. %(n)s person gets none.", "Cancelled. %(n)s people get none.", stopped)
    toast(request, words % {"n": f"{stopped:,}"})
    return redirect(request, "coupon_run", merchant=request.merchant.slug, run_id=run.pk)
