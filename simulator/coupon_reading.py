"""The terms of a coupon out of a call: of each fact the older and the newer field are read, the newer first.

What is wrong whatever this platform holds is refused here, by INVALID_PARAMETER with a sentence of its own;
the sentences are SIM, as the platform publishes none.
"""

import re
from decimal import Decimal
from typing import Any

from simulator.codes import Refusal
from simulator.coupon_terms import (
    ABSOLUTE,
    API,
    BACKWARD,
    BRAND,
    DISCOUNT,
    EXCHANGE,
    FIX,
    FORWARD,
    LIFE_CYCLE,
    MAX_MERCHANT_QUANTITY,
    MAX_NAME_CHARS,
    MAX_PAY_QUANTITY,
    MAX_SPAN_SECONDS,
    MERCHANT,
    NO_CASH,
    PAY,
    PERIODS,
    RECHARGE,
    RELATIVE,
    SPECIAL,
    TYPES,
    UPLOAD,
    Terms,
    publish_days,
    read_time,
)

INVALID = "INVALID_PARAMETER"
MODES = ("SELF_MODE", "AGENCY_MODE")
SEND_MODES = ("DIRECT_SEND_MODE", "SALE_MODE", "VOUCHER_PACKAGE")
EXCHANGE_KINDS = ("GROUP_BUY_EXCHANGE_VOUCHER", "FIX_EXCHANGE_VOUCHER")
MAX_OUT_BIZ_NO_CHARS = 64
_SEND = "voucher_send_mode_info.voucher_send_rule_info"
_TIME = "voucher_use_rule_info.voucher_use_time_info"
_OLD_TIME = "voucher_use_rule.voucher_valid_period"
_SHOPS = "voucher_available_scope_info.voucher_available_geography_scope_info.available_geography_shop_info"
_OLD_SHOPS = "voucher_use_rule.voucher_available_scope.order_voucher_available_shop"
_GOODS = "voucher_available_scope_info.voucher_available_goods_info"
_DISPLAYS = ("voucher_display_pattern_info", "voucher_display_info")
# Of each type: where its amounts stand, then (least, most) in fen, or in hundredths of the price.
_BLOCKS = {
    FIX: "fix_voucher",
    DISCOUNT: "discount_voucher",
    SPECIAL: "special_voucher",
    EXCHANGE: "exchange_voucher",
}
_RANGES: dict[str, dict[str, tuple[int, int]]] = {
    FIX: {"amount": (10, 300_000)},
    DISCOUNT: {"discount": (1, 99), "ceiling_amount": (10, 1_500_000)},
    SPECIAL: {"special_amount": (0, 99_900), "origin_amount": (10, 999_900)},
    EXCHANGE: {"amount": (10, 300_000), "sale_amount": (10, 300_000)},
}
_NEEDED = {FIX: ("amount",), DISCOUNT: ("discount",), SPECIAL: ("special_amount",), EXCHANGE: ("amount",)}
_FLOOR = (10, 5_000_000)
_YUAN = re.compile(r"\d{1,12}(?:\.\d{1,2})?")
_WHOLE = re.compile(r"\d{1,15}")
_USER_LIMITS = {"DAY": "quantity_day", "WEEK": "quantity_week", "MONTH": "quantity_month"}


def wrong(sentence: str) -> Refusal:
    return Refusal(INVALID, sentence)


def at_path(biz: Any, *paths: str) -> Any:
    """What stands at the first of the paths where anything does."""
    for path in paths:
        value = biz
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value not in (None, "", [], {}):
            return value
    return None


def text_at(biz: dict[str, Any], *paths: str, most: int = 2_000) -> str:
    value = at_path(biz, *paths)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise wrong(f"{paths[0]} 需为不超过 {most} 个字符的字符串")
    return value


def number_at(biz: dict[str, Any], *paths: str, most: int) -> int:
    """0 where nothing stands; numbers come as numbers and as texts."""
    value = at_path(biz, *paths)
    if value is None:
        return 0
    number = _whole(value)
    if number is None or number > most:
        raise wrong(f"{paths[0]} 需为不超过 {most} 的整数")
    return number


def out_biz_no_of(biz: dict[str, Any], *names: str) -> str:
    number = text_at(biz, *(names or ("out_biz_no",)), most=MAX_OUT_BIZ_NO_CHARS)
    if not number:
        raise wrong("out_biz_no 不能为空")
    return number


def check_mode(biz: dict[str, Any]) -> None:
    if at_path(biz, "merchant_access_mode") not in (None, *MODES):
        raise wrong("merchant_access_mode 不合法")


