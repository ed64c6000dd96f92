"""An order as a call brings it: read, and refused for what is wrong whatever this platform knows of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from simulator.clock import BEIJING
from simulator.codes import Refusal
from simulator.reading import json_object
from simulator.scenes import SCENES, Scene, Status

INVALID = "INVALID_PARAMETER"
SERVICE_ORDER = "SERVICE_ORDER"
# SIM: the platform publishes no limit of its own.
MAX_NUMBER_CHARS = 64
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})?")
_YUAN = re.compile(r"\d{1,15}(?:\.\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Returned:
    """One order with one status; times are milliseconds since 1970, `modified` is as it was written."""

    out_biz_no: str
    scene: Scene
    status: Status
    created_ms: int
    modified_ms: int
    modified: str
    link: str
    trade_no: str
    info: dict[str, str]
    item: str


def returned(biz: dict[str, Any], app_id: str) -> Returned:
    """Raises Refusal."""
    number = biz.get("out_biz_no")
    if not isinstance(number, str) or not number:
        raise Refusal(INVALID, "业务订单号不能为空")
    if len(number) > MAX_NUMBER_CHARS:
        raise Refusal(INVALID, f"业务订单号超过 {MAX_NUMBER_CHARS} 个字符")
    if biz.get("order_type") != SERVICE_ORDER:
        raise Refusal(INVALID, f"order_type 需为 {SERVICE_ORDER}")
    created, modified = (_moment(biz, f"order_{what}_time") for what in ("create", "modified"))
    if modified <= created:
        raise Refusal(INVALID, "业务修改时间不能早于业务创建时间")
    _check_amounts(biz)
    facts = key_values(biz.get("ext_info"))
    if facts.get("tiny_app_id", app_id) != app_id:
        raise Refusal("TINY_APP_ID_ILLEGAL")
    scene, status = _status(facts)
    return Returned(
        number, scene, status, created, modified, str(biz["order_modified_time"]),
        link=facts.get("merchant_order_link_page", ""),
        trade_no=_trade_no(biz),
        info=_business_info(facts),
        item=_first_item(biz.get("item_order_list")),
    )  # fmt: skip


def named_in(biz: dict[str, Any]) -> tuple[str | None, str | None, str | None, str | None]:
    """(buyer, number, modified time, status) as the caller wrote them; None for what is no text."""
    facts = biz.get("ext_info")
    pairs = [one for one in facts if isinstance(one, dict)] if isinstance(facts, list) else []
    status = [one.get("ext_value") for one in pairs if one.get("ext_key") == "merchant_order_status"]
    return (
        _text(biz.get("buyer_open_id") or biz.get("buyer_id")),
        _text(biz.get("out_biz_no")),
        _text(biz.get("order_modified_time")),
        _text(status[-1] if status else None),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def key_values(ext_info: Any) -> dict[str, str]:
    """A list of {ext_key, ext_value}; an object, or the text of one, is refused."""
    if ext_info in (None, []):
        return {}
    if not isinstance(ext_info, list):
        raise Refusal(INVALID, "ext_info 需为 ext_key 与 ext_value 的列表")
    facts = {}
    for pair in ext_info:
        key, value = (pair.get("ext_key"), pair.get("ext_value")) if isinstance(pair, dict) else (None, None)
        if not isinstance(key, str) or not isinstance(value, str):
            raise Refusal(INVALID, "ext_info 的 ext_key 与 ext_value 需为字符串")
        facts[key] = value
    return facts


def _status(facts: dict[str, str]) -> tuple[Scene, Status]:
    biz_type, code = facts.get("merchant_biz_type"), facts.get("merchant_order_status")
    if not code:
        raise Refusal(INVALID, "服务订单订单状态不可空")
    if not biz_type:
        raise Refusal(INVALID, "缺少必填属性：ext_info.merchant_biz_type")
    scene = SCENES.get(biz_type)
    if scene is None:
        raise Refusal(INVALID, "merchant_biz_type 不合法")
    status = scene.status(code)
    if status is None:
        raise Refusal(INVALID, "订单状态不合法")
    return scene, status


def _moment(biz: dict[str, Any], name: str) -> int:
    text = biz.get(name)
    if text in (None, ""):
        raise Refusal(INVALID, f"缺少必填属性：{name}")
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise Refusal(INVALID, f"{name} 格式错误")
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=BEIJING)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Refusal(INVALID, f"{name} 格式错误") from None


def _check_amounts(biz: dict[str, Any]) -> None:
    amount, paid, discount = (_yuan(biz, name) for name in ("amount", "pay_amount", "discount_amount"))
    if amount is None or (paid is None and discount is None):
        return
    if amount != (paid or Decimal(0)) + (discount or Decimal(0)):
        raise Refusal(INVALID, "订单金额不等于支付金额加优惠金额")


def _yuan(biz: dict[str, Any], name: str) -> Decimal | None:
    text = biz.get(name)
    if text in (None, ""):
        return None
    if not isinstance(text, str) or not _YUAN.fullmatch(text):
        raise Refusal("AMOUNT_ILLEGAL", f"{name} 不是以元为单位的金额")
    return Decimal(text)


def _trade_no(biz: dict[str, Any]) -> str:
    trade_no = biz.get("trade_no") or ""
    if not isinstance(trade_no, str):
        raise Refusal(INVALID, "trade_no 需为字符串")
    return trade_no


def _business_info(facts: dict[str, str]) -> dict[str, str]:
    """A JSON text of its own inside the fact, all values texts."""
    text = facts.get("business_info")
    if not text:
        return {}
    info = json_object(text)
    if info is None or not all(isinstance(value, str) for value in info.values()):
        raise Refusal(INVALID, "business_info 需为 JSON 字符串，且值均为字符串")
    return info


def _first_item(items: Any) -> str:
    """Its name; each item must have one."""
    if items in (None, []):
        return ""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refusal(INVALID, "item_order_list 格式错误")
    for item in items:
        if not isinstance(item.get("item_name"), str) or not item["item_name"].strip():
            raise Refusal(INVALID, "商品名称不能为空")
        key_values(item.get("ext_info"))
    return str(items[0]["item_name"])
