"""Coupons as a merchant asks for them, for the tests that do."""

import itertools
from datetime import datetime, timedelta
from typing import Any

NAMES = "alipay.marketing.activity."
CREATE, PUBLISH, MODIFY_PAY, APPEND_PAY, STOP_PAY, QUERY_PAY, SEND_PAY = (
    f"{NAMES}voucher.{one}" for one in ("create", "publish", "modify", "append", "stop", "query", "send")
)
ORDER_CREATE, ORDER_MODIFY, ORDER_APPEND, ORDER_STOP, ORDER_QUERY = (
    f"{NAMES}ordervoucher.{one}" for one in ("create", "modify", "append", "stop", "query")
)
DEPOSIT, COUNT, USE, REFUND, INVALID, ORDER_SEND, RECEIVE = (
    f"{NAMES}ordervoucher.{one}"
    for one in ("codedeposit", "codecount", "use", "refund", "invalid", "send", "receive")
)
HELD, ONE_HELD = f"{NAMES}user.batchqueryvoucher", f"{NAMES}user.queryvoucher"
CONSULT, ACTIVITY, ACTIVITIES = f"{NAMES}consult", f"{NAMES}query", f"{NAMES}batchquery"
PLAN, PLAN_QUERY, PLAN_STOP = (f"{NAMES}delivery.{one}" for one in ("create", "query", "stop"))
PLAIN_FACES: dict[str, dict[str, str]] = {
    "FIX_VOUCHER": {"amount": "5.00", "floor_amount": "20.00"},
    "DISCOUNT_VOUCHER": {"discount": "6.5", "ceiling_amount": "30.00", "floor_amount": "10.00"},
    "SPECIAL_VOUCHER": {"special_amount": "9.90", "origin_amount": "30.00", "goods_name": "美式咖啡"},
    "EXCHANGE_VOUCHER": {"amount": "50.00", "biz_type": "GROUP_BUY_EXCHANGE_VOUCHER"},
}
_BLOCKS = {
    "FIX_VOUCHER": "fix_voucher",
    "DISCOUNT_VOUCHER": "discount_voucher",
    "SPECIAL_VOUCHER": "special_voucher",
    "EXCHANGE_VOUCHER": "exchange_voucher",
}
_numbers = itertools.count(1)


def number() -> str:
    return f"C{next(_numbers):06d}"


def moment(now: str, days: float = 0) -> str:
    """`now` as GET /sim/clock tells it, so many days later."""
    then = datetime.fromisoformat(now).replace(tzinfo=None) + timedelta(days=days)
    return then.strftime("%Y-%m-%d %H:%M:%S")


def coupon(
    now: str,
    *,
    voucher_type: str = "FIX_VOUCHER",
    face: dict[str, str] | None = None,
    quantity: int | None = 100,
    days: float = 30,
    starts_in_days: float = -1,
    per_user: int = 0,
    valid: dict[str, Any] | None = None,
    rule: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """In the older fields of the contract: a 满 20 减 5 that may be claimed for thirty days."""
    sends = {"voucher_quantity": quantity, "voucher_quantity_limit_per_user": per_user, **(rule or {})}
    block = _BLOCKS.get(voucher_type, "fix_voucher")
    period = {"type": "RELATIVE", "valid_days_after_receive": "7", "wait_days_after_receive": "0"}
    return {
        "activity_name": "满二十减五",
        "out_biz_no": number(),
        "merchant_access_mode": "SELF_MODE",
        "publish_start_time": moment(now, starts_in_days),
        "publish_end_time": moment(now, days),
        "voucher_type": voucher_type,
        "voucher_send_rule": sends,
        "voucher_use_rule": {
            block: PLAIN_FACES[voucher_type] if face is None else face,
            "voucher_valid_period": valid or period,
        },
        **more,
    }


def plan(
    now: str, activity_id: str, *, template_id: str = "", floor: str = "", **more: Any
) -> dict[str, Any]:
    """With a template for the readers of its messages, without after paying."""
    content = {
        "delivery_content_info": {
            "delivery_content_type": "ACTIVITY",
            "delivery_activity_content": {"activity_id": activity_id},
        }
    }
    play = {"delivery_single_send_config": content}
    if floor:
        play = {"delivery_full_send_config": {**content, "delivery_floor_amount": floor}}
    target = {"delivery_target_rule": {"delivery_template_rule": {"template_id": template_id}}}
    return {
        "delivery_booth_code": "SERVICE_MESSAGE" if template_id else "PAYMENT_RESULT",
        "delivery_base_info": {
            "delivery_name": "双十一召回",
            "delivery_begin_time": moment(now, -0.5),
            "delivery_end_time": moment(now, 10),
        },
        "delivery_play_config": play,
        "out_biz_no": number(),
        "merchant_access_mode": "SELF_MODE",
        **(target if template_id else {}),
        **more,
    }