def read_terms(biz: dict[str, Any], kind: str) -> Terms:
    """Raises Refusal."""
    name = text_at(biz, "activity_base_info.activity_name", "activity_name", most=MAX_NAME_CHARS)
    if not name.strip():
        raise wrong("activity_name 不能为空")
    voucher_type = text_at(biz, "voucher_deduct_info.voucher_type", "voucher_type")
    if voucher_type not in TYPES[kind]:
        raise wrong("voucher_type 不合法")
    starts, ends = _publish_time(biz)
    code_mode = text_at(biz, "activity_base_info.code_mode", "code_mode") if kind == MERCHANT else ""
    if code_mode not in ("", UPLOAD, API):
        raise wrong("code_mode 不合法")
    terms = Terms(
        name, voucher_type, _face(biz, voucher_type), starts, ends,
        quantity=_quantity(biz, kind, code_mode),
        per_user=_per_user(biz),
        by_day=_quantity_field(biz, "max_quantity_by_day"),
        period_type="",
        code_mode=code_mode,
        shops=read_shops(biz),
        goods=_goods(biz, voucher_type),
        goods_ids=_goods_ids(biz),
    )  # fmt: skip
    _read_time_of_use(terms, biz)
    _read_rest(terms, biz)
    _read_budget(terms, biz)
    if terms.by_day and not code_mode and terms.by_day * publish_days(starts, ends) > terms.quantity:
        raise wrong("max_quantity_by_day 与发放天数之积不能超过总数量")
    return terms


def read_end(biz: dict[str, Any]) -> float | None:
    """The end of publishing that a change asks for."""
    value = at_path(biz, f"{_SEND}.publish_end_time", "publish_end_time")
    if value is None:
        return None
    ends = read_time(value)
    if ends is None:
        raise wrong("publish_end_time 格式错误")
    return ends


def read_valid_end(biz: dict[str, Any]) -> float | None:
    """The end of use that a change asks for."""
    value = at_path(biz, f"{_TIME}.absolute_period_info.valid_end_time", f"{_OLD_TIME}.valid_end_time")
    if value is None:
        return None
    ends = read_time(value)
    if ends is None:
        raise wrong("valid_end_time 格式错误")
    return ends


def read_shops(biz: dict[str, Any]) -> list[str] | None:
    """Of Alipay's shops, of the merchant's own, or all: exactly one of them, None where it is all."""
    own = at_path(biz, f"{_SHOPS}.available_shop_ids", f"{_OLD_SHOPS}.shop_ids")
    real = at_path(biz, f"{_SHOPS}.available_real_shop_ids", f"{_OLD_SHOPS}.real_shop_ids")
    everywhere = at_path(
        biz, f"{_SHOPS}.available_geography_all_shop", f"{_OLD_SHOPS}.order_voucher_merchant_all_shop"
    )
    given = [one for one in (own, real, everywhere) if one is not None]
    if len(given) > 1:
        raise wrong("可用门店只能选择一种方式")
    if not given or given[0] is everywhere:
        return None
    if not isinstance(given[0], list) or not all(isinstance(one, str) and one for one in given[0]):
        raise wrong("可用门店需为门店 id 的列表")
    return list(dict.fromkeys(given[0]))


def total_of(biz: dict[str, Any], kind: str) -> int:
    """The new total that an append names."""
    total = number_at(
        biz, "voucher_quantity", most=MAX_PAY_QUANTITY if kind == PAY else MAX_MERCHANT_QUANTITY
    )
    if not total:
        raise wrong("voucher_quantity 不能为空")
    return total


def read_fee(biz: dict[str, Any], name: str) -> int | None:
    """Fen from 0.01 to 100,000,000 yuan, None where nothing stands."""
    value = at_path(biz, name)
    if value is None:
        return None
    fen = _fen(value)
    if fen is None or not 1 <= fen <= 10_000_000_000:
        raise wrong(f"{name} 需为 0.01 到 100000000.00 的金额")
    return fen


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else None


def _fen(value: Any) -> int | None:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _YUAN.fullmatch(text) or not text.isascii():
        return None
    return int(Decimal(text) * 100)


def _publish_time(biz: dict[str, Any]) -> tuple[float, float]:
    moments = []
    for name in ("publish_start_time", "publish_end_time"):
        moment = read_time(at_path(biz, f"{_SEND}.{name}", name))
        if moment is None:
            raise wrong(f"{name} 为空或格式错误")
        moments.append(moment)
    starts, ends = moments
    if ends <= starts:
        raise wrong("publish_end_time 需晚于 publish_start_time")
    if ends - starts > MAX_SPAN_SECONDS:
        raise wrong("发放时间跨度不能超过 180 天")
    return starts, ends


