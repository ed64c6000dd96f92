from django.urls import path

from console.orders import finding, views

order_pages = [
    path("orders/", views.orders, name="orders"),
    path("orders/export.csv", views.orders_export, name="orders_export"),
    path("orders/diagnosis/", finding.order_diagnosis, name="order_diagnosis"),
    path("orders/<int:order_id>/", views.order, name="order"),
]
