from django.urls import path

from console.orders import by_hand

order_hand_pages = [
    path("orders/new/", by_hand.order_new, name="order_new"),
    path("orders/<int:order_id>/status/", by_hand.order_status_new, name="order_status_new"),
]