def _face(biz: dict[str, Any], voucher_type: str) -> dict[str, int]:
    block, face = _BLOCKS[voucher_type], {}
    for name, (least, most) in {**_RANGES[voucher_type], "floor_amount": _FLOOR}.items():
        old, new = f"voucher_use_rule.{block}.{name}", f"voucher_deduct_info.{block}_info.{name}"
        elsewhere = f"{_GOODS}.{name}" if name == "origin_amount" else new
        value = at_path(biz, new, old, elsewhere)
        if value is None:
            continue
        amount = _tenths(value) if name == "discount" else _fen(value)
        if amount is None or not least <= amount <= most:
            raise wrong(f"{name} 超出范围或格式错误")
        face[name] = amount
    missing = [name for name in _NEEDED[voucher_type] if name not in face]
    if missing:
        raise wrong(f"{missing[0]} 不能为空")
    if "origin_amount" in face and face["origin_amount"] <= face["special_amount"]:
        raise wrong("origin_amount 需大于 special_amount")
    return face


def _tenths(value: Any) -> int | None:
    """6.5 is 65: at most one digit after the point."""
    fen = _fen(value)
    return None if fen is None or fen % 10 else fen // 10


def _quantity_field(biz: dict[str, Any], name: str) -> int:
    return number_at(biz, f"{_SEND}.{name}", f"voucher_send_rule.{name}", most=MAX_PAY_QUANTITY)


def _quantity(biz: dict[str, Any], kind: str, code_mode: str) -> int:
    most = MAX_PAY_QUANTITY if kind == PAY else MAX_MERCHANT_QUANTITY
    quantity = number_at(biz, f"{_SEND}.quantity", "voucher_send_rule.voucher_quantity", most=most)
    if code_mode == UPLOAD and quantity:
        raise wrong("code_mode 为 MERCHANT_UPLOAD 时发放数量需为 0，上传券码后再追加")
    if not quantity and code_mode != UPLOAD:
        raise wrong("voucher_quantity 不能为空")
    return quantity


def _per_user(biz: dict[str, Any]) -> dict[str, int]:
    limits = {period: _quantity_field(biz, f"{name}_limit_per_user") for period, name in _USER_LIMITS.items()}
    most, period = _limit(
        biz,
        f"{_SEND}.quantity_limit_per_user",
        "voucher_send_rule.voucher_quantity_limit_per_user",
    )
    if most:
        limits[period] = most
    return {period: number for period, number in limits.items() if number}


def _limit(biz: dict[str, Any], *paths: str) -> tuple[int, str]:
    most = number_at(biz, *paths, most=MAX_PAY_QUANTITY)
    period = text_at(biz, *(f"{path}_period_type" for path in paths)) or LIFE_CYCLE
    if period not in PERIODS:
        raise wrong(f"{paths[0]}_period_type 不合法")
    return most, period


def _goods(biz: dict[str, Any], voucher_type: str) -> str:
    block = _BLOCKS[voucher_type]
    name = text_at(biz, f"{_GOODS}.goods_name", f"voucher_use_rule.{block}.goods_name", most=100)
    price = at_path(biz, f"{_GOODS}.origin_amount", f"voucher_use_rule.{block}.origin_amount")
    if voucher_type == SPECIAL and bool(name) != (price is not None):
        raise wrong("goods_name 与 origin_amount 需同时设置")
    return name


def _goods_ids(biz: dict[str, Any]) -> list[str] | None:
    listed = at_path(biz, f"{_GOODS}.available_goods_sku_ids")
    if listed is None:
        return None
    if not isinstance(listed, list) or not listed or not all(isinstance(one, str) and one for one in listed):
        raise wrong("available_goods_sku_ids 需为商品编号的列表")
    return listed


def read_bill(biz: dict[str, Any]) -> dict[str, int]:
    """Fen by goods_id of what is on the bill."""
    lines = biz.get("goods_detail")
    if lines is None:
        return {}
    if not isinstance(lines, list) or not all(isinstance(one, dict) for one in lines):
        raise wrong("goods_detail 需为商品的列表")
    bill: dict[str, int] = {}
    for line in lines:
        name, price = text_at(line, "goods_id", most=64), _fen(line.get("price"))
        if not name or price is None:
            raise wrong("goods_detail 的 goods_id 与 price 不能为空")
        bill[name] = bill.get(name, 0) + price * (number_at(line, "quantity", most=100_000) or 1)
    return bill


