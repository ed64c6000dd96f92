"""Every table of coupons: the coupon, who holds one, the ledger of each, and where they are shown."""

from coupons.models.codes import CodeBook
from coupons.models.coupon import Coupon, CouponCode, CouponCount, CouponDay
from coupons.models.grant import CouponGrant, CouponRun, GrantEntry
from coupons.models.placement import Placement

__all__ = [
    "CodeBook",
    "Coupon",
    "CouponCode",
    "CouponCount",
    "CouponDay",
    "CouponGrant",
    "CouponRun",
    "GrantEntry",
    "Placement",
]
