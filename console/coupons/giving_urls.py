from django.urls import path

from console.coupons import giving, issuing, run_moves, runs

giving_pages = [
    # one person
    path("coupons/<int:coupon_id>/give/", giving.coupon_give, name="coupon_give"),
    path("people/<int:customer_id>/give/", giving.person_give, name="person_give"),
    path("coupons/grants/<int:grant_id>/decide/", giving.coupon_grant_decide, name="coupon_grant_decide"),
    # a list of people
    path("coupons/<int:coupon_id>/issue/", issuing.coupon_issue, name="coupon_issue"),
    path(
        "coupons/<int:coupon_id>/issue/<int:list_id>/",
        issuing.coupon_issue_confirm,
        name="coupon_issue_confirm",
    ),
    path("coupons/runs/", runs.coupon_runs, name="coupon_runs"),
    path("coupons/runs/<int:run_id>/", runs.coupon_run, name="coupon_run"),
    path("coupons/runs/<int:run_id>/people/", runs.coupon_run_people, name="coupon_run_people"),
    path("coupons/runs/<int:run_id>/move/", run_moves.coupon_run_move, name="coupon_run_move"),
    path("coupons/runs/<int:run_id>/cancel/", run_moves.coupon_run_cancel, name="coupon_run_cancel"),
]
