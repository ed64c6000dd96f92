"""How activities and coupons are told: the newer fields of the contract, amounts and counts as texts."""

from typing import Any

from simulator.activities import Activity, Stock
from simulator.coupon_terms import ABSOLUTE, DISCOUNT, EXCHANGE, FIX, LIFE_CYCLE, Terms, time_text, yuan
from simulator.store import App

Fields = dict[str, Any]
_BLOCKS = {
    FIX: "fix_voucher_info",
    DISCOUNT: "discount_voucher_info",
    EXCHANGE: "exchange_voucher_info",
}
# In the notation of coupon_fields.written.
_WHOSE = "merchant_id, merchant_id_type"
_BASE = (
    f"activity_id, activity_name, activity_status, activity_product_type, belong_merchant_info{{{_WHOSE}}}"
)
BASE = f"activity_base_info{{{_BASE}}}"
CODED_BASE = f"activity_base_info{{{_BASE}, activity_operation_status, code_mode}}"
_DEDUCT = (
    "voucher_type, fix_voucher_info{amount, floor_amount},"
    " special_voucher_info{special_amount, floor_amount},"
    " discount_voucher_info{discount, ceiling_amount, floor_amount}"
)
DEDUCT = f"voucher_deduct_info{{{_DEDUCT}}}"
ALL_DEDUCT = f"voucher_deduct_info{{{_DEDUCT}, exchange_voucher_info{{amount, biz_type, floor_amount}}}}"
_SEND_RULE = (
    "quantity, publish_start_time, publish_end_time, max_quantity_by_day, quantity_limit_per_user,"
    " quantity_limit_per_user_period_type, quantity_day_limit_per_user, quantity_week_limit_per_user,"
    " quantity_month_limit_per_user"
)
SEND_MODE = f"voucher_send_mode_info{{voucher_send_mode, voucher_send_rule_info{{{_SEND_RULE}}}}}"
_USE_TIME = (
    "period_type, absolute_period_info{valid_begin_time, valid_end_time},"
    " relative_period_info{valid_days_after_receive, wait_days_after_receive, valid_days_relative_type}"
)
USE_RULE = (
    "voucher_use_rule_info{quantity_limit_per_user, quantity_limit_per_user_period_type,"
    f" voucher_max_use_times, voucher_use_time_info{{{_USE_TIME}}}}}"
)
DISPLAY = (
    "voucher_display_pattern_info{brand_name, voucher_name, voucher_description, voucher_image,"
    " customer_service_mobile}, voucher_customer_guide_info{voucher_use_guide_info{use_url}}"
)
SCOPE = (
    "voucher_available_scope_info{voucher_available_goods_info{goods_name, origin_amount},"
    " voucher_available_geography_scope_info{available_geography_scope_type,"
    " available_geography_shop_info{available_shop_ids[]}}}"
)
TIMES = "activity_id, activity_name, activity_status, publish_start_time, publish_end_time, voucher_type"
COUNTS = "summary{publish_count, used_count}, voucher_inventory_info{send_count, use_count}"
AUDIT = "audit_result_info{audit_type, audit_result, audit_reason}"
WHOSE = f"belong_merchant_info{{{_WHOSE}}}"


def whose(app: App) -> Fields:
    return {"merchant_id": app.pid, "merchant_id_type": "PID"}


def base(app: App, activity: Activity, now: float) -> Fields:
    told: Fields = {
        "activity_id": activity.activity_id,
        "activity_name": activity.terms.name,
        "activity_product_type": "PAY_VOUCHER" if not activity.has_codes else "ORDER_VOUCHER",
        "belong_merchant_info": whose(app),
        "activity_status": activity.status(now),
    }
    if activity.has_codes:
        told |= {
            "activity_operation_status": activity.operation,
            "code_mode": activity.terms.code_mode,
        }
    return _present(told)


def times(activity: Activity, now: float) -> Fields:
    terms = activity.terms
    told = {
        "activity_id": activity.activity_id,
        "activity_name": terms.name,
        "activity_status": activity.status(now),
        "publish_start_time": time_text(terms.starts),
        "publish_end_time": time_text(terms.ends),
        "voucher_type": terms.voucher_type,
    }
    return _present(told)


