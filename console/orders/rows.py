"""One line of the orders: what it shows and what it exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from console.orders.words import name_of, why
from console.states import ORDER_SYNC
from membership.uploads import safe_against_formulas
from orders.diagnosis import Reason, Step, steps_of
from orders.models import Order, StatusChange
from orders.scenes import SCENES

HEAD = (
    *("number", "trade_number", "scene", "status", "status_at", "sync", "sync_state", "why"),
    *("messages", "amount_yuan", "placed_at", "person"),
)


@dataclass(frozen=True)
class Row:
    order: Order
    steps: Sequence[Step]

    @property
    def scene_name(self) -> str:
        scene = SCENES.get(self.order.scene)
        return str(scene.name) if scene else self.order.scene

    @property
    def newest(self) -> Step | None:
        return self.steps[-1] if self.steps else None

    @property
    def status_name(self) -> str:
        return name_of(self.newest) if self.newest else ""

    @property
    def sync(self) -> str:
        return self.newest.change.state if self.newest else "none"

    @property
    def why(self) -> str:
        """Empty where the state says it already."""
        said = self.newest is None or not self.newest.is_trouble or self.newest.reason == Reason.UNKNOWN
        return "" if said or self.newest is None else why(self.newest)

    @property
    def told(self) -> int:
        return sum(step.is_distributed for step in self.steps)

    @property
    def expected(self) -> int:
        return len({step.change.status for step in self.steps if step.node and step.node.notifies})

    @property
    def dead(self) -> int:
        """Statuses before the newest that need fixing."""
        return sum(step.change.state == StatusChange.State.DEAD for step in self.steps[:-1])

    @property
    def amount(self) -> str:
        return yuan(self.order.amount_fen)

    def cells(self, zone: ZoneInfo) -> list[str]:
        """Of the person only our own number: no id leaves in an export of orders."""
        order = self.order
        values = [
            *(order.out_biz_no, order.trade_no, self.scene_name, self.status_name),
            f"{order.status_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if order.status_at else "",
            *(ORDER_SYNC[self.sync].word, self.sync, self.why, self.told),
            "" if order.amount_fen is None else f"{order.amount_fen / 100:.2f}",
            f"{order.order_created_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            order.customer_id,
        ]
        return [safe_against_formulas(str(value)) for value in values]


def rows_of(orders: Sequence[Order], changes: dict[int, list[StatusChange]]) -> list[Row]:
    return [Row(order, steps_of(order, changes[order.pk])) for order in orders]


def yuan(fen: int | None) -> str:
    return "--" if fen is None else f"¥{fen / 100:,.2f}"
