"""Keep the filters of a list under a name, rename, share, delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.lists import FilterForm
from console.messaging.sends.forms import SendFilters
from merchants import saved_views
from merchants.models import Merchant, SavedView

PAGE, PARTIAL = "saved_views/view.html", "saved_views/_view.html"


@dataclass(frozen=True)
class List:
    """A list that has views: its URL name, what it is called, and its filters."""

    url_name: str
    label: str | Promise
    filters: Callable[[Merchant, QueryDict], FilterForm]


LISTS = {"sends": List("sends", gettext_lazy("Batch sends"), SendFilters)}


class ViewForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the view"), max_length=40)
    is_shared = forms.BooleanField(
        label=gettext_lazy("Share it with the team"),
        required=False,
        help_text=gettext_lazy("Everybody at this merchant sees the tab; only you can change it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.view")
def view_new(request: MerchantRequest, page: str) -> HttpResponse:
    """The filters stand in the address; what the list does not know of them is left out."""
    listing = _list(page)
    filters = listing.filters(request.merchant, request.GET)
    form = ViewForm(request.POST if request.method == "POST" else None)
    context = {"listing": listing, "filters": filters, "form": form, "view": None}
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, context)
    if not filters.query:
        form.add_error(None, _("There is no filter to keep. Choose one on the list first."))
    if form.is_valid():
        try:
            saved_views.keep(
                merchant=request.merchant,
                by=request.user,
                page=page,
                name=form.cleaned_data["name"],
                query=filters.query,
                is_shared=form.cleaned_data["is_shared"],
            )
        except saved_views.NameTaken:
            form.add_error("name", _("You have a view of this name. Choose another one."))
        except saved_views.TooMany:
            words = _("You have %(n)s views here, which is the most. Delete one first.")
            form.add_error(None, words % {"n": saved_views.MOST})
        else:
            toast(request, _("View saved."))
            return redirect(request, f"{_address(request, listing)}?{filters.query}")
    return invalid(request, PAGE, PARTIAL, context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.view")
def view_edit(request: MerchantRequest, view_id: int) -> HttpResponse:
    view = _own(request, view_id)
    listing = _list(view.page)
    first = {"name": view.name, "is_shared": view.is_shared}
    form = ViewForm(request.POST if request.method == "POST" else None, initial=first)
    filters = listing.filters(request.merchant, QueryDict(view.query))
    context = {"listing": listing, "filters": filters, "form": form, "view": view}
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, context)
    if form.is_valid():
        try:
            saved_views.change(view, **form.cleaned_data)
        except saved_views.NameTaken:
            form.add_error("name", _("You have a view of this name. Choose another one."))
        else:
            toast(request, _("View saved."))
            return redirect(request, f"{_address(request, listing)}?{view.query}")
    return invalid(request, PAGE, PARTIAL, context)


@require_POST
@merchant_page("sends.view")
def view_delete(request: MerchantRequest, view_id: int) -> HttpResponse:
    view = _own(request, view_id)
    saved_views.drop(view)
    toast(request, _("View deleted. The list is unchanged."))
    return redirect(request, _address(request, _list(view.page)))


def _list(page: str) -> List:
    if page not in LISTS:
        raise Http404("no such list")
    return LISTS[page]


def _address(request: MerchantRequest, listing: List) -> str:
    return reverse(listing.url_name, args=[request.merchant.slug])


def _own(request: MerchantRequest, view_id: int) -> SavedView:
    rows = SavedView.objects.for_merchant(request.merchant).filter(owner=request.user)
    found: SavedView = get_object_or_404(rows, pk=view_id)
    return found
