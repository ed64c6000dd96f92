from django.urls import path

from console.orders import scene_pages

order_scene_pages = [
    path("orders/scenes/", scene_pages.order_scenes, name="order_scenes"),
    path("orders/scenes/<slug:code>/", scene_pages.order_scene, name="order_scene"),
    path("orders/scenes/<slug:code>/choose/", scene_pages.order_scene_choose, name="order_scene_choose"),
    path("orders/scenes/<slug:code>/leave/", scene_pages.order_scene_leave, name="order_scene_leave"),
]
