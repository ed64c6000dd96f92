from django.urls import path

from console.coupons import differing, figures, plan_figures, reconciliation, store_figures

book_pages = [
    path("coupons/books/", reconciliation.coupon_books, name="coupon_books"),
    path("coupons/<int:coupon_id>/check/", reconciliation.coupon_check, name="coupon_check"),
    path("coupons/differences/", reconciliation.coupon_differences, name="coupon_differences"),
    path(
        "coupons/differences/export/",
        reconciliation.coupon_differences_export,
        name="coupon_differences_export",
    ),
    path("coupons/differences/<int:difference_id>/", differing.coupon_difference, name="coupon_difference"),
    path(
        "coupons/differences/<int:difference_id>/settle/",
        differing.coupon_difference_settle,
        name="coupon_difference_settle",
    ),
    path("coupons/figures/", figures.coupon_figures, name="coupon_figures"),
    path("coupons/figures/export/", figures.coupon_figures_export, name="coupon_figures_export"),
    path("coupons/figures/messages/", plan_figures.coupon_plan_figures, name="coupon_plan_figures"),
    path(
        "coupons/figures/messages/export/",
        plan_figures.coupon_plan_figures_export,
        name="coupon_plan_figures_export",
    ),
    path("coupons/figures/stores/", store_figures.coupon_store_figures, name="coupon_store_figures"),
    path(
        "coupons/figures/stores/export/",
        store_figures.coupon_store_figures_export,
        name="coupon_store_figures_export",
    ),
]
