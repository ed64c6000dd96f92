from django.urls import path

from console.coupons import alerts, limits

guard_pages = [
    path("coupons/limits/", limits.coupon_limits, name="coupon_limits"),
    path("coupons/limits/save/", limits.coupon_limits_save, name="coupon_limits_save"),
    path("coupons/alerts/", alerts.coupon_alerts, name="coupon_alerts"),
    path("coupons/alerts/<int:alert_id>/", alerts.coupon_alert, name="coupon_alert"),
    path("coupons/alerts/<int:alert_id>/settle/", alerts.coupon_alert_settle, name="coupon_alert_settle"),
]
