"""What the orders keep about one person, for the export the person may ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from membership.models import Customer
from merchants.personal import Cell, Column, Part
from orders.models import NamedInImport, Order, StatusChange

ORDERS = (
    Column("number", pgettext_lazy("order centre", "Order")),
    Column("trade_number", _("Trade number")),
    Column("scene", _("Scene")),
    Column("placed_at", _("Placed")),
    Column("amount_fen", _("Amount in fen")),
    Column("status", _("Status")),
    Column("kept", _("Kept beside the number")),
)
STATUSES = (
    Column("number", pgettext_lazy("order centre", "Order")),
    Column("status", _("Status")),
    Column("at", _("Time")),
    Column("sync", _("Sync")),
    Column("kept", _("Kept beside the number")),
)
FILES = (
    Column("file", _("File")),
    Column("uploaded_at", _("Uploaded")),
    Column("status", _("Status")),
)


def export_of(customer: Customer) -> list[Part]:
    """Never more than this customer's own rows; one query a part."""
    return [
        Part("orders", _("Orders"), ORDERS, _orders(customer)),
        Part("order-statuses", _("What each order's status was"), STATUSES, _statuses(customer)),
        Part("order-files", _("Files of orders that name this person"), FILES, _files(customer)),
    ]


def _orders(customer: Customer) -> Iterator[list[Cell]]:
    for order in Order.objects.filter(customer=customer).order_by("-order_created_at").iterator():
        beside = {
            "items": order.items,
            "shop": order.shop,
            "logistics": order.logistics,
            "fields": order.fields,
        }
        yield [
            order.out_biz_no,
            order.trade_no,
            order.scene,
            order.order_created_at,
            order.amount_fen,
            order.status,
            json.dumps(beside, ensure_ascii=False),
        ]


def _statuses(customer: Customer) -> Iterator[list[Cell]]:
    rows = StatusChange.objects.filter(order__customer=customer).select_related("order")
    for change in rows.order_by("order_id", "modified_at").iterator():
        yield [
            change.order.out_biz_no,
            change.status,
            change.modified_at,
            change.state,
            json.dumps(change.fields, ensure_ascii=False),
        ]


def _files(customer: Customer) -> Iterator[list[Cell]]:
    """Those that are still kept; once its orders are there, a file goes."""
    rows = NamedInImport.objects.filter(customer=customer).select_related("order_import")
    for named in rows.order_by("order_import").iterator():
        kept = named.order_import
        yield [kept.file_name, kept.created_at, kept.state]
