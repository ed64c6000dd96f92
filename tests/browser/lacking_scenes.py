"""Orders whose status was taken without the fields of its message, for the pages that show them."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from orders.models import Order, StatusChange
from tests import build_orders
from tests.browser.scenes import Scenes

MISSING = "缺少必填属性 ext_info.business_info.courier_number,delivery_time"
KNOWN = {"total_rent": "897.00", "lease": "3", "thaw_deposit": "3000.00"}
SENT = {"delivery_time": "2026-11-21 08:50:00", "courier_number": "SF1478820365914"}


def lacking(tail: str = "") -> Callable[[Scenes], str]:
    """One of four: two others have their fields by now, one does not."""

    def find(scenes: Scenes) -> str:
        app = scenes.house.app
        had = Order.objects.filter(mini_program=app, out_biz_no="ZL251119004827").first()
        if had is None:
            had = _lacking(scenes, "ZL251119004827")
            for number in ("ZL251119004828", "ZL251119004829"):
                order = _lacking(scenes, number)
                Order.objects.filter(pk=order.pk).update(fields={**KNOWN, **SENT})
            _lacking(scenes, "ZL251119004830")
        return f"orders/{had.pk}/{tail}"

    return find


def _lacking(scenes: Scenes, number: str) -> Order:
    order = build_orders.order(scenes.house.app, out_biz_no=number, fields=KNOWN)
    at = timezone.now() - timedelta(hours=3)
    before = {"WAIT_PAY": "synced", "TO_SEND_GOODS": "synced"}
    for minute, (status, state) in enumerate(before.items()):
        made = build_orders.change(
            order, status, state=state, fields=KNOWN, modified_at=at + timedelta(minutes=minute)
        )
        StatusChange.objects.filter(pk=made.pk).update(
            received_at=made.modified_at, settled_at=made.modified_at + timedelta(seconds=3)
        )
    last = build_orders.change(
        order,
        "IN_DELIVERY",
        state="not_notified",
        words=MISSING,
        fields=KNOWN,
        modified_at=at + timedelta(hours=1),
        settled_at=at + timedelta(hours=1, seconds=4),
    )
    StatusChange.objects.filter(pk=last.pk).update(received_at=last.modified_at)
    Order.objects.filter(pk=order.pk).update(
        created_at=at - timedelta(minutes=2), synced_status="IN_DELIVERY", synced_at=last.modified_at
    )
    return order
