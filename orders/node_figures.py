"""Notifications by node and by day, for pages: sums of the kept figures, never a count of rows.

Returned = received, repeats left out. Accepted = the platform answered yes. Told = accepted at a node that
notifies, with nothing named that kept the message back: the platform tells nobody what was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from merchants.models import MiniProgram
from orders import rollups
from orders.models import StatusChange
from orders.rollups import Cell
from orders.scenes import SCENES

State = StatusChange.State
LEFT = (State.PENDING, State.SYNCING)


@dataclass
class Sums:
    """`not_told`: of nodes that notify, by Reason; what needs fixing too. `unknown`: nobody knows."""

    returned: int = 0
    accepted: int = 0
    told: int = 0
    waiting: int = 0
    unknown: int = 0
    not_told: Counter[str] = field(default_factory=Counter)

    @property
    def kept_back(self) -> int:
        return self.not_told.total()

    def add(self, cell: Cell, *, notifies: bool) -> None:
        answered = cell.state in (State.SYNCED, State.NOT_NOTIFIED)
        self.returned += cell.n
        self.accepted += cell.n if answered else 0
        self.waiting += cell.n if cell.state in LEFT else 0
        if not notifies:
            return
        if cell.state == State.UNKNOWN or (cell.state == State.SYNCED and cell.cause):
            self.unknown += cell.n
        elif cell.state == State.SYNCED:
            self.told += cell.n
        elif cell.state == State.SUPERSEDED:
            self.not_told[cell.cause or "late"] += cell.n
        elif cell.state not in LEFT:
            self.not_told[cell.cause or "refused"] += cell.n


@dataclass
class NodeSums(Sums):
    """One status of a scene. `notifies`: its message is expected."""

    scene: str = ""
    status: str = ""
    name: str = ""
    notifies: bool = False


@dataclass(frozen=True)
class DaySums:
    day: date
    sums: Sums


@dataclass(frozen=True)
class NodeFigures:
    """`nodes` by scene in its own order; `days` all of them; `orders_told`: handed in on these days."""

    nodes: list[NodeSums]
    days: list[DaySums]
    all: Sums
    orders_told: int


def node_figures(mini_program: MiniProgram, *, first: date, last: date) -> NodeFigures:
    """One query. Days are those of the merchant's zone on which statuses were received, both included."""
    cells = rollups.cells_of(mini_program, first=first, last=last)
    nodes: dict[tuple[str, str], NodeSums] = {}
    days = {first + timedelta(days=n): Sums() for n in range((last - first).days + 1)}
    everything, orders_told = Sums(), 0
    for cell in cells:
        if cell.state == rollups.TOLD:
            orders_told += cell.n
            continue
        node = nodes.setdefault((cell.scene, cell.status), _node(cell))
        for sums in (node, days[cell.day], everything):
            sums.add(cell, notifies=node.notifies)
    ordered = sorted(nodes.values(), key=_place)
    return NodeFigures(ordered, [DaySums(day, sums) for day, sums in days.items()], everything, orders_told)


def _node(cell: Cell) -> NodeSums:
    scene = SCENES.get(cell.scene)
    node = scene.node(cell.status) if scene else None
    name = str(node.name) if node else cell.status
    return NodeSums(
        scene=cell.scene, status=cell.status, name=name, notifies=node is not None and node.notifies
    )


def _place(sums: NodeSums) -> tuple[int, int, str]:
    scenes: Sequence[str] = list(SCENES)
    scene = SCENES.get(sums.scene)
    statuses = [node.status for node in scene.nodes] if scene else []
    where = statuses.index(sums.status) if sums.status in statuses else len(statuses)
    return (scenes.index(sums.scene) if scene else len(scenes), where, sums.status)
