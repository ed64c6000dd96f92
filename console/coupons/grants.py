"""Who has a coupon, as a list; one of them with every movement of it; and a use given back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page, show_mini_program
from console.coupons import words
from console.coupons.alert_words import standing_context
from console.coupons.giving_words import grant_words
from console.coupons.lookup import coupon_of
from console.coupons.plan_figures import names_of
from console.coupons.use_forms import RevertForm, number_of, sent_before
from console.coupons.use_words import left_words, sentence_of, state_sentence, told
from console.htmx import answer, invalid, redirect, toast
from console.lists import FilterForm, keyset_page
from console.states import GRANT
from coupons import finding, held_answers, returning, use_calls, use_reports
from coupons.ledger import KeyReused, NotPossible
from coupons.models import Coupon, CouponGrant, CouponUse, GrantEntry, Placement
from coupons.models.grant import GrantState
from coupons.models.placement import Booth
from coupons.models.use import UseState
from merchants.models import Store
from messaging.models import CarriedClaim

PER_PAGE = 50
MOST = 50  # plans and stores to choose from
NONE = "none"
REVERT, REVERT_FORM = "coupons/revert.html", "coupons/_revert_form.html"


class GrantFilters(FilterForm):
    state = forms.ChoiceField(
        label=gettext_lazy("Status"),
        choices=[("", gettext_lazy("All")), *((str(one), GRANT[one].word) for one in GrantState.values)],
    )
    plan = forms.ChoiceField(label=gettext_lazy("Claimed after a message"))
    store = forms.ChoiceField(label=gettext_lazy("Used in the store"))
    used = forms.ChoiceField(
        label=gettext_lazy("Uses"), choices=[("", gettext_lazy("All")), ("1", gettext_lazy("Used and kept"))]
    )

    def __init__(self, data: Any, *, coupon: Coupon) -> None:
        self.coupon = coupon
        super().__init__(data)

    def offer(self) -> None:
        """Where no plan puts it into messages and there is no store, there is nothing to choose."""
        plans = list(
            Placement.objects.for_merchant(self.coupon.merchant)
            .filter(coupon=self.coupon, booth=Booth.SERVICE_MESSAGE)
            .order_by("-id")[:MOST]
        )
        stores = list(Store.objects.for_merchant(self.coupon.merchant).order_by("name")[:MOST])
        names = names_of(self.coupon.merchant, plans) if plans else {}
        offered = {
            "plan": [(str(one.pk), _plan_words(one, names)) for one in plans],
            "store": [(str(one.pk), one.name) for one in stores],
        }
        for name, choices in offered.items():
            rest = (NONE, _("None, or not joined yet") if name == "plan" else _("Nobody told the store"))
            field: Any = self.fields[name]
            field.choices = [("", _("All")), *choices, rest]
            if not choices:
                del self.fields[name]

    def narrow(self, rows: QuerySet[CouponGrant]) -> QuerySet[CouponGrant]:
        plan, store = self.applied.get("plan"), self.applied.get("store")
        if plan:
            claims = CarriedClaim.objects.filter(grant=OuterRef("pk"))
            joined = Exists(claims if plan == NONE else claims.filter(placement=plan))
            rows = rows.filter(~joined if plan == NONE else joined)
        if store:
            rows = use_reports.used_in(rows, None if store == NONE else int(store))
        return rows.filter(used_times__gt=0) if self.applied.get("used") else rows


def _plan_words(plan: Placement, names: dict[str, str]) -> str:
    name = names.get(plan.template_ref, plan.template_ref)
    return f"{name} · {plan.begins_at:%m-%d} ～ {plan.ends_at:%m-%d}"


@require_safe
@merchant_page("coupons.view")
def coupon_grants(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    """Newest first."""
    coupon = coupon_of(request, coupon_id)
    filters = GrantFilters(request.GET, coupon=coupon)
    rows = use_reports.held_of(coupon, state=filters.applied.get("state", ""))
    keyset = keyset_page(request, filters.narrow(rows), per_page=PER_PAGE)
    context = {
        "coupon": coupon,
        "filters": filters,
        "keyset": keyset,
        "rows": [(grant, grant_words(grant)) for grant in keyset.rows],
    }
    return render(request, "coupons/grants.html", context)


@require_safe
@merchant_page("coupons.view")
def coupon_grant(request: MerchantRequest, grant_id: int) -> HttpResponse:
    grant = grant_of(request, grant_id)
    movements = use_reports.movements_of(grant)
    open_uses = use_reports.asked_of(grant)
    is_late = use_reports.came_back_late(grant, movements)
    context = {
        "grant": grant,
        "coupon": grant.coupon,
        "state": "reverted_late" if is_late else grant.state,
        "ticket": words.ticket(grant.coupon),
        "left": left_words(grant),
        "sentence": state_sentence(grant, at=timezone.now()) or grant_words(grant),
        "movements": movements,
        "asked": [(use, sentence_of(use)) for use in open_uses],
        "may_return": not returning.hindrance(grant),
        "may_decide": held_answers.may_decide(grant),
        **standing_context(grant.customer_id),
    }
    return render(request, "coupons/grant.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.redeem")
def coupon_use_revert(request: MerchantRequest, entry_id: int) -> HttpResponse:
    """Confirmed on a page of its own; the same form twice gives back once."""
    entries = GrantEntry.objects.for_merchant(request.merchant).filter(kind=GrantEntry.Kind.REDEEMED)
    related = ("grant__coupon", "grant__customer", "grant__mini_program__merchant", "store")
    entry = get_object_or_404(entries.select_related(*related), pk=entry_id)
    show_mini_program(request, entry.grant.mini_program)
    most = returning.left_of(entry)
    form = RevertForm(request.POST if request.method == "POST" else None, most=max(1, most))
    why = returning.hindrance(entry.grant)
    context: dict[str, Any] = {
        "entry": entry,
        "grant": entry.grant,
        "form": form,
        "is_late": entry.grant.ends_at is not None and entry.grant.ends_at < timezone.now(),
        "hindrance": told(why) if why else "" if most else _("All of it was given back."),
    }
    if request.method != "POST":
        return answer(request, REVERT, REVERT_FORM, context)
    use = sent_before(form, entry.grant, CouponUse.Kind.REVERT)
    if use is None and form.is_valid():
        use = _give_back(request, form, entry)
    if use is not None:
        if use.state == UseState.ACCEPTED:
            toast(request, sentence_of(use))
        return redirect(request, "coupon_grant", merchant=request.merchant.slug, grant_id=entry.grant_id)
    focus.on_first_problem(form)
    return invalid(request, REVERT, REVERT_FORM, context)


def _give_back(request: MerchantRequest, form: RevertForm, entry: GrantEntry) -> CouponUse | None:
    said = form.cleaned_data
    try:
        use = returning.give_back(
            entry,
            request_no=number_of(said["form_token"]),
            times=said.get("times"),
            paid_back_fen=said["paid_back"],
            by=request.user,
            at=timezone.now(),
        )
    except NotPossible as refused:
        form.add_error(None, told(refused.code))
        return None
    except KeyReused:  # the same form twice at once
        return sent_before(form, entry.grant, CouponUse.Kind.REVERT)
    return use_calls.make_now(use, seconds=settings.COUPON_USE_WAIT_SECONDS)


@require_POST
@merchant_page("unknown.decide")
def coupon_use_ask(request: MerchantRequest, use_id: int) -> HttpResponse:
    """Of a use whose outcome nobody knows: the platform is asked again under the same number."""
    rows = CouponUse.objects.for_merchant(request.merchant).select_related("grant")
    use = get_object_or_404(rows, pk=use_id)
    if use_calls.ask_again(use, by=request.user):
        now = use_calls.make_now(use_calls.fresh(use), seconds=settings.COUPON_USE_WAIT_SECONDS)
        toast(request, sentence_of(now))
    return redirect(request, "coupon_grant", merchant=request.merchant.slug, grant_id=use.grant_id)


def grant_of(request: MerchantRequest, grant_id: int) -> CouponGrant:
    rows = CouponGrant.objects.for_merchant(request.merchant).select_related(*finding.RELATED, "call")
    found: CouponGrant = get_object_or_404(rows, pk=grant_id)
    show_mini_program(request, found.mini_program)
    return found
