"""Files of orders, for the pages that show them: the house's own workers check and import them."""

import csv
import io
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.test import override_settings
from django.utils import timezone

from orders.choosing import choose
from orders.importing import files
from orders.models import OrderImport
from tests.browser.house import wait_for
from tests.browser.scenes import Scenes

HEADER = (
    "订单号",
    "买家open_id",
    "订单详情页",
    "下单时间",
    "订单状态",
    "状态变更时间",
    "总租金",
    "租期",
    "客服备注",
)
BUYERS = 20
STATUSES = ("APPLYING", "WAIT_PAY", "IN_DELIVERY")


def content(buyers: Sequence[str]) -> bytes:
    """An order for each with three statuses; some repeated, some that cannot be read."""
    placed = timezone.now() - timedelta(days=2)
    mark = uuid.uuid4().hex[:6]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for number, known in enumerate(buyers):
        buyer = known if number % 13 else "short"
        for step, status in enumerate(STATUSES):
            at = f"{placed + timedelta(minutes=step + 1):%Y-%m-%d %H:%M:%S}" if number % 17 else "昨天"
            cells = (f"DD{mark}{number:05d}", buyer, "pages/order/detail", f"{placed:%Y-%m-%d %H:%M:%S}")
            writer.writerow([*cells, status, at, "897.00", "3 个月", ""])
            if number % 11 == 5:
                writer.writerow([*cells, status, at, "897.00", "3 个月", ""])
    return text.getvalue().encode("utf-8-sig")


def new_import(scenes: Scenes) -> str:
    """With a scene to choose, and imports that went before."""
    an_import("checked")(scenes)
    return "orders/import/"


def an_import(state: str) -> Callable[[Scenes], str]:
    """`checked` waits for a yes; `done` is through."""

    def find(scenes: Scenes) -> str:
        key = ("order_import", state)
        if key not in scenes.kept:
            scenes.kept[key] = made(scenes, state).pk
        return f"orders/import/{scenes.kept[key]}/"

    return find


def made(scenes: Scenes, state: str) -> OrderImport:
    choose(scenes.house.app, "online_rental", by=scenes.by)
    buyers = [str(one.open_id) for one in scenes.without_consent(BUYERS)]
    with override_settings(MEDIA_ROOT=scenes.house.var / "uploads"):
        found = files.receive(
            mini_program=scenes.house.app,
            scene="online_rental",
            file=io.BytesIO(content(buyers)),
            file_name="订单导出 11 月.csv",
            by=scenes.by,
            form_token=uuid.uuid4(),
        )
    reach(found, OrderImport.State.CHECKED)
    if state == OrderImport.State.DONE:
        with override_settings(MEDIA_ROOT=scenes.house.var / "uploads"):
            assert files.start_import(found, by=scenes.by)
        reach(found, OrderImport.State.DONE)
    return found


def reach(found: OrderImport, state: str) -> None:
    def is_there() -> bool:
        found.refresh_from_db()
        return found.state == state

    wait_for(is_there, 60, f"the file of orders to be {state}")
