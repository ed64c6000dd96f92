"""Using a coupon and giving it back: what both the merchant's call and the cashier have to look at."""

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


def fits(activity: Activity, fee: int | None, shop: str) -> str:
    """Why it cannot be used for this bill (fen) in this shop; nothing when it can."""
    if activity.terms.shops is not None and shop not in activity.terms.shops:
        return "门店不在券的可用范围内"
    if fee is not None and activity.terms.saving(fee) is None:
        return "订单金额未达到券的使用门槛"
    return ""


def usable(voucher: Voucher, max_uses: int, now: float) -> bool:
    return voucher.status(now, max_uses) == SENDED and not voucher.deleted and now >= voucher.begins_at
