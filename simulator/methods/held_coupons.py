"""What a person holds and could get, and what a merchant has: the queries that books are compared with."""

from typing import Any

from simulator.activities import Activity
from simulator.codes import Done, Refusal
from simulator.coupon_reading import INVALID, number_at, text_at, wrong
from simulator.coupon_terms import time_text
from simulator.methods import coupon_answers as answers
from simulator.methods.call import Call, Method, inside
from simulator.methods.coupon_calls import NAMES, Biz, activity_of, begun, check_merchant, person_of
from simulator.methods.coupon_fields import takes, written
from simulator.vouchers import EXPIRED, STATUSES, Voucher

MAX_PAGE = 20
MAX_CONSULTED = 20
SEEN_AFTER_EXPIRY_SECONDS = 180 * 86_400
_CONSULTED = ("COUNT_OVER_LIMIT", "BUDGET_NOT_ENOUGH", "ACTIVITY_NOT_START")


def held(call: Call) -> Done:
    """Newest first; expired ones for six months (SIM: 180 days), deleted ones never."""
    biz = begun(call)
    named = [name for name in ("belong_merchant_id", "sender_merchant_id") if text_at(biz, name)]
    if len(named) != 1:
        raise wrong("belong_merchant_id 与 sender_merchant_id 需且仅需传一个")
    check_merchant(call, biz, *named)
    status, activity_id = text_at(biz, "voucher_status"), text_at(biz, "activity_id", most=64)
    if status not in ("", *STATUSES):
        raise wrong("voucher_status 不合法")
    coupons, now, found = call.store.coupons, call.store.clock.now(), []
    for voucher in reversed(coupons.held_by(call.app.app_id, person_of(call, biz))):
        said = coupons.status_of(voucher)
        gone = said == EXPIRED and now > voucher.ends_at + SEEN_AFTER_EXPIRY_SECONDS
        if (
            voucher.deleted
            or gone
            or said != (status or said)
            or voucher.activity_id != (activity_id or voucher.activity_id)
        ):
            continue
        found.append(voucher)
    shown, number, size = _page(biz, found)
    told: dict[str, object] = {"total_size": len(found), "page_num": number, "page_size": size}
    return Done({**told, "user_voucher_infos": [_listed(call, one) for one in shown]})


def one(call: Call) -> Done:
    biz = begun(call)
    person = person_of(call, biz)
    merchant = text_at(biz, "merchant_id")
    if merchant and merchant != call.app.pid:
        raise Refusal("MERCHANT_RELATION_NOT_EXIST")
    voucher = _named(call, biz)
    if voucher is None or voucher.open_id != person or voucher.deleted:
        raise Refusal("VOUCHER_NOT_EXIST")
    if voucher.app_id != call.app.app_id:
        raise Refusal("ACTIVITY_NOT_PERMISSION")
    activity = call.store.coupons.activities[voucher.activity_id]
    return Done(
        {
            **_facts(call, voucher),
            **answers.promise(activity.terms),
            "user_voucher_base_info": _base(call, voucher),
            **_trade(voucher),
        }
    )


def _named(call: Call, biz: Biz) -> Voucher | None:
    voucher_id, code = text_at(biz, "voucher_id", most=64), text_at(biz, "voucher_code", most=64)
    if bool(voucher_id) == bool(code):
        raise wrong("voucher_id 与 voucher_code 需且仅需传一个")
    if voucher_id:
        return call.store.coupons.vouchers.get(voucher_id)
    activity = activity_of(call, biz, "", foreign="ACTIVITY_NOT_PERMISSION")
    return call.store.coupons.by_code(activity.activity_id, code)


def consult(call: Call) -> Done:
    """Whether the person could get one of each now; nothing is held for anybody."""
    biz = begun(call)
    open_id, asked = person_of(call, biz), biz.get("consult_activity_info_list")
    if (
        not isinstance(asked, list)
        or not 1 <= len(asked) <= MAX_CONSULTED
        or not all(isinstance(one, dict) and isinstance(one.get("activity_id"), str) for one in asked)
    ):
        raise wrong(f"consult_activity_info_list 需为 1 到 {MAX_CONSULTED} 个活动")
    results = [
        {"activity_id": one["activity_id"], "consult_result_code": _could(call, one["activity_id"], open_id)}
        for one in asked
    ]
    told: dict[str, object] = {"consult_result_info_list": results, "open_id": open_id}
    user_id = call.app.user_id_of(open_id)
    return Done({**told, "user_id": user_id} if user_id else told)


def _could(call: Call, activity_id: str, open_id: str) -> str:
    activity, now = call.store.coupons.activities.get(activity_id), call.store.clock.now()
    if activity is None or activity.app_id != call.app.app_id:
        return "ACTIVITY_NOT_PERMISSION"
    why = activity.refusal(now) or activity.shortage(call.store.coupons.stock(activity), open_id, now)
    return (why if why in _CONSULTED else "OTHER") if why else "SUCCESS"


def activity(call: Call) -> Done:
    """Either kind, in the words that both share."""
    biz = begun(call)
    check_merchant(call, biz, "merchant_id")
    found, now = activity_of(call, biz, ""), call.store.clock.now()
    return Done(
        {
            **answers.times(found, now),
            "activity_base_info": answers.base(call.app, found, now),
            "belong_merchant_id": call.app.pid,
            **answers.promise(found.terms),
            **answers.send_mode(found.terms),
            **answers.scope(found.terms),
        }
    )


