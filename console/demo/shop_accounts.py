"""What the shops' own system is given: its keys at each start, once the orders that the past left open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from console.demo import shop_files
from console.demo.apps import APPS, key_of
from console.demo.order_plan import OrderPast
from console.demo.shop_files import OpenOrder, ShopAccount, Shops, Till
from membership.models import Customer
from merchants.models import ApiKey, MiniProgram

BUYERS = 300
SEED = 7


def write(var: Path, *, api_url: str, seconds: float | None) -> None:
    """`seconds` from one return to the next; None: they return nothing more."""
    if seconds is None:
        shop_files.write_shops(var, None)
        return
    accounts = {slug: _account(MiniProgram.objects.get(app_id=APPS[slug][0])) for slug in APPS}
    shop_files.write_shops(var, Shops(api_url, seconds, SEED, accounts))


def _account(app: MiniProgram) -> ShopAccount:
    known = Customer.objects.filter(mini_program=app, forgotten_at=None, open_id__isnull=False)
    people = list(known.order_by("pk").values_list("open_id", flat=True)[:BUYERS])
    return ShopAccount(app.app_id, key_of(app, ApiKey.Kind.SERVER)[1], people)


def open_orders(var: Path, past: Sequence[OrderPast]) -> None:
    """Repeatable: what came in since is not begun again."""
    left = {
        one.past.shop.slug: [
            OpenOrder(order.number, shop_files.coming(order.coming)) for order in one.orders if order.coming
        ]
        for one in past
    }
    shop_files.begin_till(var, Till(open=left))
