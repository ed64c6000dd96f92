"""What a call says of one card: read, judged by the card's template, and told again."""

import calendar
import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from simulator.card_reading import INVALID, one_of, wrong
from simulator.card_templates import CardTemplate
from simulator.card_terms import (
    CLOSE_REASONS,
    CONST,
    CYCLES,
    IN_FUTURE,
    MAX_CARD_NUMBER,
    MAX_FRONT_LINES,
    PAID_ACTIONS,
    RULED,
    amount_of,
)
from simulator.clock import beijing
from simulator.codes import Refusal
from simulator.coupon_terms import read_time, time_text
from simulator.pictures import Pictures
from simulator.reading import json_object

Facts = dict[str, Any]
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_GENDERS = ("MALE", "FEMALE")
_NOT_THE_MERCHANTS = ("biz_card_no", "template_id")


def read_new(given: Facts, template: CardTemplate, now: float, pictures: Pictures) -> Facts:
    """Of card_ext_info, with what the template's rules make of it."""
    info = _kept(given)
    for name, (rule, value) in template.rules().items():
        if rule == CONST:
            info[RULED[name]] = value
        elif rule == IN_FUTURE:
            info[RULED[name]] = time_text(_ahead(now, value))
    if not info.get("external_card_no"):
        raise wrong("external_card_no 不能为空")
    info.setdefault("open_date", time_text(now))
    check_info(info, template, pictures)
    starts, ends = read_time(info["open_date"]), read_time(info.get("valid_date"))
    if ends is not None and starts is not None and (ends <= starts or ends <= now):
        raise wrong("valid_date 需晚于 open_date 与当前时间")
    return _in_two_decimals(info)


def read_change(given: Facts, held: Facts, template: CardTemplate, pictures: Pictures) -> Facts:
    """Of card_info, for a card that holds other facts already."""
    info = _kept(given)
    check_info(info, template, pictures)
    for name in ("open_date", "valid_date"):
        if name in info and info[name] != held.get(name):
            raise wrong(f"{name} 开卡后不能修改")
    return _in_two_decimals(info)


def check_info(info: Facts, template: CardTemplate, pictures: Pictures) -> None:
    if len(info.get("external_card_no", "")) > MAX_CARD_NUMBER:
        raise wrong(f"external_card_no 不能超过 {MAX_CARD_NUMBER} 位")
    for name in ("point", "balance"):
        amount = amount_of(info[name]) if name in info else Decimal(0)
        if amount is None or amount < 0:
            raise wrong(f"{name} 需为不小于 0 且不超过两位小数的数字")
    for name in ("open_date", "valid_date"):
        if name in info and read_time(info[name]) is None:
            raise wrong(f"{name} 格式需为 yyyy-MM-dd HH:mm:ss")
    check_level(info, template)
    lines = info.get("front_text_list", [])
    if len(lines) > MAX_FRONT_LINES or not all({"label", "value"} <= line.keys() for line in lines):
        raise wrong(f"front_text_list 最多 {MAX_FRONT_LINES} 行，每行需有 label 与 value")
    if "front_image_id" in info:
        trouble = pictures.trouble(info["front_image_id"], None)
        if trouble:
            raise wrong(f"front_image_id {trouble}")


def check_level(info: Facts, template: CardTemplate) -> None:
    if template.levels and info.get("level", next(iter(template.levels))) not in template.levels:
        raise wrong("level 需与模板 card_level_conf 中的 level 一致")


def check_member(member: Facts) -> None:
    one_of(member, "gende", _GENDERS, "member_ext_info.")
    if "birth" in member and not _is_day(member["birth"]):
        raise wrong("member_ext_info.birth 格式需为 yyyy-MM-dd")


def check_paid(paid: Facts, template: CardTemplate, lacking: str) -> None:
    """`lacking`: the sub_code for a template that is not of a paid card."""
    if not paid:
        return
    if not template.paid:
        raise Refusal(lacking)
    if paid.get("action") not in PAID_ACTIONS:
        raise wrong(f"action 需为 {'、'.join(PAID_ACTIONS)} 之一")
    cycle, purchase = paid.get("cycle_info", {}), paid.get("purchase_info", {})
    one_of(cycle, "cycle_type", CYCLES, "cycle_info.")
    one_of(cycle, "close_reason", CLOSE_REASONS, "cycle_info.")
    price = amount_of(purchase["price"]) if "price" in purchase else Decimal(0)
    if price is None or price < 0:
        raise wrong("purchase_info.price 需为金额")
    if "action_date" in purchase and read_time(purchase["action_date"]) is None:
        raise wrong("purchase_info.action_date 格式需为 yyyy-MM-dd HH:mm:ss")


def moment_of(biz: Facts, name: str) -> str:
    """The merchant's time of a change, as written: such texts are in order as they are."""
    moment = biz.get(name)
    if not isinstance(moment, str) or read_time(moment) is None:
        raise wrong(f"{name} 格式需为 yyyy-MM-dd HH:mm:ss")
    return moment


def signed_amount(given: Any, name: str) -> str:
    text = str(given) if isinstance(given, int | float) and not isinstance(given, bool) else given
    if not isinstance(text, str) or amount_of(text) is None:
        raise wrong(f"{name} 需为不超过两位小数的数字")
    return text


def object_in(given: Any, name: str) -> Facts:
    """A JSON object as text, or nothing."""
    if given in (None, ""):
        return {}
    found = given if isinstance(given, dict) else json_object(given) if isinstance(given, str) else None
    if found is None:
        raise Refusal(INVALID, f"{name} 需为 JSON 对象的字符串")
    json.dumps(found)
    return found


def _kept(given: Facts) -> Facts:
    return {name: value for name, value in given.items() if name not in _NOT_THE_MERCHANTS}


def _in_two_decimals(info: Facts) -> Facts:
    return {name: _two(value) if name in ("point", "balance") else value for name, value in info.items()}


def _two(amount: str) -> str:
    return f"{Decimal(amount):.2f}"


def _is_day(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _ahead(now: float, value: str) -> float:
    """10m is ten months, 10d ten days."""
    start, count = beijing(now), int(value[:-1])
    if value.endswith("d"):
        return (start + timedelta(days=count)).timestamp()
    months = start.month - 1 + count
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day).timestamp()
