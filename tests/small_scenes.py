"""Two scenes of a few statuses, so that tests of orders do not hang on the tables of the real ones."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import cast

from orders.scenes import SCENES, Node, Scene

RENTAL = Scene(
    code="online_rental",
    name="线上租赁",
    biz_type="3C_RENT",
    common_fields=("total_rent",),
    nodes=(
        Node("APPLYING", "申请中"),
        Node("WAIT_PAY", "待支付", notifies=True, sentence="订单待支付"),
        Node("TO_SEND_GOODS", "待发货"),
        Node("IN_DELIVERY", "已发货", notifies=True, pushes=True, fields=("courier_number",)),
        Node("IN_THE_LEASE", "租赁中", notifies=True, pushes=True, fields=("receiving_time",)),
        Node("FINISHED", "已完成", moves=frozenset({"FINISHED"})),
    ),
)
RECYCLING = Scene(
    code="recycling",
    name="上门回收",
    biz_type="RECYCLE",
    nodes=(
        Node("RESERVED", "已预约", notifies=True, fields=("visit_time",)),
        Node("IN_DELIVERY", "已寄出", notifies=True, fields=("parcel",)),
    ),
)
FULL = {"total_rent": "897.00", "courier_number": "SF1", "receiving_time": "2026-11-21"}


@contextmanager
def instead() -> Iterator[None]:
    """The tables of the product come back as they were, in their order."""
    scenes = cast("MutableMapping[str, Scene]", SCENES)
    before = dict(scenes)
    scenes.clear()
    scenes.update({scene.code: scene for scene in (RENTAL, RECYCLING)})
    try:
        yield
    finally:
        scenes.clear()
        scenes.update(before)
