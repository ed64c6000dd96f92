from django.urls import path

from console.saved_views import views

saved_view_pages = [
    path("sends/views/new/", views.view_new, name="view_new"),
    path("views/<int:view_id>/", views.view_edit, name="view"),
    path("views/<int:view_id>/delete/", views.view_delete, name="view_delete"),
    path("orders/views/new/", views.order_view_new, name="order_view_new"),
    path("orders/views/<int:view_id>/", views.order_view_edit, name="order_view"),
    path("orders/views/<int:view_id>/delete/", views.order_view_delete, name="order_view_delete"),
    path("sends/<int:send_id>/people/views/new/", views.people_view_new, name="send_people_view_new"),
    path(
        "sends/<int:send_id>/people/views/<int:view_id>/",
        views.people_view_edit,
        name="send_people_view",
    ),
    path(
        "sends/<int:send_id>/people/views/<int:view_id>/delete/",
        views.people_view_delete,
        name="send_people_view_delete",
    ),
]
