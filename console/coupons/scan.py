"""The page at the till: a code, what it is good for, the bill, done; and the field is ready for the next."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page
from console.coupons import words
from console.coupons.use_forms import CodeForm, RedeemForm, number_of, sent_before
from console.coupons.use_words import left_words, sentence_of, told
from console.htmx import answer, invalid, poll_seconds, redirect
from coupons import finding, redeeming, returning, use_calls, use_reports
from coupons.ledger import KeyReused, NotPossible
from coupons.models import CouponGrant, CouponUse
from coupons.models.use import UseState

SHOWN_UNKNOWN = 5
PAGE, RESULT, FORM = "coupons/scan.html", "coupons/_scan_result.html", "coupons/_redeem_form.html"


@require_safe
@merchant_page("coupons.redeem")
def coupon_scan(request: MerchantRequest) -> HttpResponse:
    """`code`: what was scanned. `use`: what was just done, polled until the platform has answered."""
    code, store = request.GET.get("code", "").strip()[:64], _number(request.GET.get("store", ""))
    context: dict[str, Any] = {"code": code, "find": _find(store), "result": None, "is_unknown": False}
    context["undecided"] = use_reports.unknown_of(request.merchant, most=SHOWN_UNKNOWN)
    if use_id := _number(request.GET.get("use", "")):
        uses = CouponUse.objects.for_merchant(request.merchant)
        context["result"] = result_of(get_object_or_404(uses.select_related(*USE_RELATED), pk=use_id))
    if code:
        found = finding.by_code(request.merchant, code)
        wanted = _number(request.GET.get("grant", ""))
        grants = [one for one in found if one.pk == wanted] or found
        context |= {"is_unknown": not found, "several": grants if len(grants) > 1 else []}
        if len(grants) == 1:
            context |= offer(grants[0], store=store)
    _focus_code(context)
    return answer(request, PAGE, RESULT, context)


@require_POST
@merchant_page("coupons.redeem")
def coupon_redeem(request: MerchantRequest, grant_id: int) -> HttpResponse:
    """The same form twice is one use."""
    rows = CouponGrant.objects.for_merchant(request.merchant).select_related(*finding.RELATED)
    grant = get_object_or_404(rows, pk=grant_id)
    form = RedeemForm(request.POST, grant=grant)
    use = sent_before(form, grant, CouponUse.Kind.REDEEM)
    if use is None and form.is_valid():
        use = _redeem(request, form, grant)
    if use is not None:
        store = f"&store={use.store_id}" if use.store_id else ""
        address = reverse("coupon_scan", args=[request.merchant.slug])
        return redirect(request, f"{address}?use={use.pk}{store}")
    focus.on_first_problem(form)
    context = {"code": grant.code, "find": _find(0), "result": None, "is_unknown": False}
    return invalid(request, PAGE, FORM, {**context, **offer(grant, form=form)})


def _redeem(request: MerchantRequest, form: RedeemForm, grant: CouponGrant) -> CouponUse | None:
    """None: it is not possible, and the form says why."""
    said = form.cleaned_data
    bill = redeeming.Bill(
        order_fen=said["bill"],
        order_no=said["order_no"],
        times=said.get("times", 1),
        store=said.get("store"),
        channel=CouponUse.Channel.ALIPAY if said["trade_no"] else CouponUse.Channel.OTHER,
        trade_no=said["trade_no"],
        items=form.items,
    )
    number = number_of(said["form_token"])
    try:
        use = redeeming.redeem(grant, bill, request_no=number, by=request.user, at=timezone.now())
    except NotPossible as refused:
        form.add_error(None, told(refused.code))
        return None
    except KeyReused:  # the same form twice at once
        return sent_before(form, grant, CouponUse.Kind.REDEEM)
    return use_calls.make_now(use, seconds=settings.COUPON_USE_WAIT_SECONDS)


USE_RELATED = (
    "grant__coupon",
    "grant__customer",
    "entry",
    "call",
    "store",
    "mini_program",
)


def result_of(use: CouponUse) -> dict[str, Any]:
    is_open = use.state == UseState.PENDING
    undo = use.entry if use.kind == CouponUse.Kind.REDEEM else None
    return {
        "use": use,
        "sentence": sentence_of(use),
        "left": left_words(use.grant),
        "is_open": is_open,
        "poll_seconds": poll_seconds(use.created_at, at=timezone.now()),
        "may_undo": undo is not None and returning.left_of(undo) > 0,
    }


def offer(grant: CouponGrant, *, form: RedeemForm | None = None, store: int = 0) -> dict[str, Any]:
    """What the coupon is good for, and the form, or why it cannot be used now."""
    why = redeeming.hindrance(grant, at=timezone.now(), order_no=grant.reserved_for)
    stores = tuple(grant.coupon.stores.order_by("name").values_list("name", flat=True))
    return {
        "grant": grant,
        "ticket": words.ticket(grant.coupon, stores),
        "left": left_words(grant),
        "hindrance": told(why) if why else "",
        "form": form or RedeemForm(grant=grant, initial=_usual(grant, store)),
    }


def _usual(grant: CouponGrant, store: int) -> dict[str, Any]:
    """An order that holds it is the one that uses it."""
    return {"store": store or None, "times": 1, "order_no": grant.reserved_for}


def _find(store: int) -> CodeForm:
    """Empty, also after a code that nobody knows: a scanner writes the next one into it."""
    return CodeForm(initial={"store": store or None})


def _focus_code(context: dict[str, Any]) -> None:
    """The field is ready for the next code, unless a bill has to be written first."""
    form = context.get("form")
    if form is not None and not context["hindrance"]:
        form.fields["bill"].widget.attrs["autofocus"] = True
    else:
        context["find"].fields["code"].widget.attrs["autofocus"] = True


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
