"""Keep the filters of a list under a name, rename, share, delete: of sends, and of the people of a send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends.lookup import send_of
from console.saved_views import listings
from console.saved_views.listings import Listing
from merchants import saved_views
from merchants.models import SavedView

PAGE, PARTIAL = "saved_views/view.html", "saved_views/_view.html"


class ViewForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the view"), max_length=40)
    is_shared = forms.BooleanField(
        label=gettext_lazy("Share it with the team"),
        required=False,
        help_text=gettext_lazy("Everybody at this merchant sees the tab; only you can change it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.view")
def view_new(request: MerchantRequest) -> HttpResponse:
    return _new(request, listings.of_sends(request.merchant))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.view")
def view_edit(request: MerchantRequest, view_id: int) -> HttpResponse:
    return _edit(request, listings.of_sends(request.merchant), view_id)


@require_POST
@merchant_page("sends.view")
def view_delete(request: MerchantRequest, view_id: int) -> HttpResponse:
    return _delete(request, listings.of_sends(request.merchant), view_id)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("orders.view")
def order_view_new(request: MerchantRequest) -> HttpResponse:
    return _new(request, listings.of_orders(request.merchant))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("orders.view")
def order_view_edit(request: MerchantRequest, view_id: int) -> HttpResponse:
    return _edit(request, listings.of_orders(request.merchant), view_id)


@require_POST
@merchant_page("orders.view")
def order_view_delete(request: MerchantRequest, view_id: int) -> HttpResponse:
    return _delete(request, listings.of_orders(request.merchant), view_id)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("deliveries.view")
def people_view_new(request: MerchantRequest, send_id: int) -> HttpResponse:
    return _new(request, listings.of_people(send_of(request, send_id)))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("deliveries.view")
def people_view_edit(request: MerchantRequest, send_id: int, view_id: int) -> HttpResponse:
    return _edit(request, listings.of_people(send_of(request, send_id)), view_id)


@require_POST
@merchant_page("deliveries.view")
def people_view_delete(request: MerchantRequest, send_id: int, view_id: int) -> HttpResponse:
    return _delete(request, listings.of_people(send_of(request, send_id)), view_id)


def _new(request: MerchantRequest, listing: Listing) -> HttpResponse:
    """The filters stand in the address; what the list does not know, or no view keeps, is left out."""
    kept = listing.filters(request.GET).query_to_keep
    form = ViewForm(request.POST if request.method == "POST" else None)
    context = _context(listing, kept, form)
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, context)
    if not kept:
        form.add_error(None, _("There is no filter to keep. Choose one on the list first."))
    if form.is_valid():
        try:
            saved_views.keep(
                merchant=request.merchant,
                by=request.user,
                page=listing.place.page,
                name=form.cleaned_data["name"],
                query=kept,
                is_shared=form.cleaned_data["is_shared"],
            )
        except saved_views.NameTaken:
            form.add_error("name", _("You have a view of this name. Choose another one."))
        except saved_views.TooMany:
            words = _("You have %(n)s views here, which is the most. Delete one first.")
            form.add_error(None, words % {"n": saved_views.MOST})
        else:
            toast(request, _("View saved."))
            return redirect(request, listing.place.showing(kept))
    return invalid(request, PAGE, PARTIAL, context)


def _edit(request: MerchantRequest, listing: Listing, view_id: int) -> HttpResponse:
    view = _own(request, listing, view_id)
    first = {"name": view.name, "is_shared": view.is_shared}
    form = ViewForm(request.POST if request.method == "POST" else None, initial=first)
    context = _context(listing, view.query, form, view)
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, context)
    if form.is_valid():
        try:
            saved_views.change(view, **form.cleaned_data)
        except saved_views.NameTaken:
            form.add_error("name", _("You have a view of this name. Choose another one."))
        else:
            toast(request, _("View saved."))
            return redirect(request, listing.place.showing(view.query))
    return invalid(request, PAGE, PARTIAL, context)


def _delete(request: MerchantRequest, listing: Listing, view_id: int) -> HttpResponse:
    saved_views.drop(_own(request, listing, view_id))
    toast(request, _("View deleted. The list is unchanged."))
    return redirect(request, listing.place.address)


def _context(listing: Listing, query: str, form: ViewForm, view: SavedView | None = None) -> dict[str, Any]:
    return {
        "crumbs": listing.crumbs,
        "filters": listing.filters(QueryDict(query)),
        "form": form,
        "view": view,
        "back_address": listing.place.showing(query),
        "delete_address": listing.place.delete_address(view) if view else "",
    }


def _own(request: MerchantRequest, listing: Listing, view_id: int) -> SavedView:
    rows = SavedView.objects.for_merchant(request.merchant).filter(owner=request.user)
    found: SavedView = get_object_or_404(rows, page=listing.place.page, pk=view_id)
    return found
