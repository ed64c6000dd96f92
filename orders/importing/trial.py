"""What the chunks of a dry run would have kept, for the chunks behind them.

In temporary tables of the connection, so that a file of any length needs the same memory, nothing is locked,
and nobody else sees it. Only the connection that made them can use them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from membership.models import Customer
from merchants.models import MiniProgram
from orders.given import OrderGiven
from orders.intake import NOBODY, Books
from orders.models import Order

MAKE = """
DROP TABLE IF EXISTS trial_orders, trial_statuses, trial_trades;
CREATE TEMPORARY TABLE trial_orders (number text PRIMARY KEY, kept jsonb NOT NULL);
CREATE TEMPORARY TABLE trial_statuses (
    number text, modified_at timestamptz, status text NOT NULL, PRIMARY KEY (number, modified_at)
);
CREATE TEMPORARY TABLE trial_trades (trade_no text PRIMARY KEY, number text NOT NULL)
"""
AWAY = "DROP TABLE IF EXISTS trial_orders, trial_statuses, trial_trades"
KEEP_ORDERS = """
INSERT INTO trial_orders SELECT * FROM unnest(%s::text[], %s::jsonb[])
ON CONFLICT (number) DO UPDATE SET kept = excluded.kept
"""
KEEP_STATUSES = "INSERT INTO trial_statuses SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::text[])"
KEEP_TRADES = """
INSERT INTO trial_trades SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING
"""
TEXTS = ("out_biz_no", "scene", "page", "trade_no", "source", "status", "synced_status")
VALUES = ("amount_fen", "pay_amount_fen", "discount_fen", "items", "shop", "logistics", "fields")
MOMENTS = ("order_created_at", "paid_at", "status_at", "synced_at")


class Trial:
    """An `Earlier` of the intake. Use it as a context: the tables are gone behind it."""

    def __init__(self, mini_program: MiniProgram) -> None:
        self.mini_program = mini_program

    def __enter__(self) -> Trial:
        _run(MAKE)
        return self

    def __exit__(self, *_error: object) -> None:
        """After database trouble the connection may be gone, and the tables with it."""
        raw = connection.connection
        if raw is not None and not raw.closed and not connection.needs_rollback:
            _run(AWAY)

    def lay_over(self, books: Books, orders: Sequence[OrderGiven]) -> None:
        numbers = list({one.out_biz_no for one in orders})
        for (kept,) in _rows("SELECT kept FROM trial_orders WHERE number = ANY(%s)", [numbers]):
            order = self._thawed(kept)
            books.orders[order.out_biz_no] = order
        times = list({one.status.at for one in orders if one.status is not None})
        found = _rows(
            "SELECT number, modified_at, status FROM trial_statuses"
            " WHERE number = ANY(%s) AND modified_at = ANY(%s)",
            [numbers, times],
        )
        books.before.update({(number, at): status for number, at, status in found})
        trades = list({one.trade_no for one in orders if one.trade_no})
        books.trades.update(
            _rows("SELECT trade_no, number FROM trial_trades WHERE trade_no = ANY(%s)", [trades])
        )

    def keep(self, books: Books) -> None:
        touched = [books.orders[number] for number in books.touched]
        frozen = [json.dumps(_frozen(order)) for order in touched]
        _run(KEEP_ORDERS, [[order.out_biz_no for order in touched], frozen])
        changes = [(number, at, change.status) for (number, at), change in books.changes.items()]
        _run(KEEP_STATUSES, [list(column) for column in zip(*changes, strict=True)] or [[], [], []])
        traded = [order for order in touched if order.trade_no]
        _run(KEEP_TRADES, [[order.trade_no for order in traded], [order.out_biz_no for order in traded]])

    def _thawed(self, kept: str | dict[str, Any]) -> Order:
        said: dict[str, Any] = json.loads(kept) if isinstance(kept, str) else kept
        buyer = Customer(pk=NOBODY, open_id=said.pop("open_id"))
        forgotten = said.pop("forgotten_at")
        buyer.forgotten_at = datetime.fromisoformat(forgotten) if forgotten else None
        moments = {name: datetime.fromisoformat(at) if (at := said.pop(name)) else None for name in MOMENTS}
        owners = {"merchant_id": self.mini_program.merchant_id, "mini_program": self.mini_program}
        return Order(customer=buyer, **owners, **said, **moments)


def _frozen(order: Order) -> dict[str, Any]:
    buyer = order.customer
    moments = {name: at.isoformat() if (at := getattr(order, name)) else None for name in MOMENTS}
    return {
        **{name: getattr(order, name) for name in (*TEXTS, *VALUES)},
        **moments,
        "open_id": buyer.open_id,
        "forgotten_at": buyer.forgotten_at.isoformat() if buyer.forgotten_at else None,
    }


def _run(statement: str, values: Sequence[Any] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _rows(statement: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
