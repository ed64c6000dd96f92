"""Delivery plans: a coupon offered after paying, or carried by the messages of a template."""

import re
from typing import Any

from simulator.codes import Done, Refusal
from simulator.coupon_reading import INVALID, at_path, out_biz_no_of, read_fee, read_time, text_at, wrong
from simulator.coupon_terms import time_text
from simulator.deliveries import ACTIVE, AUDITING, BOOTHS, PAYMENT_RESULT, SERVICE_MESSAGE, Delivery
from simulator.methods.call import Call, Method
from simulator.methods.coupon_calls import (
    BIZ,
    LATER,
    NAMES,
    Biz,
    activity_of,
    begun,
    check_merchant,
    once,
)
from simulator.methods.coupon_fields import takes, written
from simulator.order_centre import has_messages

PLAN = f"{NAMES}delivery."
NAME_CHARS = (3, 19)
MAX_FLOOR_FEN = 9_999_900
# SIM: 32 bytes and these characters are of each tag; how many there may be is not published.
_TAGS = re.compile(r"[A-Za-z0-9_]{1,32}(,[A-Za-z0-9_]{1,32})*")
_PLAY = "delivery_play_config"
_SINGLE, _FULL = f"{_PLAY}.delivery_single_send_config", f"{_PLAY}.delivery_full_send_config"
_CONTENT = "delivery_content_info{delivery_content_type, delivery_activity_content{activity_id}}"


def create(call: Call) -> Done:
    biz = begun(call)
    check_merchant(call, biz, "belong_merchant_info.merchant_id")
    booth = text_at(biz, "delivery_booth_code")
    if booth not in BOOTHS:
        raise wrong("delivery_booth_code 不合法")
    name, begins_at, ends_at = _base(biz)
    number = out_biz_no_of(biz, "out_biz_no", "idem_no")

    def work() -> Done:
        single, full = at_path(biz, _SINGLE), at_path(biz, _FULL)
        if (single is None) == (full is None):
            raise wrong("delivery_play_config 需且仅需设置一种玩法")
        floor = _floor(biz, booth) if full is not None else 0
        activity_id = _content(call, biz, _SINGLE if full is None else _FULL)
        plan = call.store.deliveries.create(
            call.app, activity_id, booth,
            begins_at=begins_at, ends_at=ends_at, floor=floor,
            template_id=_template(call, biz, booth), content=_kept(biz, name),
        )  # fmt: skip
        return Done({"delivery_id": plan.delivery_id, "out_biz_no": number}, coupon_effect=LATER)

    return once(call, biz, work, taken=BIZ, number=number)


def query(call: Call) -> Done:
    plan = _plan(call, begun(call))
    told: dict[str, object] = {
        "delivery_id": plan.delivery_id,
        "delivery_status": plan.state,
        "delivery_booth_code": plan.booth,
        "delivery_base_info": {
            "delivery_name": plan.content["name"],
            "delivery_begin_time": time_text(plan.begins_at),
            "delivery_end_time": time_text(plan.ends_at),
        },
        _PLAY: plan.content["play"],
    }
    if plan.template_id:
        told["delivery_target_rule"] = {"delivery_template_rule": {"template_id": plan.template_id}}
    if plan.error:
        told["delivery_error_msg"] = plan.error
    return Done(told)


def stop(call: Call) -> Done:
    biz = begun(call)
    plan = _plan(call, biz)

    def work() -> Done:
        if plan.state not in (ACTIVE, AUDITING) or plan.stops_at is not None:
            raise Refusal(BIZ, "推广计划不在投放中")
        call.store.deliveries.stop(plan)
        return Done({"delivery_id": plan.delivery_id}, coupon_effect=LATER)

    return once(call, biz, work, taken=BIZ)


def _plan(call: Call, biz: Biz) -> Delivery:
    plan = call.store.deliveries.plans.get(text_at(biz, "delivery_id", most=64))
    if plan is None or plan.app_id != call.app.app_id:
        raise wrong("推广计划不存在")
    return plan


