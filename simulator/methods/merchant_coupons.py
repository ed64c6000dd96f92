"""Merchant coupons (商家券): the activity, whose changes are done later and told by a push, and its codes."""

import re

from simulator.activities import APPENDING, FINISHED, FINISHING, MODIFYING, Activity
from simulator.codes import Done
from simulator.coupon_reading import INVALID, read_terms, wrong
from simulator.coupon_terms import MERCHANT, UPLOAD
from simulator.methods import coupon_answers as answers
from simulator.methods.call import Call, Method, inside
from simulator.methods.coupon_calls import (
    BIZ,
    DONE,
    LATER,
    NAMES,
    Biz,
    activity_of,
    begun,
    check_merchant,
    once,
)
from simulator.methods.coupon_changes import appended, changes, check_alive
from simulator.methods.coupon_fields import takes, written

VOUCHER = f"{NAMES}ordervoucher."
MAX_CODES = 1_000
_CODE = re.compile(r"[0-9a-zA-Z\-_+=|]{1,64}")
# SIM: which codes the platform names in the list of failures is not published.
CODE_ILLEGAL, CODE_REPEATED = "VOUCHER_CODE_ILLEGAL", "VOUCHER_CODE_REPEATED"
_WHY = {CODE_ILLEGAL: "券码格式不合法", CODE_REPEATED: "券码重复"}


def create(call: Call) -> Done:
    biz = begun(call)

    def work() -> Done:
        for name in ("belong_merchant_info", "activity_base_info.belong_merchant_info"):
            check_merchant(call, biz, f"{name}.merchant_id")
        activity = call.store.coupons.create(call.app, MERCHANT, read_terms(biz, MERCHANT))
        return Done({"activity_id": activity.activity_id}, coupon_effect=LATER)

    return once(call, biz, work, taken=BIZ)


def modify(call: Call) -> Done:
    biz, activity = _one_to_change(call)

    def work() -> Done:
        check_alive(activity, call.store.clock.now(), BIZ)
        call.store.coupons.begin(call.app, activity, MODIFYING, **changes(activity, biz))
        return Done({}, coupon_effect=LATER)

    return once(call, biz, work, taken=BIZ)


def append(call: Call) -> Done:
    biz, activity = _one_to_change(call)

    def work() -> Done:
        check_alive(activity, call.store.clock.now(), BIZ)
        uploaded = len(call.store.coupons.stock(activity).codes)
        call.store.coupons.begin(call.app, activity, APPENDING, **appended(activity, biz, uploaded))
        return Done({}, coupon_effect=LATER)

    return once(call, biz, work, taken=BIZ)


def stop(call: Call) -> Done:
    biz, activity = _one_to_change(call)

    def work() -> Done:
        check_alive(activity, call.store.clock.now(), BIZ)
        call.store.coupons.begin(call.app, activity, FINISHING)
        return Done({}, coupon_effect=LATER)

    return once(call, biz, work, taken=BIZ)


def query(call: Call) -> Done:
    biz = begun(call)
    activity, now = activity_of(call, biz, MERCHANT), call.store.clock.now()
    told = {
        **answers.times(activity, now),
        "activity_base_info": answers.base(call.app, activity, now),
        "belong_merchant_info": answers.whose(call.app),
        **answers.counts(call.store.coupons.stock(activity)),
        **answers.audit(activity),
        **answers.promise(activity.terms),
        **answers.send_mode(activity.terms),
        **answers.scope(activity.terms),
    }
    if activity.operation:
        told["activity_operation_status"] = activity.operation
    return Done(told)


def deposit(call: Call) -> Done:
    """Takes those that are right and names each that is not."""
    biz = begun(call)
    activity, now = activity_of(call, biz, MERCHANT), call.store.clock.now()
    codes = biz.get("voucher_codes")
    if isinstance(codes, str):
        codes = [one for one in codes.split(",") if one]
    if not isinstance(codes, list) or not codes or not all(isinstance(one, str) for one in codes):
        raise wrong("voucher_codes 需为券码的列表")
    if len(codes) > MAX_CODES:
        raise wrong(f"voucher_codes 每次最多 {MAX_CODES} 个")

    def work() -> Done:
        if activity.terms.code_mode != UPLOAD:
            raise wrong("活动的 code_mode 不是 MERCHANT_UPLOAD")
        if not activity.state or activity.status(now) == FINISHED:
            raise wrong("活动未创建成功或已结束")
        return Done(_deposited(call, activity, codes), coupon_effect=DONE)

    return once(call, biz, work)


def _deposited(call: Call, activity: Activity, codes: list[str]) -> dict[str, object]:
    held, taken, failures = call.store.coupons.stock(activity).codes, {}, []
    for code in codes:
        if not _CODE.fullmatch(code):
            why = CODE_ILLEGAL
        elif code in held or code in taken:
            why = CODE_REPEATED
        else:
            taken[code] = True
            continue
        failures.append({"voucher_code": code, "error_code": why, "error_msg": _WHY[why]})
    call.store.coupons.deposit(activity, list(taken))
    told: dict[str, object] = {"success_count": len(taken), "fail_count": len(failures)}
    if taken:
        told["success_voucher_code_list"] = list(taken)
    if failures:
        told["fail_voucher_code_detail_list"] = failures
    return told


def count(call: Call) -> Done:
    activity = activity_of(call, begun(call), MERCHANT)
    return Done({"success_count": len(call.store.coupons.stock(activity).codes)})


def _one_to_change(call: Call) -> tuple[Biz, Activity]:
    biz = begun(call)
    return biz, activity_of(call, biz, MERCHANT)


GENERAL = ("SYSTEM_ERROR", INVALID)
_CHANGING = (*GENERAL, BIZ)
METHODS = {
    f"{VOUCHER}create": Method(
        create,
        takes("ordervoucher.create"),
        ("activity_id",),
        (*_CHANGING, "DISCOUNT_AMOUNT_INSUFFICIENT", "BUSINESS_HAS_RISK"),
    ),
    f"{VOUCHER}modify": Method(modify, takes("ordervoucher.modify"), (), _CHANGING),
    f"{VOUCHER}append": Method(append, takes("ordervoucher.append"), (), _CHANGING),
    f"{VOUCHER}stop": Method(stop, takes("ordervoucher.stop"), (), _CHANGING),
    f"{VOUCHER}query": Method(
        query,
        takes("ordervoucher.query"),
        written(
            ", ".join(
                (
                    *(answers.TIMES, answers.CODED_BASE, answers.WHOSE, "activity_operation_status"),
                    *(answers.COUNTS, answers.AUDIT, answers.ALL_DEDUCT, answers.DISPLAY, answers.USE_RULE),
                    *(answers.SEND_MODE, answers.SCOPE),
                )
            )
        ),
        GENERAL,
    ),
    f"{VOUCHER}codedeposit": Method(
        deposit,
        takes("ordervoucher.codedeposit"),
        (
            *("success_count", "fail_count", "success_voucher_code_list[]"),
            *inside("fail_voucher_code_detail_list[]", "voucher_code", "error_code", "error_msg"),
        ),
        GENERAL,
    ),
    f"{VOUCHER}codecount": Method(count, takes("ordervoucher.codecount"), ("success_count",), GENERAL),
}
