"""What the order centre knows of an industry's orders: which statuses there are and which of them notify.

Data, from the domain reference C.8; where that has no official table, the codes and moves are invented and
marked `simulated`. A scene's statuses stand in the order in which an order usually goes through them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Certainty = Literal["official", "simulated"]


@dataclass(frozen=True)
class Node:
    """One status. `fields`: what its message needs of business_info. `sentence`: what the customer reads.

    `moves`: statuses that may follow; None: every later one of the scene, and itself.
    """

    status: str
    name: str
    notifies: bool = False
    pushes: bool = False
    fields: tuple[str, ...] = ()
    sentence: str = ""
    moves: frozenset[str] | None = None
    certainty: Certainty = "simulated"


@dataclass(frozen=True)
class Scene:
    """`biz_type`: the platform's merchant_biz_type. `common_fields`: business_info of every message."""

    code: str
    name: str
    biz_type: str
    nodes: tuple[Node, ...]
    category_id: str = ""
    common_fields: tuple[str, ...] = ()
    certainty: Certainty = "simulated"

    def node(self, status: str) -> Node | None:
        return next((node for node in self.nodes if node.status == status), None)

    def may_follow(self, before: str, status: str) -> bool:
        """Whether the platform takes `status` after `before`; any status may be the first."""
        node = self.node(before)
        if not before or node is None:
            return self.node(status) is not None
        if node.moves is not None:
            return status in node.moves
        places = [one.status for one in self.nodes]
        return status in places and places.index(status) >= places.index(before)

    def missing_fields(self, status: str, fields: Mapping[str, str]) -> tuple[str, ...]:
        """What the message of this status lacks; none where the status does not notify."""
        node = self.node(status)
        if node is None or not node.notifies:
            return ()
        return tuple(name for name in (*self.common_fields, *node.fields) if not fields.get(name))


SCENES: Mapping[str, Scene] = {}
