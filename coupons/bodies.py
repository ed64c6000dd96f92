"""A coupon in the platform's words: what create, publish, modify, append and stop of either family take.

Amounts leave as yuan, times as Beijing wall time. Of the several generations of the same fields the newest is
written (domain D.5, D.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from coupons.models import Coupon
from coupons.models.coupon import CodeMode, Family, Kind, Period, Rounding, Scope, Validity
from coupons.terms import BEIJING, worth_fen
from gateway.methods import Request
from gateway.methods import merchant_coupons as orders
from gateway.methods import pay_coupons as pay

TYPES = {
    Kind.REDUCTION: "FIX_VOUCHER",
    Kind.DISCOUNT: "DISCOUNT_VOUCHER",
    Kind.SPECIAL: "SPECIAL_VOUCHER",
    Kind.EXCHANGE: "EXCHANGE_VOUCHER",
    Kind.GROUP_BUY: "EXCHANGE_VOUCHER",
}
PERIODS = {Period.DAY: "DAY", Period.WEEK: "WEEK", Period.MONTH: "MONTH", Period.LIFE: "LIFE_CYCLE"}
WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
CREATE: Mapping[Family, type[Request[Any]]] = {
    Family.PAY: pay.MarketingActivityVoucherCreate,
    Family.MERCHANT: orders.MarketingActivityOrdervoucherCreate,
}
MODIFY: Mapping[Family, type[Request[Any]]] = {
    Family.PAY: pay.MarketingActivityVoucherModify,
    Family.MERCHANT: orders.MarketingActivityOrdervoucherModify,
}
APPEND: Mapping[Family, type[Request[Any]]] = {
    Family.PAY: pay.MarketingActivityVoucherAppend,
    Family.MERCHANT: orders.MarketingActivityOrdervoucherAppend,
}
STOP: Mapping[Family, type[Request[Any]]] = {
    Family.PAY: pay.MarketingActivityVoucherStop,
    Family.MERCHANT: orders.MarketingActivityOrdervoucherStop,
}
PUBLISH = pay.MarketingActivityVoucherPublish
QUERY: Mapping[Family, type[Request[Any]]] = {
    Family.PAY: pay.MarketingActivityVoucherQuery,
    Family.MERCHANT: orders.MarketingActivityOrdervoucherQuery,
}
Body = dict[str, Any]


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def wall(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def create_body(coupon: Coupon, *, out_biz_no: str) -> Body:
    base: Body = {"activity_name": coupon.name}
    if coupon.code_mode == CodeMode.UPLOAD:
        base["code_mode"] = "MERCHANT_UPLOAD"
    body: Body = {
        "out_biz_no": out_biz_no,
        "activity_base_info": base,
        "voucher_deduct_info": _deduct(coupon),
        "voucher_send_mode_info": _send_mode(coupon),
        "voucher_use_rule_info": {
            "voucher_use_time_info": _use_time(coupon),
            "voucher_max_use_times": str(coupon.max_uses),
        },
        "voucher_display_pattern_info": _display(coupon),
    }
    if coupon.use_page:
        guide = {"use_guide_mode": ["MINI_APP"], "mini_app_use_guide_info": {"mini_app_url": coupon.use_page}}
        body["voucher_customer_guide_info"] = {"voucher_use_guide_info": guide}
    if scope := _scope(coupon):
        body["voucher_available_scope_info"] = scope
    worth = worth_fen(coupon)
    if coupon.family == Family.PAY and worth is not None:
        # the platform wants the worst case to the fen, so a budget of the merchant's own is ours to hold
        body["voucher_budget_info"] = {"budget_type": "NO_CASH", "amount": yuan(worth * coupon.stock)}
    return body


def extend_body(coupon: Coupon, *, until: datetime, out_biz_no: str) -> Body:
    return _named(coupon, out_biz_no) | {
        "voucher_send_mode_info": {"voucher_send_rule_info": {"publish_end_time": wall(until)}}
    }


def append_body(coupon: Coupon, *, total: int, out_biz_no: str) -> Body:
    return _named(coupon, out_biz_no) | {"voucher_quantity": str(total)}


def stop_body(coupon: Coupon, *, out_biz_no: str) -> Body:
    return _named(coupon, out_biz_no)


def publish_body(coupon: Coupon, *, out_biz_no: str) -> Body:
    return _named(coupon, out_biz_no)


def _named(coupon: Coupon, out_biz_no: str) -> Body:
    return {"activity_id": coupon.activity_id, "out_biz_no": out_biz_no}


def _deduct(coupon: Coupon) -> Body:
    floor = {"floor_amount": yuan(coupon.floor_fen)} if coupon.floor_fen else {}
    kind = TYPES[Kind(coupon.kind)]
    face: Body
    if coupon.kind == Kind.REDUCTION:
        face = {"fix_voucher_info": {"amount": yuan(coupon.amount_fen or 0), **floor}}
    elif coupon.kind == Kind.DISCOUNT:
        tenths = coupon.discount_tenths or 0
        ceiling = {"ceiling_amount": yuan(coupon.ceiling_fen)} if coupon.ceiling_fen else {}
        face = {"discount_voucher_info": {"discount": f"{tenths // 10}.{tenths % 10}", **ceiling, **floor}}
    elif coupon.kind == Kind.SPECIAL:
        face = {"special_voucher_info": {"special_amount": yuan(coupon.special_fen or 0), **floor}}
    else:
        is_group = coupon.kind == Kind.GROUP_BUY
        face = {
            "exchange_voucher_info": {
                "amount": yuan(coupon.amount_fen or 0),
                "biz_type": "GROUP_BUY_EXCHANGE_VOUCHER" if is_group else "FIX_EXCHANGE_VOUCHER",
                **floor,
                **({"exchange_goods_info": {"exchange_goods_name": coupon.goods_name}} if is_group else {}),
            }
        }
    return {"voucher_type": kind, **face}


def _send_mode(coupon: Coupon) -> Body:
    rule: Body = {
        "publish_start_time": wall(coupon.publish_from),
        "publish_end_time": wall(coupon.publish_until),
    }
    if coupon.code_mode != CodeMode.UPLOAD:  # else it is appended once the codes are there (D4.7)
        rule["quantity"] = str(coupon.stock)
    if coupon.per_day:
        rule["max_quantity_by_day"] = str(coupon.per_day)
    if coupon.per_person:
        rule["quantity_limit_per_user"] = str(coupon.per_person)
        rule["quantity_limit_per_user_period_type"] = PERIODS[Period(coupon.per_person_period)]
    if coupon.one_per_identity:
        rule["natural_person_limit"] = "true"
    mode: Body = {"voucher_send_mode": "DIRECT_SEND_MODE", "voucher_send_rule_info": rule}
    if coupon.sale_fen:
        mode |= {
            "voucher_send_mode": "SALE_MODE",
            "voucher_sale_mode_info": {"sale_amount": yuan(coupon.sale_fen)},
        }
    return mode


def _use_time(coupon: Coupon) -> Body:
    limits = {"time_restrict_info": {"usable_period_info": _hours(coupon)}} if coupon.use_hours else {}
    if coupon.validity == Validity.FIXED:
        period: Body = {**limits}
        if coupon.use_from and coupon.use_until:
            period |= {"valid_begin_time": wall(coupon.use_from), "valid_end_time": wall(coupon.use_until)}
        return {"period_type": "ABSOLUTE", "absolute_period_info": period}
    relative: Body = {
        "valid_days_after_receive": str(coupon.valid_days),
        "valid_days_relative_type": "ROUND_FORWARD"
        if coupon.rounding == Rounding.FORWARD
        else "ROUND_BACKWARD",
        **limits,
    }
    if coupon.wait_days:
        relative["wait_days_after_receive"] = str(coupon.wait_days)
    return {"period_type": "RELATIVE", "relative_period_info": relative}


def _hours(coupon: Coupon) -> list[Body]:
    """One rule for each day of the week. SIM: how the days are named is not published."""
    rules = []
    for each in coupon.use_hours:
        ends_next_day = each["until"] <= each["from"]
        hours = {
            "begin_time": f"{each['from']}:00",
            "end_time_info": {
                "end_time": f"{each['until']}:00",
                "end_time_type": "NEXT_DAY" if ends_next_day else "CURRENT_DAY",
            },
        }
        for day in each["weekdays"]:
            week = {"week_day": WEEKDAYS[day - 1], "time_range_info": hours}
            rules.append({"rule_type": "WEEK", "week_rule_info": week})
    return rules


def _display(coupon: Coupon) -> Body:
    said = {
        "brand_name": coupon.brand_name,
        "voucher_name": coupon.name,
        "voucher_description": coupon.description,
        "customer_service_mobile": coupon.service_phone,
    }
    return {name: value for name, value in said.items() if value}


def _scope(coupon: Coupon) -> Body:
    scope: Body = {}
    if coupon.scope == Scope.STORES:
        shops = sorted(coupon.stores.values_list("platform_shop_id", flat=True))
        scope["voucher_available_geography_scope_info"] = {
            "available_geography_scope_type": "SHOP",
            "available_geography_shop_info": {"available_shop_ids": shops},
        }
    goods: Body = {}
    if coupon.scope == Scope.ITEMS and coupon.item_ids:
        goods["available_goods_sku_ids"] = list(coupon.item_ids)
    if coupon.kind == Kind.SPECIAL:
        goods |= {"goods_name": coupon.goods_name, "origin_amount": yuan(coupon.origin_fen or 0)}
    if goods:
        scope["voucher_available_goods_info"] = goods
    return scope
