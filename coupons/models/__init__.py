"""Every table of coupons: the coupon, who holds one, the ledger of each, and where they are shown."""

from coupons.models.codes import CodeBook
from coupons.models.coupon import Coupon, CouponCode, CouponCount, CouponDay, CouponStoreDay
from coupons.models.difference import CouponCheck, CouponDifference
from coupons.models.grant import CouponGrant, CouponRun, GrantEntry
from coupons.models.limits import ClaimPace, CouponAlert, CouponLimits
from coupons.models.placement import Placement
from coupons.models.use import CouponUse

__all__ = [
    "ClaimPace",
    "CodeBook",
    "Coupon",
    "CouponAlert",
    "CouponCheck",
    "CouponCode",
    "CouponCount",
    "CouponDay",
    "CouponDifference",
    "CouponGrant",
    "CouponLimits",
    "CouponRun",
    "CouponStoreDay",
    "CouponUse",
    "GrantEntry",
    "Placement",
]
