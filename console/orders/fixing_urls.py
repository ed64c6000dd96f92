from django.urls import path

from console.orders import fixing

order_fixing_pages = [
    path("orders/fixing/", fixing.order_fixing, name="order_fixing"),
    path("orders/fixing/cause/", fixing.order_fixing_cause, name="order_fixing_cause"),
    path("orders/fixing/retry/", fixing.order_fixing_retry, name="order_fixing_retry"),
]
