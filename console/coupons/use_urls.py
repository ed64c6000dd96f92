from django.urls import path

from console.coupons import grants, scan

use_pages = [
    # at the till
    path("coupons/scan/", scan.coupon_scan, name="coupon_scan"),
    path("coupons/scan/<int:grant_id>/redeem/", scan.coupon_redeem, name="coupon_redeem"),
    # who has one, and what happened to it
    path("coupons/<int:coupon_id>/grants/", grants.coupon_grants, name="coupon_grants"),
    path("coupons/grants/<int:grant_id>/", grants.coupon_grant, name="coupon_grant"),
    path("coupons/entries/<int:entry_id>/revert/", grants.coupon_use_revert, name="coupon_use_revert"),
    path("coupons/uses/<int:use_id>/ask/", grants.coupon_use_ask, name="coupon_use_ask"),
]
