"""Statuses of orders that were told, kept back and still wait, for the pages of figures."""

from django.utils import timezone

from messaging.recall import order_visits
from orders import rollups
from tests import build_orders
from tests.browser.scenes import Scenes

RETURNED = (
    ("APPROVAL", "synced", ""),
    ("APPROVAL", "synced", ""),
    ("IN_DELIVERY", "synced", ""),
    ("IN_DELIVERY", "not_notified", "fields_missing"),
    ("IN_THE_LEASE", "pending", ""),
    ("FINISHED", "synced", ""),
)


def order_statuses(scenes: Scenes) -> str:
    order_figures(scenes)
    return "orders/statuses/"


def order_figures(scenes: Scenes) -> str:
    app = scenes.house.app
    for status, state, cause in RETURNED:
        order = build_orders.order(app)
        build_orders.change(order, status, state=state, cause=cause)
        if state == "synced" and status != "FINISHED":
            rollups.first_told(order)
            order_visits.count([order_visits.Came(order.pk, status == "IN_DELIVERY", timezone.now())])
    return "orders/figures/?days=7"
