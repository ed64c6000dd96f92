"""What the parts of the story share while it is told: one shop on both sides."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from console.demo.plan import Past
from console.demo.pretend import Pretend
from membership.models import PeopleList
from merchants.models import MiniProgram, User
from messaging.models import SubscriptionTemplate


def token(what: str) -> uuid.UUID:
    """The form token of one part: what was told once is found by it."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"demo story: {what}")


@dataclass
class Scene:
    """`lost`: messages that never arrived and still hold a unit with us, by template's code and place."""

    past: Past
    app: MiniProgram
    platform: Pretend
    templates: dict[str, SubscriptionTemplate] = field(default_factory=dict)
    lists: dict[str, PeopleList] = field(default_factory=dict)
    lost: Counter[tuple[str, int]] = field(default_factory=Counter)

    @property
    def slug(self) -> str:
        return self.past.shop.slug

    @cached_property
    def places(self) -> dict[str, int]:
        return {open_id: place for place, open_id in enumerate(self.past.crowd.people)}

    @cached_property
    def users(self) -> dict[str, User]:
        return {user.username: user for user in User.objects.filter(is_demo=True)}

    def open_id(self, place: int) -> str:
        return self.past.crowd.people[place]
