"""What a scene of the order centre is made of: its statuses, their messages, their moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Certainty = Literal["official", "simulated"]


@dataclass(frozen=True)
class Node:
    """One status. `fields`: what its message needs of business_info. `sentence`: what the customer reads.

    `moves`: statuses that may follow; None: every later one of the scene, and itself. `sentence` may hold
    fields in braces, see `sentence_with`. `certainty` is of the code and of whether it notifies.
    """

    status: str
    name: str | _StrPromise
    notifies: bool = False
    pushes: bool = False
    fields: tuple[str, ...] = ()
    sentence: str | _StrPromise = ""
    moves: frozenset[str] | None = None
    certainty: Certainty = "simulated"

    def sentence_with(self, fields: Mapping[str, str]) -> str:
        """The sentence with the order's fields in it; -- stands where one is missing."""
        return str(self.sentence).format_map(_Filled(fields))


class _Filled(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "--"


@dataclass(frozen=True)
class Scene:
    """`biz_type`: the platform's merchant_biz_type. `common_fields`: business_info of every message.

    `biz_type_is_known`: somebody published it; else it is our simulation's, whatever the statuses are.
    `fixed_fields` keep the value they were first sent with. `industries`: names as in MiniProgram.industry.
    """

    code: str
    name: str | _StrPromise
    biz_type: str
    nodes: tuple[Node, ...]
    category_id: str = ""
    common_fields: tuple[str, ...] = ()
    certainty: Certainty = "simulated"
    fixed_fields: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    biz_type_is_known: bool = False

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

    def followers(self, status: str) -> tuple[Node, ...]:
        """What may come after `status`, itself left out, in the scene's order."""
        return tuple(
            node for node in self.nodes if node.status != status and self.may_follow(status, node.status)
        )

    def needed(self, status: str) -> tuple[str, ...]:
        """The fields the message of this status uses; none where it does not notify."""
        node = self.node(status)
        return (*self.common_fields, *node.fields) if node is not None and node.notifies else ()

    def missing_fields(self, status: str, fields: Mapping[str, str]) -> tuple[str, ...]:
        """What the message of this status lacks; none where the status does not notify."""
        return tuple(name for name in self.needed(status) if not fields.get(name))

    @property
    def notifying(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.notifies)

    @property
    def field_names(self) -> tuple[str, ...]:
        """Every field that a status of the scene uses, each once, as they first occur."""
        named = (name for node in self.nodes for name in node.fields)
        return tuple(dict.fromkeys((*self.common_fields, *named)))
