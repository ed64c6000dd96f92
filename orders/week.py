"""The orders of the last days as the diagnosis reads them: coverage, messages, and what kept messages back.

Most orders of a shop went the same way. The database reads the way of each order and counts those that are
alike; what is alike is judged once, by the same judge as a single order. A way holds all that the judge looks
at: the statuses in their order, what became of each, and the names of the fields that came with it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from django.db import connection

from merchants.models import MiniProgram
from orders.diagnosis import FIELDS_TELL, LACKING, Reason, Step, steps_of
from orders.models import Order, StatusChange
from orders.scenes import SCENES, Scene

WEEK_DAYS = 7
MOST_READ = 2_000  # orders that the figures are taken from

# Each way is read along the index of its order's changes. Of fields those that are empty count as none, and
# all do where the judge asks for none.
WAYS = """
WITH newest AS MATERIALIZED (
    SELECT id, scene, row_number() OVER (ORDER BY order_created_at DESC, id DESC) AS place FROM orders_order
    WHERE mini_program_id = %(app)s AND order_created_at >= %(since)s
    ORDER BY order_created_at DESC, id DESC LIMIT %(most)s + 1
), ways AS (
    SELECT o.id, o.scene, o.place, (
        SELECT array_agg(ARRAY[c.status, c.state, c.sub_code, c.words,
            CASE WHEN c.state = ANY(%(telling)s) THEN (
                SELECT jsonb_agg(f.key)::text FROM jsonb_each(c.fields) AS f
                WHERE f.value NOT IN ('""', 'null', '0', 'false', '[]', '{}')
            ) END
        ] ORDER BY c.modified_at)
        FROM orders_statuschange c WHERE c.order_id = o.id
    ) COLLATE "C" AS way
    FROM newest o WHERE o.place <= %(most)s
)
SELECT scene, way, array_agg(place), array_agg(id), (SELECT count(*)::int FROM newest)
FROM ways GROUP BY scene, way ORDER BY min(place)
"""


@dataclass
class SceneWeek:
    """`reasons`: most frequent first, only what is no message for a cause. `skipped`: statuses, likewise.

    `complete` of `judged` orders returned every notifying status between their first and their latest.
    """

    scene: Scene
    orders: int = 0
    judged: int = 0
    complete: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    one_status: int = 0

    @property
    def coverage(self) -> float | None:
        return self.complete / self.judged if self.judged else None

    @property
    def messages(self) -> int:
        return self.told.total()

    @property
    def top_reasons(self) -> list[tuple[Reason, int]]:
        return self.reasons.most_common(5)

    def add(self, steps: Sequence[Step], n: int) -> None:
        """`n` orders that went this way."""
        self.orders += n
        for step in steps:
            if step.is_trouble:
                self.reasons[step.reason] += n
            if step.is_distributed:
                self.told[step.change.status] += n
        if not steps:
            return
        path = [step.change.status for step in steps]
        self.judged += n
        self.one_status += n if len(set(path)) == 1 else 0
        skipped = skipped_nodes(self.scene, path)
        self.complete += 0 if skipped else n
        for status in skipped:
            self.skipped[status] += n


@dataclass(frozen=True)
class Flag:
    """A status that will notify and lacks fields."""

    order: Order
    step: Step


@dataclass(frozen=True)
class Week:
    """Of the newest `orders` of the last WEEK_DAYS; `is_part`: there were more than MOST_READ.

    `flags`: those of the newest orders, of `flagged` in all.
    """

    scenes: list[SceneWeek]
    flags: list[Flag]
    flagged: int
    orders: int
    is_part: bool


@dataclass(frozen=True)
class Way:
    """Orders that are judged alike, by their place among all that are read, the newest first."""

    scene: str
    changes: Sequence[StatusChange]
    orders: dict[int, int]

    def judged(self) -> tuple[Step, ...]:
        return steps_of(Order(scene=self.scene), self.changes)


def week_of(mini_program: MiniProgram, *, at: datetime, most_flags: int = 0) -> Week:
    """One bounded query, and one more where a field is missing and flags are asked for."""
    ways, is_part = _ways(mini_program, since=at - timedelta(days=WEEK_DAYS))
    scenes: dict[str, SceneWeek] = {}
    flagged = 0
    lacking: dict[int, int] = {}
    for way in ways:
        scene = SCENES.get(way.scene)
        if scene is None:
            continue
        steps = way.judged()
        scenes.setdefault(scene.code, SceneWeek(scene)).add(steps, len(way.orders))
        lacks = sum(step.reason in LACKING for step in steps)
        flagged += lacks * len(way.orders)
        if lacks:
            lacking |= way.orders
    newest = [lacking[place] for place in sorted(lacking)[:most_flags]]
    return Week(
        sorted(scenes.values(), key=lambda one: -one.orders),
        _flags(newest)[:most_flags] if newest else [],
        flagged,
        sum(len(way.orders) for way in ways),
        is_part,
    )


def _ways(mini_program: MiniProgram, *, since: datetime) -> tuple[list[Way], bool]:
    """Of the newest MOST_READ orders, and whether there are more."""
    asked: dict[str, Any] = {
        "app": mini_program.pk,
        "since": since,
        "most": MOST_READ,
        "telling": list(FIELDS_TELL),
    }
    with connection.cursor() as cursor:
        cursor.execute(WAYS, asked)
        rows = cursor.fetchall()
    change = cache(_change)
    ways = [
        Way(scene, [change(*one) for one in changes or ()], dict(zip(places, orders, strict=True)))
        for scene, changes, places, orders, _read in rows
    ]
    return ways, any(read > MOST_READ for *_, read in rows[:1])


def _change(status: str, state: str, sub_code: str, words: str, names: str | None) -> StatusChange:
    """As the judge sees it: of the fields it asks only which are there."""
    fields = dict.fromkeys(json.loads(names or "[]"), "given")
    return StatusChange(status=status, state=state, sub_code=sub_code, words=words, fields=fields)


def _flags(orders: Sequence[int]) -> list[Flag]:
    """Of these orders, in their order."""
    changes: dict[int, list[StatusChange]] = {pk: [] for pk in orders}
    rows = StatusChange.objects.filter(order__in=orders).select_related("order")
    for change in rows.order_by("modified_at"):
        changes[change.order_id].append(change)
    judged = [steps_of(own[0].order, own) for own in changes.values() if own]
    return [Flag(step.change.order, step) for steps in judged for step in steps if step.reason in LACKING]


def skipped_nodes(scene: Scene, path: Sequence[str]) -> list[str]:
    """Notifying statuses between two returned ones, that should have come there and were not returned."""
    known = {node.status: place for place, node in enumerate(scene.nodes)}
    skipped = []
    for before, status in pairwise(one for one in path if one in known):
        if scene.nodes[known[status]].course == "breaks_off":
            continue
        for node in scene.nodes[known[before] + 1 : known[status]]:
            on_the_way = scene.may_follow(before, node.status) and scene.may_follow(node.status, status)
            if node.notifies and node.course == "usual" and on_the_way and node.status not in path:
                skipped.append(node.status)
    return skipped
