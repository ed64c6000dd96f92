"""The order centre (订单中心): one order for each app and out_biz_no, and the messages of its statuses.

A newer order_modified_time overwrites, the same one is refused as a repetition, an older one is taken and
changes nothing. A message goes out once for each order and status, where the status notifies and the order
brings every field that the message takes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.clock import beijing_day, iso_beijing
from simulator.codes import Refusal
from simulator.forms import Forms
from simulator.order_reading import INVALID, Returned
from simulator.records import Records
from simulator.scenes import SCENES, Status
from simulator.store import App, Store

PREFIX = "order"
STORED, OLDER = "stored", "older"
MISSING = "缺少必填属性 ext_info.business_info."
# SIM: only the reason of a missing field is published.
SAID_BEFORE = "该节点已发送过消息"
NOT_WANTED = "用户已关闭该商家的消息"


@dataclass(slots=True)
class Sync:
    """One return that was stored."""

    status: str
    modified: str
    at: float
    message_id: int | None
    not_distributed: list[str]


@dataclass(slots=True)
class Order:
    app_id: str
    out_biz_no: str
    order_id: str
    open_id: str
    biz_type: str
    status: str
    modified_ms: int
    link: str = ""
    trade_no: str = ""
    info: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    syncs: list[Sync] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.syncs = [one if isinstance(one, Sync) else Sync(**one) for one in self.syncs]

    @property
    def key(self) -> str:
        return f"{self.app_id}|{self.out_biz_no}"


@dataclass(frozen=True, slots=True)
class Kept:
    """`effect`: STORED, or OLDER where nothing was changed."""

    order: Order
    effect: str
    message_id: int | None = None
    not_distributed: tuple[str, ...] = ()


class OrderCentre:
    def __init__(self, records: Records, forms: Forms) -> None:
        self._records, self._forms = records, forms
        self._orders = records.take(PREFIX, Order)
        self._of_trade = {
            (one.app_id, one.trade_no): one.out_biz_no for one in self._orders.values() if one.trade_no
        }

    def find(self, app_id: str, out_biz_no: str) -> Order | None:
        return self._orders.get(f"{app_id}|{out_biz_no}")

    def of_app(self, app_id: str) -> Iterator[Order]:
        """In the order of their first return."""
        return (one for one in self._orders.values() if one.app_id == app_id)

    def take(self, store: Store, app: App, open_id: str, wish: Returned, *, at: float | None = None) -> Kept:
        """Raises Refusal, and has then changed nothing. `at`: Unix seconds of a past; None: now."""
        order = self.find(app.app_id, wish.out_biz_no)
        if order is not None:
            if wish.modified_ms == order.modified_ms:
                raise Refusal(INVALID, "短时间内重复请求，幂等拦截")
            if wish.modified_ms < order.modified_ms:
                return Kept(order, OLDER)
            _check_against(order, open_id, wish)
        self._check_trade(app, open_id, wish)
        if order is None:
            number = store.derived("order", app.app_id, wish.out_biz_no)[:15]
            order_id = f"20261122{int(number, 16) % 10**20:020d}"
            order = Order(app.app_id, wish.out_biz_no, order_id, open_id, wish.scene.biz_type, "", 0)
        return self._keep(store, app, order, wish, at=at)

    def _check_trade(self, app: App, open_id: str, wish: Returned) -> None:
        """SIM: a trade that was not made here is believed."""
        if not wish.trade_no:
            return
        if self._of_trade.get((app.app_id, wish.trade_no), wish.out_biz_no) != wish.out_biz_no:
            raise Refusal(INVALID, "交易号已存在于另外一笔订单中")
        buyer = self._forms.buyer_of(wish.trade_no)
        if buyer is not None and buyer != (app.app_id, open_id):
            raise Refusal(INVALID, "订单买家与交易买家不一致")

    def _keep(self, store: Store, app: App, order: Order, wish: Returned, *, at: float | None) -> Kept:
        order.status, order.modified_ms = wish.status.code, wish.modified_ms
        order.link = order.link or wish.link
        order.info = {**order.info, **wish.info}
        if wish.trade_no:
            order.trade_no = wish.trade_no
            self._of_trade[app.app_id, wish.trade_no] = order.out_biz_no
        message_id, reasons = None, _reasons(app, order, wish)
        if wish.status.notifies and not reasons:
            order.told.append(wish.status.code)
            message_id = _message(store, order, wish, at=at)
        moment = store.clock.now() if at is None else at
        order.syncs.append(Sync(wish.status.code, wish.modified, moment, message_id, reasons))
        self._orders[order.key] = order
        self._records.put(PREFIX, order.key, order)
        return Kept(order, STORED, message_id, tuple(reasons))


def _check_against(order: Order, open_id: str, wish: Returned) -> None:
    """What may not differ from what is held, and whether the status may follow."""
    if wish.scene.biz_type != order.biz_type:
        raise Refusal(INVALID, "幂等失败（存在不同 subBizType）")
    if open_id != order.open_id:
        raise Refusal("BUYER_INFO_ERROR", "订单买家不可更改")
    if order.link and wish.link and wish.link != order.link:
        raise Refusal("MERCHANT_LINK_EXIST")
    if order.trade_no and wish.trade_no and wish.trade_no != order.trade_no:
        raise Refusal("TRADE_NO_NOT_MATCH")
    for name in wish.scene.fixed:
        if name in order.info and wish.info.get(name, order.info[name]) != order.info[name]:
            raise Refusal(INVALID, f"business_info 中的 {name} 已设置不可更改")
    if not wish.scene.follows(order.status, wish.status.code):
        raise Refusal(INVALID, "订单状态乱序")


def _reasons(app: App, order: Order, wish: Returned) -> list[str]:
    """Why the message of this status does not go out; of a status that has none there is nothing to say."""
    if not wish.status.notifies:
        return []
    if wish.status.code in order.told:
        return [SAID_BEFORE]
    missing = [f"{MISSING}{name}" for name in wish.status.needs if not wish.info.get(name, "").strip()]
    if missing:
        return missing
    return [NOT_WANTED] if app.people[order.open_id].rejects else []


def _message(store: Store, order: Order, wish: Returned, *, at: float | None) -> int:
    """Into the inbox, beside the template messages; it spends nothing and counts for no fatigue."""
    pairs = {"订单状态": wish.status.name, "商品": wish.item, "订单编号": order.out_biz_no}
    data = json.dumps({name: {"value": value} for name, value in pairs.items() if value}, ensure_ascii=False)
    message_id, moment = store.next_id("messages"), store.clock.now() if at is None else at
    template_id = f"{PREFIX}/{order.biz_type}/{wish.status.code}"
    row = (
        message_id, order.app_id, order.open_id, template_id, data, order.link, moment,
        beijing_day(moment), int(at is not None),
    )  # fmt: skip
    store.disk.put("messages", message_id, row)
    return message_id


def status_of(template_id: str) -> Status | None:
    """Of an order's message; None for a message of a template."""
    prefix, _, rest = template_id.partition("/")
    biz_type, _, code = rest.rpartition("/")
    scene = SCENES.get(biz_type) if prefix == PREFIX else None
    return scene.status(code) if scene is not None else None


def reference_of(template_id: str) -> str:
    """What a plan names to be carried by these messages. SIM: of an order's, `<biz_type>:<status>`."""
    if status_of(template_id) is None:
        return template_id
    return template_id.removeprefix(f"{PREFIX}/").replace("/", ":")


def has_messages(reference: str) -> bool:
    """Whether it is the reference of an order's message."""
    biz_type, _, code = reference.partition(":")
    status = status_of(f"{PREFIX}/{biz_type}/{code}")
    return status is not None and status.notifies


_SHOWN = ("out_biz_no", "order_id", "open_id", "biz_type", "status", "link", "trade_no", "info")


def shown(order: Order) -> dict[str, object]:
    """For the control API."""
    return {
        **{
            name: getattr(order, name) for name in ("out_biz_no", "order_id", "open_id", "biz_type", "status")
        },
        **{name: getattr(order, name) for name in ("link", "trade_no", "info")},
        "syncs": [
            {
                "status": one.status,
                "order_modified_time": one.modified,
                "at": iso_beijing(one.at),
                "message_id": one.message_id,
                "not_distributed": one.not_distributed,
            }
            for one in order.syncs
        ],
    }
