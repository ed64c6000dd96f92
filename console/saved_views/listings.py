"""The lists that have saved views: where each stands, what it is called, and its filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.lists import FilterForm
from console.messaging.sends.forms import PeopleFilters, SendFilters
from console.messaging.sends.lookup import address
from console.messaging.sends.people import reasons_of
from console.orders.forms import OrderFilters
from console.saved_views import places
from console.saved_views.places import Place
from merchants.models import Merchant
from messaging import reports
from messaging.models import BatchSend

Crumb = tuple[str | Promise, str]


@dataclass(frozen=True)
class Listing:
    """`crumbs`: words and address of each page above the view's, the list itself last."""

    place: Place
    crumbs: Sequence[Crumb]
    filters: Callable[[QueryDict], FilterForm]


def of_sends(merchant: Merchant) -> Listing:
    place = places.sends(merchant)
    crumbs: list[Crumb] = [(gettext_lazy("Batch sends"), place.address)]
    return Listing(place, crumbs, lambda query: SendFilters(merchant, query))


def of_orders(merchant: Merchant) -> Listing:
    place = places.orders(merchant)
    return Listing(place, [(gettext_lazy("Orders & sync"), place.address)], OrderFilters)


def of_people(batch: BatchSend) -> Listing:
    place = places.people(batch)
    reasons = reasons_of(reports.send_figures(batch.control, at=timezone.now()))
    crumbs: list[Crumb] = [
        (gettext_lazy("Batch sends"), places.sends(batch.merchant).address),
        (batch.name or _("Without a name"), address("send", batch)),
        (gettext_lazy("People of this send"), place.address),
    ]
    return Listing(place, crumbs, lambda query: PeopleFilters(reasons, query))
