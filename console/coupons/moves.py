"""What is asked of the platform: each a page that says what it means, and an act that happens once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from console import focus, second_factor
from console.access import MerchantRequest, merchant_page
from console.coupons import words
from console.coupons.design import version_of
from console.coupons.forms import AppendForm, ExtendForm, StopForm
from console.coupons.lookup import address, coupon_of, not_done
from console.coupons.views import context_of
from console.htmx import answer, invalid, redirect, toast
from coupons import designing, life
from coupons.models import Coupon

PAGE, FORM = "coupons/move.html", "coupons/_move_form.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.publish")
def coupon_submit(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    if "submit" not in context_of(coupon)["moves"]:
        return _too_late(request, coupon)
    return _confirmed(
        request, coupon, "submit", lambda: life.submit(coupon, version=version_of(request), by=request.user)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.publish")
def coupon_publish(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    if "publish" not in context_of(coupon)["moves"]:
        return _too_late(request, coupon)
    return _confirmed(request, coupon, "publish", lambda: life.publish(coupon, by=request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.publish")
def coupon_append(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    """The first post shows old → new, the second acts."""
    coupon = coupon_of(request, coupon_id)
    if "append" not in context_of(coupon)["moves"]:
        return _too_late(request, coupon)
    form = AppendForm(request.POST or None, initial={"seen": coupon.stock})
    if request.method != "POST":
        return answer(request, PAGE, FORM, _context(coupon, "append", form))
    if form.is_valid():
        total, seen = form.cleaned_data["total"], form.cleaned_data["seen"]
        if total <= coupon.stock:
            form.add_error(
                "total", _("The stock can only grow. Write more than %(n)s.") % {"n": coupon.stock}
            )
        elif not form.cleaned_data["confirmed"]:
            more = {"total": total, "added": total - coupon.stock, "worst": _worst(coupon, total)}
            return answer(request, PAGE, FORM, _context(coupon, "append", form, **more))
        else:
            act = lambda: life.append(coupon, total=total, seen=seen, by=request.user)  # noqa: E731
            more = {"total": total, "added": total - coupon.stock, "worst": _worst(coupon, total)}
            return _act(request, coupon, act, _context(coupon, "append", form, **more))
    focus.on_first_problem(form)
    return invalid(request, PAGE, FORM, _context(coupon, "append", form))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.publish")
def coupon_extend(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    if "extend" not in context_of(coupon)["moves"]:
        return _too_late(request, coupon)
    form = ExtendForm(request.POST or None, initial={"until": coupon.publish_until})
    return _with_form(
        request,
        coupon,
        "extend",
        form,
        lambda: life.extend(coupon, until=form.cleaned_data["until"], by=request.user),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.publish")
def coupon_stop(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    if "stop" not in context_of(coupon)["moves"]:
        return _too_late(request, coupon)
    form = StopForm(request.POST if request.method == "POST" else None)
    return _with_form(
        request,
        coupon,
        "stop",
        form,
        lambda: life.stop(coupon, reason=form.cleaned_data["reason"], by=request.user),
    )


@require_POST
@merchant_page("coupons.publish")
def coupon_ask_again(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    return _do(request, coupon, lambda: life.ask_again(coupon, by=request.user))


@require_POST
@merchant_page("coupons.design")
def coupon_take_back(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    return _do(request, coupon, lambda: life.take_back(coupon, by=request.user))


def _confirmed(
    request: MerchantRequest, coupon: Coupon, move: str, act: Callable[[], Coupon]
) -> HttpResponse:
    context = _context(coupon, move, forms.Form())
    if request.method != "POST":
        return answer(request, PAGE, FORM, context)
    return _act(request, coupon, act, context)


def _with_form(
    request: MerchantRequest, coupon: Coupon, move: str, form: forms.Form, act: Callable[[], Coupon]
) -> HttpResponse:
    context = _context(coupon, move, form)
    if request.method != "POST":
        return answer(request, PAGE, FORM, context)
    if not form.is_valid():
        focus.on_first_problem(form)
        return invalid(request, PAGE, FORM, context)
    return _act(request, coupon, act, context)


def _act(
    request: MerchantRequest, coupon: Coupon, act: Callable[[], Coupon], context: dict[str, Any]
) -> HttpResponse:
    """Money is at stake: the merchant may ask for a code first."""
    if not second_factor.passes(request):
        return invalid(request, PAGE, FORM, context)
    return _do(request, coupon, act)


def _do(request: MerchantRequest, coupon: Coupon, act: Callable[[], Coupon]) -> HttpResponse:
    try:
        moved = act()
    except life.MoveRefused as error:
        return not_done(request, coupon, str(error))
    except designing.DraftChanged:
        return not_done(request, coupon, _("Somebody changed it meanwhile. Look at it again, then decide."))
    toast(request, words.sentence(moved))
    return redirect(request, address("coupon", coupon))


def _too_late(request: MerchantRequest, coupon: Coupon) -> HttpResponse:
    if request.method != "POST":
        return redirect(request, address("coupon", coupon))
    return not_done(request, coupon, _("It is in another state by now, so this is no longer possible."))


def _worst(coupon: Coupon, total: int) -> int | None:
    each = designing.forecast(coupon).each
    return None if each is None else each * total * coupon.max_uses


def _context(coupon: Coupon, move: str, form: forms.Form, **more: Any) -> dict[str, Any]:
    shown = context_of(coupon)
    return {**shown, "move": move, "form": form, "left": shown["row"].left, **more}
