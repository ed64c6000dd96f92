"""Why a coupon is not used, held or given back, where the platform was not asked.

Beside them stand the codes of coupons.ledger.why_not: too_early, too_late, wrong_hours, reserved, too_often
and not_usable.
"""

from __future__ import annotations

PAY_COUPON = "pay_coupon"  # comes off at the cashier, by the platform alone
NO_CODE = "no_code"  # the platform never told its code
STOPPED = "stopped"  # nothing leaves from this mini program now
USED_UP = "used_up"
INVALIDATED = "invalidated"
BEING_USED = "being_used"  # somebody is using it, and the platform has not said yet
DAY_LIMIT = "day_limit"  # the person used as many today as the merchant's limits allow
STORE_NEEDED = "store_needed"
OTHER_STORE = "other_store"
GOODS_NEEDED = "goods_needed"  # it is for items, and nobody said which are on the bill
OTHER_GOODS = "other_goods"
BELOW_FLOOR = "below_floor"
RESERVATION_OVER = "reservation_over"  # this order held it before, as long as it may
NOTHING_TO_RETURN = "nothing_to_return"
NOT_DONE = "not_done"  # the use that is to be given back was not done, or nobody knows
TOO_MUCH_MONEY = "too_much_money"

NOT_REACHED = "not_reached"  # asked, and it certainly did nothing

OF_THE_ORDER = (STORE_NEEDED, OTHER_STORE, GOODS_NEEDED, OTHER_GOODS, BELOW_FLOOR, TOO_MUCH_MONEY)
OF_NOW = (
    *("too_early", "too_late", "wrong_hours", "reserved"),
    *(BEING_USED, DAY_LIMIT, STOPPED, RESERVATION_OVER),
)
