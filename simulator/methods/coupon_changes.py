"""What may change of an activity once it is made, for both kinds of coupons. Raises Refusal."""

from typing import Any

from simulator.activities import FINISHED, Activity
from simulator.codes import Refusal
from simulator.coupon_reading import (
    at_path,
    read_end,
    read_shops,
    read_valid_end,
    text_at,
    total_of,
    wrong,
)
from simulator.coupon_terms import ABSOLUTE, MAX_NAME_CHARS, MAX_SPAN_SECONDS, UPLOAD
from simulator.methods.coupon_calls import Biz

Wish = dict[str, Any]
SHOP_CHANGES = ("ADD", "REMOVE", "MODIFY_ALL")


def check_alive(activity: Activity, now: float, sub_code: str) -> None:
    """Ended and stopped ones cannot be changed; one that a change is under way for waits."""
    if activity.operation:
        raise Refusal(sub_code, "活动有处理中的操作，请稍后再试")
    if not activity.state:
        raise Refusal(sub_code, "活动尚未创建成功")
    if activity.status(now) == FINISHED:
        raise Refusal(sub_code, "活动已结束或已停止")


def changes(activity: Activity, biz: Biz) -> Wish:
    """The end of publishing only moves on, the time of use with it."""
    terms = activity.terms
    wish: Wish = {}
    ends = read_end(biz)
    if ends is not None and ends != terms.ends:
        if ends < terms.ends:
            raise wrong("publish_end_time 只能延长")
        if ends - terms.starts > MAX_SPAN_SECONDS:
            raise wrong("发放时间跨度不能超过 180 天")
        wish["ends"] = ends
    valid_end = read_valid_end(biz) if terms.period_type == ABSOLUTE else None
    if valid_end is not None and valid_end != terms.ends_at:
        if valid_end < terms.ends_at:
            raise wrong("valid_end_time 只能延长")
        wish["ends_at"] = valid_end
    last_use = wish.get("ends_at", terms.ends_at)
    if terms.period_type == ABSOLUTE and last_use <= wish.get("ends", terms.ends):
        raise wrong("valid_end_time 需晚于 publish_end_time")
    wish |= _words(biz)
    wish |= _shops(activity, biz)
    if not wish:
        raise wrong("没有需要修改的内容")
    return wish


def appended(activity: Activity, biz: Biz, uploaded: int) -> Wish:
    """The number named is the new total; with uploaded codes it is exactly as many as there are."""
    terms, total = activity.terms, total_of(biz, activity.kind)
    if total <= terms.quantity:
        raise wrong("voucher_quantity 为追加后的总数量，需大于当前数量")
    if terms.code_mode == UPLOAD and total != uploaded:
        raise wrong("voucher_quantity 需等于已上传的券码数量")
    wish: Wish = {"quantity": total}
    if terms.budget is not None and terms.worth is not None:
        wish["budget"] = terms.budget + terms.worth * (total - terms.quantity)
    return wish


def _words(biz: Biz) -> Wish:
    wish: Wish = {}
    name = text_at(biz, "activity_base_info.activity_name", "activity_name", most=MAX_NAME_CHARS)
    about = text_at(
        biz, "voucher_display_pattern_info.voucher_description", "voucher_display_info.voucher_description"
    )
    if name:
        wish["name"] = name
    if about:
        wish["description"] = about
    return wish


def _shops(activity: Activity, biz: Biz) -> Wish:
    """SIM: what is added to all shops, and what is removed from them, changes nothing."""
    shops = read_shops(biz)
    if shops is None:
        return {}
    held = activity.terms.shops
    how = (
        at_path(
            biz, "voucher_available_scope_modify_type", "voucher_use_rule.voucher_available_scope.modify_type"
        )
        or "MODIFY_ALL"
    )
    if how not in SHOP_CHANGES:
        raise wrong("voucher_available_scope_modify_type 不合法")
    if how == "MODIFY_ALL":
        return {"shops": shops}
    if held is None:
        return {"shops": None}
    if how == "ADD":
        return {"shops": list(dict.fromkeys([*held, *shops]))}
    left = [one for one in held if one not in shops]
    if not left:
        raise wrong("可用门店不能为空")
    return {"shops": left}
