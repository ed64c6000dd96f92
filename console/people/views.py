"""One person: every message with what let it pass or stopped it, consent, and what the person asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import FileResponse, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page
from console.coupons.alert_words import standing_context
from console.coupons.giving_words import grant_words
from console.htmx import answer, invalid, redirect, toast
from console.lists import keyset_page
from console.orders.rows import Row, rows_of
from console.people import export
from console.people.forms import AskForm, FindForm, ForgetForm
from coupons.held_answers import may_decide
from coupons.models import CouponGrant
from coupons.run_reports import held_by
from membership import customers
from membership.models import Customer
from messaging import person as reports
from messaging.month_books import archived_up_to
from orders.reports import changes_of, orders_of

PER_PAGE = 20
MOST_ORDERS = 5
MOST_COUPONS = 5


@require_safe
@merchant_page("people.view")
def people(request: MerchantRequest) -> HttpResponse:
    return render(
        request,
        "people/find.html",
        {"form": FindForm(merchant=request.merchant, mini_program=request.mini_program)},
    )


@require_POST
@merchant_page("people.view")
def people_find(request: MerchantRequest) -> HttpResponse:
    form = FindForm(request.POST, merchant=request.merchant, mini_program=request.mini_program)
    if form.is_valid() and form.found is not None:
        return redirect(request, "person", merchant=request.merchant.slug, customer_id=form.found.pk)
    focus.on_first_problem(form)
    return invalid(request, "people/find.html", "people/_find_form.html", {"form": form})


@require_safe
@merchant_page("people.view")
def person(request: MerchantRequest, customer_id: int) -> HttpResponse:
    return _page(request, _customer(request, customer_id), is_revealed=False)


@require_POST
@merchant_page("people.reveal")
def person_reveal(request: MerchantRequest, customer_id: int) -> HttpResponse:
    """The same page with the whole id; asking for it is an event."""
    customer = _customer(request, customer_id)
    customers.reveal(customer, by=request.user)
    response = _page(request, customer, is_revealed=True)
    response["Cache-Control"] = "no-store"
    return response


def _page(request: MerchantRequest, customer: Customer, *, is_revealed: bool) -> HttpResponse:
    at = timezone.now()
    keyset = keyset_page(request, reports.rows_of(customer), per_page=PER_PAGE)
    ask = AskForm(request.GET if request.GET.get("send") else None, customer=customer)
    told = reports.why(customer, ask.cleaned_data["send"], at=at) if ask.is_bound and ask.is_valid() else None
    context = {
        "customer": customer,
        "is_revealed": is_revealed,
        "consents": reports.consents_of(customer),
        "keyset": keyset,
        "messages_got": reports.messages_of(keyset.rows),
        "ask": ask,
        "told": told,
        "archived_up_to": archived_up_to(customer.mini_program),
        "orders": _orders(customer) if request.staff.can("orders.view") else [],
        "coupons": _coupons(customer) if request.staff.can("coupons.view") else None,
        **(standing_context(customer.pk) if request.staff.can("coupons.view") else {}),
        "at": at,
    }
    return render(request, "people/person.html", context)


def _coupons(customer: Customer) -> list[tuple[CouponGrant, str, bool]]:
    held = held_by(customer.pk, most=MOST_COUPONS)
    return [(grant, grant_words(grant), may_decide(grant)) for grant in held]


def _orders(customer: Customer) -> list[Row]:
    newest = orders_of(customer, most=MOST_ORDERS)
    return rows_of(newest, changes_of(newest))


Move = Callable[[Customer, MerchantRequest], bool]
MOVES: Mapping[str, tuple[Move, str | Promise]] = {
    "do_not_send": (
        lambda customer, request: customers.set_do_not_send(customer, by=request.user, at=timezone.now()),
        gettext_lazy("On the do-not-send list. From now on every send leaves this person out."),
    ),
    "send_again": (
        lambda customer, request: customers.clear_do_not_send(customer, by=request.user),
        gettext_lazy("Taken off the do-not-send list. Consent still decides."),
    ),
    "opt_out": (
        lambda customer, request: customers.set_profiling_opt_out(
            customer, by=request.user, at=timezone.now()
        ),
        gettext_lazy("Noted. Audiences that a rule picks leave this person out."),
    ),
    "opt_in": (
        lambda customer, request: customers.clear_profiling_opt_out(customer, by=request.user),
        gettext_lazy("Noted. Rules may pick this person again."),
    ),
}


@require_POST
@merchant_page("people.edit")
def person_mark(request: MerchantRequest, customer_id: int) -> HttpResponse:
    """What the person asked for. The same wish twice changes nothing."""
    customer = _customer(request, customer_id)
    if request.POST.get("wish") not in MOVES:
        return HttpResponseBadRequest("unknown wish")
    move, said = MOVES[request.POST["wish"]]
    if customer.forgotten_at is None and move(customer, request):
        toast(request, str(said))
    return redirect(request, "person", merchant=request.merchant.slug, customer_id=customer.pk)


@require_POST
@merchant_page("people.export")  # type: ignore[arg-type]  # the guard passes any response through
def person_export(request: MerchantRequest, customer_id: int) -> FileResponse:
    """A ZIP of all that is kept about the person, in the language of who asks."""
    customer = _customer(request, customer_id)
    customers.tell_export(customer, by=request.user)
    file = export.write_zip(customer, at=timezone.now())
    response = FileResponse(file, as_attachment=True, filename=f"person-{customer.pk}.zip")
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("people.forget")
def person_forget(request: MerchantRequest, customer_id: int) -> HttpResponse:
    customer = _customer(request, customer_id)
    form = ForgetForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        if customers.forget(customer, by=request.user, at=timezone.now()):
            toast(request, _("Erased. What is left counts in the books and names nobody."))
        return redirect(request, "person", merchant=request.merchant.slug, customer_id=customer.pk)
    focus.on_first_problem(form)
    context: dict[str, Any] = {"customer": customer, "form": form}
    respond = invalid if request.method == "POST" else answer
    return respond(request, "people/forget.html", "people/_forget_form.html", context)


def _customer(request: MerchantRequest, customer_id: int) -> Customer:
    rows = Customer.objects.for_merchant(request.merchant).select_related("mini_program", "merchant")
    found: Customer = get_object_or_404(rows, pk=customer_id)
    return found