def _base(biz: Biz) -> tuple[str, float, float]:
    name = text_at(biz, "delivery_base_info.delivery_name")
    least, most = NAME_CHARS
    if not least <= len(name) <= most:
        raise wrong(f"delivery_name 需为 {least} 到 {most} 个字符")
    moments = [
        read_time(at_path(biz, f"delivery_base_info.delivery_{what}_time")) for what in ("begin", "end")
    ]
    begins_at, ends_at = moments
    if begins_at is None or ends_at is None or ends_at <= begins_at:
        raise wrong("delivery_begin_time 与 delivery_end_time 为空、格式错误或先后颠倒")
    return name, begins_at, ends_at


def _floor(biz: Biz, booth: str) -> int:
    if booth != PAYMENT_RESULT:
        raise wrong("满额送仅支持 PAYMENT_RESULT")
    floor = read_fee(biz, f"{_FULL}.delivery_floor_amount")
    if floor is None or floor > MAX_FLOOR_FEN:
        raise wrong("delivery_floor_amount 需大于 0 且不超过 99999")
    return floor


def _content(call: Call, biz: Biz, play: str) -> str:
    """The activity that is offered. SIM: of mini programs and items nothing is delivered here."""
    content = at_path(biz, f"{play}.delivery_content_info") or {}
    if text_at({"it": content}, "it.delivery_content_type") != "ACTIVITY":
        raise wrong("delivery_content_type 仅支持 ACTIVITY")
    wanted = {"activity_id": at_path({"it": content}, "it.delivery_activity_content.activity_id")}
    activity = activity_of(call, wanted, "")
    if activity.refusal(call.store.clock.now()) not in ("", "ACTIVITY_NOT_START"):
        raise Refusal(BIZ, "活动未激活或已结束，不能投放")
    return activity.activity_id


def _template(call: Call, biz: Biz, booth: str) -> str:
    """Of a plan for messages: an adopted one. SIM: or the reference of an order's message."""
    tags = text_at(biz, "delivery_target_rule.delivery_promo_tags")
    if tags and not _TAGS.fullmatch(tags):
        raise wrong("delivery_promo_tags 不合法")
    template_id = text_at(biz, "delivery_target_rule.delivery_template_rule.template_id", most=64)
    if booth != SERVICE_MESSAGE:
        return ""
    if template_id not in call.app.templates and not has_messages(template_id):
        raise wrong("delivery_template_rule.template_id 不是已领用的消息模板")
    return template_id


def _kept(biz: Biz, name: str) -> dict[str, Any]:
    """What the query tells of the way of playing, in the fields that it was asked for with."""
    full = at_path(biz, _FULL) is not None
    play = _FULL if full else _SINGLE
    content = {
        "delivery_content_type": "ACTIVITY",
        "delivery_activity_content": {
            "activity_id": at_path(biz, f"{play}.delivery_content_info.delivery_activity_content.activity_id")
        },
    }
    told: dict[str, Any] = {"delivery_content_info": content}
    if full:
        told["delivery_floor_amount"] = str(at_path(biz, f"{_FULL}.delivery_floor_amount"))
    return {"name": name, "play": {play.removeprefix(f"{_PLAY}."): told}}


REFUSED = ("SYSTEM_ERROR", INVALID, BIZ)
METHODS = {
    f"{PLAN}create": Method(create, takes("delivery.create"), ("delivery_id", "out_biz_no"), REFUSED),
    f"{PLAN}query": Method(
        query,
        takes("delivery.query"),
        written(
            "delivery_id, delivery_status, delivery_booth_code, delivery_error_msg,"
            " delivery_base_info{delivery_name, delivery_begin_time, delivery_end_time},"
            f" {_PLAY}{{delivery_single_send_config{{{_CONTENT}}},"
            f" delivery_full_send_config{{{_CONTENT}, delivery_floor_amount}}}},"
            " delivery_target_rule{delivery_template_rule{template_id}}"
        ),
        REFUSED,
    ),
    f"{PLAN}stop": Method(stop, takes("delivery.stop"), ("delivery_id",), REFUSED),
}
