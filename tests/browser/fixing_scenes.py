"""Order statuses that need fixing, for the pages that show them."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from django.utils import timezone

from orders.models import OrderDigest, StatusChange
from tests import build_orders
from tests.browser.scenes import Scenes

SUB_CODE, WORDS = "INVALID_PARAMETER", "订单状态乱序"
CAUSE = urlencode({"code": SUB_CODE, "words": WORDS})


def fixing(tail: str = "") -> Callable[[Scenes], str]:
    """With two statuses of one cause."""

    def find(scenes: Scenes) -> str:
        app = scenes.house.app
        dead = StatusChange.objects.filter(state="dead", merchant=app.merchant)
        for _number in range(2 - dead.filter(sub_code=SUB_CODE, words=WORDS).count()):
            of = build_orders.order(app)
            build_orders.change(of, "OVERDUE", state="dead", sub_code=SUB_CODE, words=WORDS)
        if not StatusChange.objects.filter(state="unknown", merchant=app.merchant).exists():
            build_orders.change(build_orders.order(app), "IN_DELIVERY", state="unknown")
        return f"orders/fixing/{tail}"

    return find


def a_digest(scenes: Scenes) -> str:
    """A day on which two statuses lacked fields; read by nobody, so home and diagnosis lead to it."""
    app = scenes.house.app
    known = OrderDigest.objects.filter(mini_program=app).first()
    if known is None:
        examples = [build_orders.order(app).pk for _number in range(2)]
        told = [("IN_DELIVERY", ["courier_number", "delivery_time"], 23), ("OVERDUE", ["overdue_amount"], 4)]
        lacks = [
            {"scene": "online_rental", "status": status, "fields": fields, "orders": n, "examples": examples}
            for status, fields, n in told
        ]
        day = timezone.localdate() - timedelta(days=1)
        owners = {"merchant": app.merchant, "mini_program": app}
        known = OrderDigest.objects.create(**owners, day=day, orders=27, lacks=lacks)
    return f"orders/digests/{known.pk}/"
