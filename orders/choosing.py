"""Which scenes a mini program returns its orders in."""

from __future__ import annotations

from django.db import transaction

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
    """False when it was not chosen. Raises SceneHasOrders."""
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