def activities(call: Call) -> Done:
    """Newest first."""
    biz = begun(call)
    check_merchant(call, biz, "merchant_id")
    status, now = text_at(biz, "activity_status"), call.store.clock.now()
    found = [
        one
        for one in reversed(call.store.coupons.of_app(call.app.app_id))
        if one.status(now) == (status or one.status(now))
    ]
    shown, number, size = _page(biz, found)
    told: dict[str, object] = {"total_size": len(found), "page_num": number, "page_size": size}
    return Done({**told, "activity_lite_infos": [_lite(call, one, now) for one in shown]})


def _lite(call: Call, found: Activity, now: float) -> dict[str, Any]:
    return {
        **answers.times(found, now),
        "activity_base_info": answers.base(call.app, found, now),
        "belong_merchant_id": call.app.pid,
        "create_time": time_text(found.made_at),
        **answers.promise(found.terms),
    }


def _page(biz: Biz, rows: list[Any]) -> tuple[list[Any], int, int]:
    """(rows of the page, its number from 1, its size of 1 to 20)"""
    number = number_at(biz, "page_num", most=1_000_000) if biz.get("page_num") is not None else 1
    size = number_at(biz, "page_size", most=MAX_PAGE) if biz.get("page_size") is not None else MAX_PAGE
    if not number or not size:
        raise wrong("page_num 从 1 起，page_size 为 1 到 20")
    return rows[(number - 1) * size : number * size], number, size


def _listed(call: Call, voucher: Voucher) -> dict[str, Any]:
    terms = call.store.coupons.activities[voucher.activity_id].terms
    return {
        **_facts(call, voucher),
        "voucher_id": voucher.voucher_id,
        **answers.promise(terms),
        "user_voucher_base_info": _base(call, voucher),
    }


def _facts(call: Call, voucher: Voucher) -> dict[str, Any]:
    found = call.store.coupons.activities[voucher.activity_id]
    return {
        "activity_id": voucher.activity_id,
        "activity_base_info": answers.base(call.app, found, call.store.clock.now()),
        "belong_merchant_id": call.app.pid,
        "create_time": time_text(voucher.claimed_at),
        "available_begin_time": time_text(voucher.begins_at),
        "available_end_time": time_text(voucher.ends_at),
        "voucher_name": found.terms.name,
        "voucher_type": found.terms.voucher_type,
        "voucher_status": call.store.coupons.status_of(voucher),
    }


def _base(call: Call, voucher: Voucher) -> dict[str, Any]:
    terms = call.store.coupons.activities[voucher.activity_id].terms
    told: dict[str, Any] = {
        "belong_merchant_id": call.app.pid,
        "create_time": time_text(voucher.claimed_at),
        "valid_begin_time": time_text(voucher.begins_at),
        "valid_end_time": time_text(voucher.ends_at),
        "voucher_id": voucher.voucher_id,
        "voucher_name": terms.name,
        "voucher_status": call.store.coupons.status_of(voucher),
        "voucher_max_use_times": str(terms.max_uses),
        "voucher_used_times": str(voucher.used_times),
        **_trade(voucher),
    }
    return {**told, "voucher_code": voucher.code} if voucher.code else told


def _trade(voucher: Voucher) -> dict[str, str]:
    """Of the trade that it was last used in, where there is one."""
    trade_no = next((use.trade_no for use in reversed(voucher.uses) if use.given_back < use.times), "")
    return {"associate_trade_no": trade_no} if trade_no else {}


GENERAL = ("SYSTEM_ERROR", INVALID)
_PROMISE = (answers.ALL_DEDUCT, answers.DISPLAY, answers.USE_RULE)
_FACTS = (
    f"activity_id, {answers.CODED_BASE}, belong_merchant_id, create_time, available_begin_time,"
    " available_end_time, voucher_name, voucher_type, voucher_status, user_voucher_base_info{"
    "belong_merchant_id, create_time, valid_begin_time, valid_end_time, voucher_id, voucher_name,"
    " voucher_status, voucher_max_use_times, voucher_used_times, voucher_code, associate_trade_no}"
)
_PAGE = ("total_size", "page_num", "page_size")
METHODS = {
    f"{NAMES}user.batchqueryvoucher": Method(
        held,
        takes("user.batchqueryvoucher"),
        (
            *_PAGE,
            *inside("user_voucher_infos[]", *written(", ".join((_FACTS, "voucher_id", *_PROMISE)))),
        ),
        GENERAL,
    ),
    f"{NAMES}user.queryvoucher": Method(
        one,
        takes("user.queryvoucher"),
        written(", ".join((_FACTS, "associate_trade_no", *_PROMISE))),
        (*GENERAL, "VOUCHER_NOT_EXIST", "ACTIVITY_NOT_PERMISSION", "MERCHANT_RELATION_NOT_EXIST"),
    ),
    f"{NAMES}consult": Method(
        consult,
        takes("consult"),
        (
            *inside("consult_result_info_list[]", "activity_id", "consult_result_code"),
            *("open_id", "user_id"),
        ),
        GENERAL,
    ),
    f"{NAMES}query": Method(
        activity,
        takes("query"),
        written(
            ", ".join(
                (
                    *(answers.TIMES, answers.CODED_BASE, "belong_merchant_id", *_PROMISE),
                    *(answers.SEND_MODE, answers.SCOPE),
                )
            )
        ),
        GENERAL,
    ),
    f"{NAMES}batchquery": Method(
        activities,
        takes("batchquery"),
        (
            *_PAGE,
            *inside(
                "activity_lite_infos[]",
                *written(
                    ", ".join(
                        (answers.TIMES, answers.CODED_BASE, "belong_merchant_id, create_time", *_PROMISE)
                    )
                ),
            ),
        ),
        GENERAL,
    ),
}
