from django.urls import path

from console.orders import by_hand, figures, finding, fixing, scene_pages, views

order_pages = [
    path("orders/", views.orders, name="orders"),
    path("orders/export.csv", views.orders_export, name="orders_export"),
    path("orders/diagnosis/", finding.order_diagnosis, name="order_diagnosis"),
    path("orders/figures/", figures.order_figures, name="order_figures"),
    path("orders/<int:order_id>/", views.order, name="order"),
    # by hand
    path("orders/new/", by_hand.order_new, name="order_new"),
    path("orders/<int:order_id>/status/", by_hand.order_status_new, name="order_status_new"),
    # what needs fixing
    path("orders/fixing/", fixing.order_fixing, name="order_fixing"),
    path("orders/fixing/cause/", fixing.order_fixing_cause, name="order_fixing_cause"),
    path("orders/fixing/retry/", fixing.order_fixing_retry, name="order_fixing_retry"),
    # scenes
    path("orders/scenes/", scene_pages.order_scenes, name="order_scenes"),
    path("orders/scenes/<slug:code>/", scene_pages.order_scene, name="order_scene"),
    path("orders/scenes/<slug:code>/choose/", scene_pages.order_scene_choose, name="order_scene_choose"),
    path("orders/scenes/<slug:code>/leave/", scene_pages.order_scene_leave, name="order_scene_leave"),
]
