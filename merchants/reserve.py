"""The reserve of a mini program: calls a second that batches cannot spend, so that single ones never wait.

Read for every take of tokens (merchants.rate), so a change holds at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from merchants.events import record
from merchants.models import MiniProgram

if TYPE_CHECKING:
    from merchants.models import User


class ReserveChanged(Exception):
    """Somebody set another one since it was read."""


class ReserveRefused(ValueError):
    """Not a number from 0 to most_reserve()."""


def most_reserve(mini_program: MiniProgram) -> int:
    """Half of the limit: batches always keep the other half."""
    return mini_program.rate_per_second // 2


def set_reserve(mini_program: MiniProgram, *, by: User, per_second: int, seen: int) -> bool:
    """Compare-and-set on `seen`; False where it was so before. Raises ReserveChanged, ReserveRefused."""
    if not 0 <= per_second <= most_reserve(mini_program):
        raise ReserveRefused(f"{per_second} is not from 0 to {most_reserve(mini_program)}")
    if per_second == seen == mini_program.reserve_per_second:
        return False
    with transaction.atomic():
        rows = MiniProgram.objects.filter(pk=mini_program.pk, reserve_per_second=seen)
        if not rows.update(reserve_per_second=per_second):
            raise ReserveChanged
        record(
            "mini_program.reserve",
            merchant=mini_program.merchant,
            by=by,
            mini_program=mini_program,
            subject=mini_program,
            detail={"before": seen, "after": per_second},
        )
    mini_program.refresh_from_db()
    return True
