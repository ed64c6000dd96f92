"""Pay coupons (支付券): made and published by call, sent to a person, redeemed at the cashier."""

from simulator.activities import ACTIVE, APPENDING, FINISHING, INIT, MODIFYING, PUBLISHING
from simulator.codes import Done, Refusal
from simulator.coupon_reading import INVALID, read_terms
from simulator.coupon_terms import PAY, RECHARGE, yuan
from simulator.methods import coupon_answers as answers
from simulator.methods.call import Call, Method
from simulator.methods.coupon_calls import (
    BIZ,
    DONE,
    LATER,
    NAMES,
    activity_of,
    begun,
    check_merchant,
    once,
    person_of,
)
from simulator.methods.coupon_changes import appended, changes, check_alive
from simulator.methods.coupon_fields import takes, written

VOUCHER = f"{NAMES}voucher."
RECHARGE_URL = "https://mrchportalweb.alipay.com/user/asset/recharge.htm?activity_id="


def create(call: Call) -> Done:
    biz = begun(call)

    def work() -> Done:
        check_merchant(call, biz, "belong_merchant_info.merchant_id")
        activity = call.store.coupons.create(call.app, PAY, read_terms(biz, PAY))
        return Done({"activity_id": activity.activity_id}, coupon_effect=DONE)

    return once(call, biz, work, taken=BIZ)


def publish(call: Call) -> Done:
    biz = begun(call)
    activity = activity_of(call, biz, PAY)

    def work() -> Done:
        if activity.operation or activity.state != INIT:
            raise Refusal(BIZ, "活动不是未激活状态，不能发布")
        call.store.coupons.begin(call.app, activity, PUBLISHING)
        return Done(_recharge(activity.terms.budget_type, activity.activity_id), coupon_effect=LATER)

    return once(call, biz, work, taken=BIZ)


def modify(call: Call) -> Done:
    biz = begun(call)
    activity, now = activity_of(call, biz, PAY), call.store.clock.now()

    def work() -> Done:
        check_alive(activity, now, INVALID)
        call.store.coupons.finish(activity, MODIFYING, changes(activity, biz), now)
        return Done({}, coupon_effect=DONE)

    return once(call, biz, work)


def append(call: Call) -> Done:
    biz = begun(call)
    activity, now = activity_of(call, biz, PAY), call.store.clock.now()

    def work() -> Done:
        check_alive(activity, now, INVALID)
        call.store.coupons.finish(activity, APPENDING, appended(activity, biz, 0), now)
        return Done(_recharge(activity.terms.budget_type, activity.activity_id), coupon_effect=DONE)

    return once(call, biz, work)


def stop(call: Call) -> Done:
    biz = begun(call)
    activity, now = activity_of(call, biz, PAY), call.store.clock.now()

    def work() -> Done:
        check_alive(activity, now, INVALID)
        if activity.state != ACTIVE:
            raise Refusal(INVALID, "活动未激活，不能停止")
        call.store.coupons.finish(activity, FINISHING, {}, now)
        return Done({}, coupon_effect=DONE)

    return once(call, biz, work)


def query(call: Call) -> Done:
    biz = begun(call)
    activity, now = activity_of(call, biz, PAY), call.store.clock.now()
    terms = activity.terms
    budget = {"budget_type": terms.budget_type}
    if terms.budget is not None:
        budget["amount"] = yuan(terms.budget)
    return Done(
        {
            **answers.times(activity, now),
            "activity_base_info": answers.base(call.app, activity, now),
            "belong_merchant_info": answers.whose(call.app),
            "voucher_budget_info": budget,
            **answers.counts(call.store.coupons.stock(activity)),
            **answers.audit(activity),
            **answers.promise(terms),
            **answers.send_mode(terms),
            **answers.scope(terms),
        }
    )


def send(call: Call) -> Done:
    biz = begun(call)
    activity = activity_of(call, biz, PAY)

    def work() -> Done:
        open_id = person_of(call, biz)
        voucher = call.store.coupons.claim(call.app, activity, open_id, through="send")
        return Done({"voucher_id": voucher.voucher_id}, coupon_effect=DONE, voucher_id=voucher.voucher_id)

    return once(call, biz, work)


def _recharge(budget_type: str, activity_id: str) -> dict[str, object]:
    """Of one that is paid for in advance. SIM: nobody has to pay here."""
    return {"recharge_url": f"{RECHARGE_URL}{activity_id}"} if budget_type == RECHARGE else {}


GENERAL = ("SYSTEM_ERROR", "INVALID_PARAMETER")
_MADE = (*GENERAL, "BIZ_ERROR", "MATERIAL_AUDIT_WAITING")
METHODS = {
    f"{VOUCHER}create": Method(create, takes("voucher.create"), ("activity_id",), _MADE),
    f"{VOUCHER}publish": Method(
        publish, takes("voucher.publish"), ("recharge_url",), (*_MADE, "BUSINESS_HAS_RISK")
    ),
    f"{VOUCHER}modify": Method(modify, takes("voucher.modify"), (), GENERAL),
    f"{VOUCHER}append": Method(append, takes("voucher.append"), ("recharge_url",), GENERAL),
    f"{VOUCHER}stop": Method(stop, takes("voucher.stop"), (), GENERAL),
    f"{VOUCHER}query": Method(
        query,
        takes("voucher.query"),
        written(
            ", ".join(
                (
                    *(answers.TIMES, answers.BASE, answers.WHOSE, "voucher_budget_info{budget_type, amount}"),
                    *(answers.COUNTS, answers.AUDIT, answers.DEDUCT, answers.DISPLAY, answers.USE_RULE),
                    *(answers.SEND_MODE, answers.SCOPE),
                )
            )
        ),
        GENERAL,
    ),
    f"{VOUCHER}send": Method(
        send,
        takes("voucher.send"),
        ("voucher_id",),
        (
            *("ACTIVITY_NOT_ACTIVE", "ACTIVITY_NOT_START", "ACTIVITY_IS_END", "ACTIVITY_IS_STOPED"),
            *("BUDGET_NOT_ENOUGH", "COUNT_OVER_LIMIT", *GENERAL),
        ),
    ),
}
