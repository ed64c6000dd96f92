"""Every table of coupons: the coupon, who holds one, the ledger of each, and where they are shown."""

from coupons.models.codes import CodeBook
from coupons.models.coupon import Coupon, CouponCode, CouponCount, CouponDay, CouponStoreDay
from coupons.models.difference import CouponCheck, CouponDifference
from coupons.models.grant import CouponGrant, CouponRun, GrantEntry
from coupons.models.placement import Placement
from coupons.models.use import CouponUse

__all__ = [
    "CodeBook",
    "Coupon",
    "CouponCheck",
    "CouponCode",
    "CouponCount",
    "CouponDay",
    "CouponDifference",
    "CouponGrant",
    "CouponRun",
    "CouponStoreDay",
    "CouponUse",
    "GrantEntry",
    "Placement",
]
