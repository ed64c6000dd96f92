"""Which scenes a mini program returns its orders in.

A new order is taken only in a chosen scene; one that we know goes on in its own, and its scene stays chosen.
Whoever keeps a new order holds the row of its choice, whoever leaves the scene waits for that and then looks
for orders: of the two, one always sees the other.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection, transaction

from merchants import events
from merchants.models import MiniProgram, User
from orders.models import ChosenScene, Order
from orders.scenes import SCENES, Scene


class SceneHasOrders(Exception):
    """An order keeps its scene for life, so a scene with orders stays chosen."""


def chosen_scenes(mini_program: MiniProgram) -> list[Scene]:
    """In the order they were chosen."""
    rows = ChosenScene.objects.for_merchant(mini_program.merchant).filter(mini_program=mini_program)
    codes = rows.order_by("chosen_at", "pk").values_list("scene", flat=True)
    return [SCENES[code] for code in codes if code in SCENES]


def hold_chosen(mini_program: MiniProgram, scenes: Collection[str]) -> set[str]:
    """Which of `scenes` are chosen; none of them can be left before the caller's transaction ends.

    FOR KEY SHARE, which Django has no word for: many may hold a choice at once, and only a DELETE waits.
    """
    if not scenes:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT scene FROM orders_chosenscene WHERE mini_program_id = %s AND scene = ANY(%s)"
            " ORDER BY id FOR KEY SHARE",
            [mini_program.pk, list(scenes)],
        )
        return {scene for (scene,) in cursor.fetchall()}


def choose(mini_program: MiniProgram, scene: str, *, by: User) -> bool:
    """False when it was chosen before. Raises KeyError for a scene there is not."""
    known = SCENES[scene]
    with transaction.atomic():
        row, made = ChosenScene.objects.get_or_create(
            mini_program=mini_program,
            scene=known.code,
            defaults={"merchant": mini_program.merchant, "chosen_by": by},
        )
        if made:
            _record("scene.chosen", row, by=by)
    return made


def leave(mini_program: MiniProgram, scene: str, *, by: User) -> bool:
    """False when it was not chosen. Raises SceneHasOrders. Waits for new orders that are being kept."""
    with transaction.atomic():
        row = (
            ChosenScene.objects.for_merchant(mini_program.merchant)
            .select_for_update()
            .filter(mini_program=mini_program, scene=scene)
            .first()
        )
        if row is None:
            return False
        if Order.objects.filter(mini_program=mini_program, scene=scene).exists():
            raise SceneHasOrders
        _record("scene.left", row, by=by)
        row.delete()
    return True


def _record(kind: str, row: ChosenScene, *, by: User) -> None:
    events.record(
        kind,
        merchant=row.merchant,
        by=by,
        mini_program=row.mini_program,
        subject=row,
        detail={"scene": row.scene},
    )