def counts(stock: Stock) -> Fields:
    sent, used = str(stock.sent), str(stock.used)
    return {
        "summary": {"publish_count": sent, "used_count": used},
        "voucher_inventory_info": {"send_count": sent, "use_count": used},
    }


def audit(activity: Activity) -> Fields:
    told = {
        "audit_type": "UNIFY_ACCESS_CHECK",
        "audit_result": activity.audit,
        "audit_reason": activity.audit_reason,
    }
    return {"audit_result_info": _present(told)}


def promise(terms: Terms) -> Fields:
    """Face, time of use and what the person reads."""
    block = _BLOCKS.get(terms.voucher_type, "special_voucher_info")
    face: Fields = {
        name: f"{amount // 10}.{amount % 10}" if name == "discount" else yuan(amount)
        for name, amount in terms.face.items()
        if name not in ("origin_amount", "sale_amount")
    }
    if terms.exchange_kind:
        face["biz_type"] = terms.exchange_kind
    display = {
        "brand_name": terms.brand,
        "voucher_name": terms.name,
        "voucher_description": terms.description,
        "voucher_image": terms.image,
        "customer_service_mobile": terms.phone,
    }
    told: Fields = {
        "voucher_deduct_info": {"voucher_type": terms.voucher_type, block: face},
        "voucher_display_pattern_info": _present(display),
        "voucher_use_rule_info": _use_rule(terms),
    }
    if terms.use_url:
        told["voucher_customer_guide_info"] = {"voucher_use_guide_info": {"use_url": terms.use_url}}
    return told


def send_mode(terms: Terms) -> Fields:
    rule: Fields = {
        "quantity": str(terms.quantity),
        "publish_start_time": time_text(terms.starts),
        "publish_end_time": time_text(terms.ends),
    }
    if terms.by_day:
        rule["max_quantity_by_day"] = str(terms.by_day)
    for period, most in terms.per_user.items():
        if period == LIFE_CYCLE:
            rule |= {"quantity_limit_per_user": str(most), "quantity_limit_per_user_period_type": period}
        else:
            rule[f"quantity_{period.lower()}_limit_per_user"] = str(most)
    mode = {"voucher_send_mode": terms.send_mode, "voucher_send_rule_info": rule}
    return {"voucher_send_mode_info": mode}


def scope(terms: Terms) -> Fields:
    """Nothing where a coupon is good everywhere and for everything."""
    told: Fields = {}
    if terms.goods:
        goods = {"goods_name": terms.goods}
        if "origin_amount" in terms.face:
            goods["origin_amount"] = yuan(terms.face["origin_amount"])
        told["voucher_available_goods_info"] = goods
    if terms.shops is not None:
        told["voucher_available_geography_scope_info"] = {
            "available_geography_scope_type": "SHOP",
            "available_geography_shop_info": {"available_shop_ids": terms.shops},
        }
    return {"voucher_available_scope_info": told} if told else {}


def _use_rule(terms: Terms) -> Fields:
    time: Fields = {"period_type": terms.period_type}
    if terms.period_type == ABSOLUTE:
        time["absolute_period_info"] = {
            "valid_begin_time": time_text(terms.begins_at),
            "valid_end_time": time_text(terms.ends_at),
        }
    else:
        relative = {
            "valid_days_after_receive": str(terms.days),
            "wait_days_after_receive": str(terms.wait_days),
            "valid_days_relative_type": terms.rounding,
        }
        time["relative_period_info"] = _present(relative)
    rule: Fields = {"voucher_max_use_times": str(terms.max_uses), "voucher_use_time_info": time}
    for period, most in terms.uses_per_user.items():
        rule |= {"quantity_limit_per_user": str(most), "quantity_limit_per_user_period_type": period}
    return rule


def _present(told: Fields) -> Fields:
    """Without what has nothing to say."""
    return {name: value for name, value in told.items() if value != ""}
