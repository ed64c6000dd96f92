from django.urls import path

from console.orders import (
    by_hand,
    digests,
    figures,
    finding,
    fixing,
    importing,
    repairing,
    scene_pages,
    statuses,
    views,
)

order_pages = [
    path("orders/", views.orders, name="orders"),
    path("orders/export.csv", views.orders_export, name="orders_export"),
    path("orders/diagnosis/", finding.order_diagnosis, name="order_diagnosis"),
    path("orders/figures/", figures.order_figures, name="order_figures"),
    path("orders/statuses/", statuses.order_statuses, name="order_statuses"),
    path("orders/<int:order_id>/", views.order, name="order"),
    path("orders/digests/<int:digest_id>/", digests.order_digest, name="order_digest"),
    path("orders/digests/<int:digest_id>/read/", digests.order_digest_read, name="order_digest_read"),
    # what a status lacked, filled in
    path("orders/<int:order_id>/repair/", repairing.order_repair, name="order_repair"),
    path("orders/<int:order_id>/alike/", repairing.order_alike, name="order_alike"),
    path("orders/<int:order_id>/alike/sync/", repairing.order_alike_sync, name="order_alike_sync"),
    path("orders/<int:order_id>/alike.csv", repairing.order_alike_export, name="order_alike_export"),
    # by hand
    path("orders/new/", by_hand.order_new, name="order_new"),
    path("orders/<int:order_id>/status/", by_hand.order_status_new, name="order_status_new"),
    # from a file
    path("orders/import/", importing.order_import_new, name="order_import_new"),
    path("orders/import/<int:import_id>/", importing.order_import, name="order_import"),
    path("orders/import/<int:import_id>/start/", importing.order_import_start, name="order_import_start"),
    path("orders/import/<int:import_id>/cancel/", importing.order_import_cancel, name="order_import_cancel"),
    path(
        "orders/import/<int:import_id>/problems.csv",
        importing.order_import_problems,
        name="order_import_problems",
    ),
    path(
        "orders/import/template/<slug:code>.csv",
        importing.order_import_template,
        name="order_import_template",
    ),
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
