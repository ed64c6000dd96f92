from django.urls import path

from console.coupons import audiences, codes, design, moves, placements, views

coupon_pages = [
    path("coupons/", views.coupons, name="coupons"),
    path("coupons/new/", design.coupon_new, name="coupon_new"),
    path("coupons/preview/", design.coupon_preview, name="coupon_preview"),
    path("coupons/<int:coupon_id>/", views.coupon, name="coupon"),
    path("coupons/<int:coupon_id>/edit/", design.coupon_edit, name="coupon_edit"),
    path("coupons/<int:coupon_id>/delete/", design.coupon_delete, name="coupon_delete"),
    path("coupons/<int:coupon_id>/submit/", moves.coupon_submit, name="coupon_submit"),
    path("coupons/<int:coupon_id>/publish/", moves.coupon_publish, name="coupon_publish"),
    path("coupons/<int:coupon_id>/append/", moves.coupon_append, name="coupon_append"),
    path("coupons/<int:coupon_id>/extend/", moves.coupon_extend, name="coupon_extend"),
    path("coupons/<int:coupon_id>/stop/", moves.coupon_stop, name="coupon_stop"),
    path("coupons/<int:coupon_id>/ask-again/", moves.coupon_ask_again, name="coupon_ask_again"),
    path("coupons/<int:coupon_id>/take-back/", moves.coupon_take_back, name="coupon_take_back"),
    path("coupons/<int:coupon_id>/codes/", codes.coupon_codes, name="coupon_codes"),
    path("coupons/<int:coupon_id>/codes/keep/", codes.coupon_codes_keep, name="coupon_codes_keep"),
    path("coupons/<int:coupon_id>/codes/go-on/", codes.coupon_codes_go_on, name="coupon_codes_go_on"),
    path("coupons/<int:coupon_id>/codes/failed/", codes.coupon_codes_failed, name="coupon_codes_failed"),
    # where they are shown
    path("coupons/<int:coupon_id>/audience/", audiences.coupon_audience, name="coupon_audience"),
    path("coupons/development/", placements.coupon_development, name="coupon_development"),
    path("coupons/placements/", placements.placements, name="placements"),
    path("coupons/<int:coupon_id>/placements/new/", placements.placement_new, name="placement_new"),
    path("coupons/placements/<int:placement_id>/", placements.placement, name="placement"),
    path("coupons/placements/<int:placement_id>/stop/", placements.placement_stop, name="placement_stop"),
    path("coupons/placements/<int:placement_id>/again/", placements.placement_again, name="placement_again"),
]
