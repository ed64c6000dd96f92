"""What the methods of coupons have in common: whose activity, which person, and calls made twice."""

from collections.abc import Callable
from typing import Any

from simulator.activities import Activity
from simulator.codes import Done, Refusal
from simulator.coupon_reading import INVALID, check_mode, out_biz_no_of, text_at, wrong
from simulator.methods.call import Call

BIZ = "BIZ_ERROR"
NAMES = "alipay.marketing.activity."
DONE, LATER, REPEATED = "done", "later", "repeated"
Biz = dict[str, Any]


def begun(call: Call) -> Biz:
    """The content, once everything that is due by now was done."""
    biz = call.biz(INVALID, INVALID)
    check_mode(biz)
    call.store.coupons.catch_up()
    call.store.deliveries.catch_up()
    return biz


def once(call: Call, biz: Biz, work: Callable[[], Done], *, taken: str = INVALID, number: str = "") -> Done:
    """Do it, or answer what was answered to the same call before. `taken`: the sub_code for an out_biz_no
    of a call with other words. What is refused is not remembered."""
    key = (call.app.app_id, call.params["method"], number or out_biz_no_of(biz))
    before = call.store.repeats.answered(key, biz, taken)
    if before is not None:
        return Done(before, coupon_effect=REPEATED)
    done = work()
    call.store.repeats.keep(key, biz, done.fields)
    return done


def activity_of(
    call: Call, biz: Biz, kind: str, *, unknown: str = INVALID, foreign: str = INVALID
) -> Activity:
    """The merchant's own; one of the other kind is no activity of this method."""
    activity_id = text_at(biz, "activity_id", most=64)
    if not activity_id:
        raise wrong("activity_id 不能为空")
    activity = call.store.coupons.activities.get(activity_id)
    if activity is None or activity.kind not in (kind or activity.kind):
        raise Refusal(unknown, "活动不存在")
    if activity.app_id != call.app.app_id:
        raise Refusal(foreign, "活动不属于该商户" if foreign != "ACTIVITY_NOT_PERMISSION" else "")
    return activity


def person_of(call: Call, biz: Biz, open_name: str = "open_id", user_name: str = "user_id") -> str:
    """The open_id of the person who is meant."""
    open_id, user_id = biz.get(open_name), biz.get(user_name)
    if not open_id and not user_id:
        raise wrong(f"{open_name} 与 {user_name} 不能同时为空")
    known = open_id if open_id else call.app.open_id_of(user_id)
    if not isinstance(known, str) or known not in call.app.people:
        raise wrong("用户不存在")
    return known


def check_merchant(call: Call, biz: Biz, *names: str) -> None:
    """A merchant that the call names must be the one it is made for."""
    for name in names:
        given = text_at(biz, name)
        if given and given != call.app.pid:
            raise wrong(f"{name} 不是该应用的商户")