def _read_time_of_use(terms: Terms, biz: dict[str, Any]) -> None:
    terms.period_type = text_at(biz, f"{_TIME}.period_type", f"{_OLD_TIME}.type")
    if terms.period_type == ABSOLUTE:
        names = {"begins_at": "valid_begin_time", "ends_at": "valid_end_time"}
        for ours, name in names.items():
            moment = read_time(at_path(biz, f"{_TIME}.absolute_period_info.{name}", f"{_OLD_TIME}.{name}"))
            if moment is None:
                raise wrong(f"{name} 为空或格式错误")
            setattr(terms, ours, moment)
        if terms.ends_at <= terms.ends or terms.ends_at <= terms.begins_at:
            raise wrong("valid_end_time 需晚于 publish_end_time 与 valid_begin_time")
        return
    if terms.period_type != RELATIVE:
        raise wrong("有效期类型需为 ABSOLUTE 或 RELATIVE")
    relative = f"{_TIME}.relative_period_info"
    names = {"days": "valid_days_after_receive", "wait_days": "wait_days_after_receive"}
    for ours, name in names.items():
        setattr(terms, ours, number_at(biz, f"{relative}.{name}", f"{_OLD_TIME}.{name}", most=3_650))
    if not terms.days:
        raise wrong("valid_days_after_receive 需大于 0")
    terms.rounding = text_at(biz, f"{relative}.valid_days_relative_type")
    if terms.rounding not in ("", FORWARD, *BACKWARD):
        raise wrong("valid_days_relative_type 不合法")


def _read_rest(terms: Terms, biz: dict[str, Any]) -> None:
    most, period = _limit(
        biz,
        "voucher_use_rule_info.quantity_limit_per_user",
        "voucher_use_rule.voucher_quantity_limit_per_user",
    )
    terms.uses_per_user = {period: most} if most else {}
    terms.max_uses = number_at(biz, "voucher_use_rule_info.voucher_max_use_times", most=1_000) or 1
    terms.send_mode = text_at(biz, "voucher_send_mode_info.voucher_send_mode") or SEND_MODES[0]
    if terms.send_mode not in SEND_MODES:
        raise wrong("voucher_send_mode 不合法")
    terms.brand = text_at(biz, *(f"{one}.brand_name" for one in _DISPLAYS), most=40) or BRAND
    terms.description = text_at(biz, *(f"{one}.voucher_description" for one in _DISPLAYS))
    terms.image = text_at(biz, *(f"{one}.voucher_image" for one in _DISPLAYS))
    terms.phone = text_at(biz, *(f"{one}.customer_service_mobile" for one in _DISPLAYS), most=40)
    details = at_path(biz, *(f"{one}.voucher_detail_images" for one in _DISPLAYS)) or []
    if not isinstance(details, list) or len(details) > 3 or (details and not terms.image):
        raise wrong("voucher_detail_images 最多 3 张，且需先有 voucher_image")
    guide = "voucher_customer_guide_info.voucher_use_guide_info"
    terms.use_url = text_at(
        biz,
        f"{guide}.mini_app_use_guide_info.mini_app_url",
        f"{guide}.use_url",
        "voucher_use_rule.use_url",
    )
    if terms.voucher_type == EXCHANGE:
        block = "voucher_use_rule.exchange_voucher"
        terms.exchange_kind = text_at(
            biz, "voucher_deduct_info.exchange_voucher_info.biz_type", f"{block}.biz_type"
        )
        if terms.exchange_kind not in EXCHANGE_KINDS:
            raise wrong("兑换券的 biz_type 不合法")


def _read_budget(terms: Terms, biz: dict[str, Any]) -> None:
    """The amount is what all of them cost at most; of types without such an end none is taken."""
    terms.budget_type = (
        text_at(biz, "voucher_budget_supply_info.budget_type", "voucher_budget_info.budget_type") or NO_CASH
    )
    if terms.budget_type not in (NO_CASH, RECHARGE):
        raise wrong("budget_type 不合法")
    value = at_path(biz, "voucher_budget_info.amount")
    if value is None:
        return
    terms.budget = _fen(value)
    if terms.budget is None:
        raise wrong("voucher_budget_info.amount 格式错误")
    if terms.worth is not None and terms.budget != terms.worth * terms.quantity:
        raise wrong("voucher_budget_info.amount 需等于券面额与发放数量之积")
