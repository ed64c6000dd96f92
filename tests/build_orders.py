"""Builder functions for the orders floor."""

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from membership.models import Customer
from merchants.models import MiniProgram, User
from orders.importing.columns import Layout
from orders.importing.tally import Tally
from orders.models import ChosenScene, Order, OrderImport, Source, StatusChange
from tests import build_messaging

_numbers = itertools.count(1)


def chosen(app: MiniProgram, *scenes: str) -> None:
    """New orders of these scenes are taken; without a name, rentals."""
    for scene in scenes or ("online_rental",):
        ChosenScene.objects.get_or_create(mini_program=app, scene=scene, defaults={"merchant": app.merchant})


def order(app: MiniProgram, *, customer: Customer | None = None, **fields: Any) -> Order:
    """A rental without any status yet."""
    return Order.objects.create(
        merchant=app.merchant,
        mini_program=app,
        customer=customer or build_messaging.people(app, 1)[0],
        **{
            "out_biz_no": f"R{next(_numbers):010d}",
            "scene": "online_rental",
            "page": "pages/order/detail",
            "order_created_at": timezone.now() - timedelta(days=1),
            "source": Source.API,
            **fields,
        },
    )


def order_import(app: MiniProgram, *, by: User | None = None, **fields: Any) -> OrderImport:
    """Checked, without its file."""
    return OrderImport.objects.create(
        merchant=app.merchant,
        mini_program=app,
        created_by=by,
        **{
            "scene": "online_rental",
            "state": OrderImport.State.CHECKED,
            "file_name": "orders.csv",
            "layout": Layout("csv", "utf-8", ",", ["out_biz_no"], ["out_biz_no"]).stored(),
            "form_token": uuid.uuid4(),
            "expected": Tally(rows=2, created=2, without=2).stored(),
            **fields,
        },
    )


def change(of: Order, status: str, *, modified_at: datetime | None = None, **fields: Any) -> StatusChange:
    """Waiting to be synced; the order's latest status follows it."""
    modified_at = modified_at or timezone.now()
    made = StatusChange.objects.create(
        merchant=of.merchant,
        order=of,
        status=status,
        modified_at=modified_at,
        **{"source": Source.API, **fields},
    )
    if of.status_at is None or modified_at > of.status_at:
        of.status, of.status_at = status, modified_at
        of.save(update_fields=["status", "status_at"])
    return made
