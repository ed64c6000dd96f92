"""A merchant's coupon in use: given out, redeemed, given back, ended; all by its code."""

from typing import Any

from simulator.activities import Activity
from simulator.codes import SUB_CODES, Done, Refusal
from simulator.coupon_reading import (
    INVALID,
    MAX_OUT_BIZ_NO_CHARS,
    number_at,
    read_bill,
    read_fee,
    read_time,
    text_at,
    wrong,
)
from simulator.coupon_terms import API, MERCHANT
from simulator.methods.call import Call, Method, inside
from simulator.methods.coupon_calls import (
    BIZ,
    DONE,
    NAMES,
    REPEATED,
    Biz,
    activity_of,
    begun,
    check_merchant,
    once,
    person_of,
)
from simulator.methods.coupon_fields import takes
from simulator.redeeming import counted, fits, trouble
from simulator.vouchers import SENDED, Use, Voucher

VOUCHER = f"{NAMES}ordervoucher."
ALIPAY, *OTHERS = CHANNELS = ("ZHIFUBAO_TRADE_CHANNEL", "WX_TRADE_CHANNEL", "OTHER_TRADE_CHANNEL")
NO_PERMISSION = "ACTIVITY_NOT_PERMISSION"
MAX_RECEIVED = 20


def use(call: Call) -> Done:
    biz = begun(call)
    activity = activity_of(call, biz, MERCHANT, foreign=NO_PERMISSION)
    code, fee, channel = _code(biz), read_fee(biz, "total_fee"), text_at(biz, "trade_channel")
    trade_no, shop = text_at(biz, "trade_no", most=64), text_at(biz, "store_id", "real_shop_id", most=64)
    times = number_at(biz, "voucher_use_detail_info.voucher_use_times", most=1_000) or 1
    goods = read_bill(biz)
    _check_moment(biz)
    if fee is None:
        raise wrong("total_fee 不能为空")
    if channel not in CHANNELS:
        raise wrong("trade_channel 不合法")
    if channel == ALIPAY and not trade_no:
        raise wrong("trade_channel 为 ZHIFUBAO_TRADE_CHANNEL 时 trade_no 不能为空")

    def work() -> Done:
        voucher = _held(call, activity, code)
        stock, now = call.store.coupons.stock(activity), call.store.clock.now()
        why = trouble(activity, stock, voucher, now) or fits(activity, fee, shop, goods)
        if not why and voucher.used_times + times > activity.terms.max_uses:
            why = "核销次数超过券的可用次数"
        buyer = call.store.forms.buyer_of(trade_no)
        if not why and buyer is not None and buyer != (voucher.app_id, voucher.open_id):
            why = "交易买家与券的持有人不一致"
        if why:
            raise Refusal(BIZ, why)
        saved = activity.terms.saving(counted(activity, fee, goods)) or 0
        call.store.coupons.redeem(voucher, Use(now, times, trade_no, fee, saved, shop))
        return _used(activity, voucher)

    return once(call, biz, work, taken=BIZ)


def refund(call: Call) -> Done:
    """Gives uses back, also of one whose time is over: that stays unusable."""
    biz = begun(call)
    activity = activity_of(call, biz, MERCHANT, foreign=BIZ)
    code = _code(biz)
    wanted = number_at(biz, "voucher_refund_detail_info.voucher_refund_use_times", most=1_000)
    read_fee(biz, "total_fee")
    _check_moment(biz)

    def work() -> Done:
        voucher = _held(call, activity, code)
        times = wanted or voucher.used_times
        if not times or times > voucher.used_times:
            raise Refusal(BIZ, "券未核销，不能退回")
        call.store.coupons.give_back(voucher, times)
        return _used(activity, voucher)

    return once(call, biz, work, taken=BIZ)


def invalid(call: Call) -> Done:
    """Ends a coupon that nobody has used."""
    biz = begun(call)
    activity = activity_of(call, biz, MERCHANT)
    code = _code(biz)

    def work() -> Done:
        voucher = _held(call, activity, code)
        if voucher.used_times or call.store.coupons.status_of(voucher) != SENDED:
            raise Refusal(BIZ, "仅未使用的券可以失效")
        call.store.coupons.end(voucher, "invalid")
        return Done({}, coupon_effect=DONE, voucher_id=voucher.voucher_id)

    return once(call, biz, work, taken=BIZ)


def send(call: Call) -> Done:
    """One to a person who paid for it, or is given it. SIM: the trade is not looked at but for its buyer."""
    biz = begun(call)
    activity = activity_of(call, biz, MERCHANT)
    trade_no, channel = text_at(biz, "trade_no", most=64), text_at(biz, "trade_channel")
    if channel not in ("", *CHANNELS):
        raise wrong("trade_channel 不合法")

    def work() -> Done:
        open_id = person_of(call, biz)
        buyer = call.store.forms.buyer_of(trade_no)
        if buyer is not None and buyer != (call.app.app_id, open_id):
            raise Refusal(BIZ, "交易买家与用户不一致")
        if activity.terms.code_mode == API:
            raise Refusal(BIZ, "活动的 code_mode 为 MERCHANT_API，券码由商家提供")
        voucher = _claimed(call, activity, open_id, trade_no=trade_no)
        return Done(
            {"voucher_code": voucher.code},
            coupon_effect=DONE,
            voucher_id=voucher.voucher_id,
            voucher_code=voucher.code,
        )

    return once(call, biz, work, taken=BIZ)


