"""Using a coupon and giving it back: what both the merchant's call and the cashier have to look at."""

from collections.abc import Mapping

from simulator.activities import Activity, Stock
from simulator.coupon_terms import over_limit
from simulator.vouchers import EXPIRED, SENDED, USED, Voucher


def trouble(activity: Activity, stock: Stock, voucher: Voucher, now: float) -> str:
    """Why this coupon cannot be used now, as the platform says it; nothing when it can."""
    status = voucher.status(now, activity.terms.max_uses)
    if status == USED:
        return "券已核销"
    if voucher.ended:
        return "券已失效"
    if status == EXPIRED:
        return "券已过期"
    if now < voucher.begins_at:
        return "券未到可用时间"
    if over_limit(activity.terms.uses_per_user, stock.uses.get(voucher.open_id, []), now):
        return "用户核销次数超过限制"
    return ""


def counted(activity: Activity, fee: int, bill: Mapping[str, int]) -> int:
    """The part of the bill (fen) that the coupon looks at. SIM: nothing says what the platform does with the
    goods of a bill; one for certain goods looks at these."""
    mine = activity.terms.goods_ids
    return fee if mine is None else min(fee, sum(bill.get(one, 0) for one in mine))


def fits(activity: Activity, fee: int | None, shop: str, goods: Mapping[str, int] | None = None) -> str:
    """Why it cannot be used for this bill (fen; `goods`: by goods_id, None where nobody tells them) in this
    shop; nothing when it can."""
    mine = activity.terms.goods_ids
    if goods is not None and mine is not None:
        if not any(one in goods for one in mine):
            return "商品不在券的可用范围内"
        fee = None if fee is None else counted(activity, fee, goods)
    if activity.terms.shops is not None and shop not in activity.terms.shops:
        return "门店不在券的可用范围内"
    if fee is not None and activity.terms.saving(fee) is None:
        return "订单金额未达到券的使用门槛"
    return ""


def usable(voucher: Voucher, max_uses: int, now: float) -> bool:
    return voucher.status(now, max_uses) == SENDED and not voucher.deleted and now >= voucher.begins_at
