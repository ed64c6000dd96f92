"""What the order centre knows of an industry's orders: which statuses there are and which of them notify.

Data, from the domain reference C.8; where that has no official table, the codes and moves are invented and
marked `simulated`. A scene's statuses stand in the order in which an order usually goes through them.
"""

from __future__ import annotations

from collections.abc import Mapping

from orders import scene_rental, scene_tables
from orders.scene_shapes import Certainty, Node, Scene

__all__ = ["SCENES", "Certainty", "Node", "Scene", "for_industry"]

SCENES: Mapping[str, Scene] = {
    scene.code: scene for scene in (scene_rental.ONLINE_RENTAL, *scene_tables.TABLES)
}


def for_industry(industry: str) -> list[tuple[Scene, bool]]:
    """Every scene and whether it is recommended for the industry; these stand first."""
    pairs = [(scene, industry in scene.industries) for scene in SCENES.values()]
    return sorted(pairs, key=lambda pair: not pair[1])