def receive(call: Call) -> Done:
    """Tells who got which code; each of the list stands for itself."""
    biz = begun(call)
    check_merchant(call, biz, "send_merchant_id")
    open_id = person_of(call, biz, "user_open_id")
    wishes = biz.get("receive_info_list")
    if (
        not isinstance(wishes, list)
        or not 1 <= len(wishes) <= MAX_RECEIVED
        or not all(isinstance(one, dict) for one in wishes)
    ):
        raise wrong(f"receive_info_list 需为 1 到 {MAX_RECEIVED} 项的列表")
    results, effects = [], []
    for wish in wishes:
        told, effect = _received(call, open_id, wish)
        results.append(told)
        effects.append(effect)
    effect = REPEATED if set(effects) == {REPEATED} else DONE
    return Done({"receive_result_list": results}, coupon_effect=effect)


def _received(call: Call, open_id: str, wish: Biz) -> tuple[dict[str, Any], str]:
    said = {name: wish[name] for name in ("activity_id", "out_biz_no") if isinstance(wish.get(name), str)}
    try:
        done = once(call, {**wish, "user": open_id}, lambda: _receive_one(call, open_id, wish), taken=BIZ)
    except Refusal as refusal:
        failed = {"result": "FAIL", "retry": "N", "error_code": refusal.sub_code}
        return {**said, **failed}, ""
    return {**said, "result": "SUCCESS", **done.fields}, done.coupon_effect or ""


def _receive_one(call: Call, open_id: str, wish: Biz) -> Done:
    activity = activity_of(call, wish, MERCHANT)
    code = text_at(wish, "voucher_code", most=64)
    if activity.terms.code_mode == API:
        if not code:
            raise wrong("voucher_code 不能为空")
        if call.store.coupons.by_code(activity.activity_id, code) is not None:
            raise Refusal(BIZ, "券码已被领取")
    elif code:
        raise wrong("活动的 code_mode 不是 MERCHANT_API，不能指定 voucher_code")
    voucher = _claimed(call, activity, open_id, code=code)
    return Done({"voucher_id": voucher.voucher_id, "voucher_code": voucher.code}, coupon_effect=DONE)


def _claimed(call: Call, activity: Activity, open_id: str, *, code: str = "", trade_no: str = "") -> Voucher:
    """The refusals of pay coupons are no refusals of these methods: here they are a business error."""
    try:
        return call.store.coupons.claim(
            call.app, activity, open_id, through="api", code=code, trade_no=trade_no
        )
    except Refusal as refusal:
        raise Refusal(BIZ, SUB_CODES[refusal.sub_code][1]) from refusal


def _held(call: Call, activity: Activity, code: str) -> Voucher:
    voucher = call.store.coupons.by_code(activity.activity_id, code)
    if voucher is None:
        raise Refusal(BIZ, "券码不存在")
    return voucher


def _code(biz: Biz) -> str:
    code = text_at(biz, "voucher_code", most=MAX_OUT_BIZ_NO_CHARS)
    if not code:
        raise wrong("voucher_code 不能为空")
    return code


def _check_moment(biz: Biz) -> None:
    if biz.get("biz_dt") not in (None, "") and read_time(biz["biz_dt"]) is None:
        raise wrong("biz_dt 格式错误")


def _used(activity: Activity, voucher: Voucher) -> Done:
    """SIM: the number that the contract names is of the uses that could be given back."""
    left = {"voucher_max_un_use_times": str(voucher.used_times)}
    return Done(
        {"activity_id": activity.activity_id, "voucher_use_detail_result_info": left},
        coupon_effect=DONE,
        voucher_id=voucher.voucher_id,
    )


GENERAL = ("SYSTEM_ERROR", INVALID)
_LEFT = ("activity_id", "voucher_use_detail_result_info.voucher_max_un_use_times")
METHODS = {
    f"{VOUCHER}use": Method(use, takes("ordervoucher.use"), _LEFT, (*GENERAL, BIZ, NO_PERMISSION)),
    f"{VOUCHER}refund": Method(refund, takes("ordervoucher.refund"), _LEFT, (*GENERAL, BIZ)),
    f"{VOUCHER}invalid": Method(invalid, takes("ordervoucher.invalid"), (), (*GENERAL, BIZ)),
    f"{VOUCHER}send": Method(send, takes("ordervoucher.send"), ("voucher_code",), (*GENERAL, BIZ)),
    f"{VOUCHER}receive": Method(
        receive,
        takes("ordervoucher.receive"),
        inside(
            "receive_result_list[]",
            *("activity_id", "out_biz_no", "result", "retry", "error_code", "voucher_code", "voucher_id"),
        ),
        GENERAL,
    ),
}
