"""Order statuses that need fixing, for the pages that show them."""

from collections.abc import Callable
from urllib.parse import urlencode

from orders.models import StatusChange
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
        return f"orders/fixing/{tail}"

    return find
