"""What a merchant decides about reminders: written, changed by compare-and-set on its version, stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from coupons.models import Coupon
from merchants import events
from merchants.models import Merchant, MiniProgram, User
from messaging.models import ReminderPolicy, SubscriptionTemplate


class PolicyStands(Exception):
    """The coupon, or the mini program as a whole, has a policy already."""


class PolicyChanged(Exception):
    """Somebody changed or stopped it since it was read."""


@dataclass(frozen=True)
class Decided:
    """`values` in the order of the template's keywords; `hour` of the merchant's wall clock."""

    days_before: int
    hour: time
    template: SubscriptionTemplate
    values: list[str]
    page: str
    holdout_percent: int


def create(
    merchant: Merchant, mini_program: MiniProgram, coupon: Coupon | None, decided: Decided, *, by: User
) -> ReminderPolicy:
    """Raises PolicyStands."""
    try:
        with transaction.atomic():
            policy: ReminderPolicy = ReminderPolicy.objects.create(
                merchant=merchant, mini_program=mini_program, coupon=coupon, author=by, **_columns(decided)
            )
            _tell("reminder.decided", policy, decided, by=by)
    except IntegrityError as error:
        raise PolicyStands from error
    return policy


def change(policy: ReminderPolicy, decided: Decided, *, version: int, by: User) -> bool:
    """False when it was so before. Raises PolicyChanged. Who was reminded already is not reminded again."""
    columns = _columns(decided)
    with transaction.atomic():
        rows = ReminderPolicy.objects.filter(pk=policy.pk, version=version, stopped_at=None)
        if not rows.exists():
            raise PolicyChanged
        if rows.filter(**columns).exists():
            return False
        if not rows.update(version=version + 1, changed_at=Now(), **columns):
            raise PolicyChanged
        _tell("reminder.changed", policy, decided, by=by)
    return True


def stop(policy: ReminderPolicy, *, by: User) -> bool:
    """Nobody is reminded any more; what was handed over already leaves. False: it was stopped before."""
    with transaction.atomic():
        rows = ReminderPolicy.objects.filter(pk=policy.pk, stopped_at=None)
        if not rows.update(stopped_at=Now(), changed_at=Now()):
            return False
        events.record(
            "reminder.stopped",
            merchant=policy.merchant,
            by=by,
            mini_program=policy.mini_program,
            subject=policy,
            detail={"coupon": _name(policy)},
        )
    return True


def _columns(decided: Decided) -> dict[str, Any]:
    return {name: getattr(decided, name) for name in Decided.__dataclass_fields__}


def _tell(kind: str, policy: ReminderPolicy, decided: Decided, *, by: User) -> None:
    events.record(
        kind,
        merchant=policy.merchant,
        by=by,
        mini_program=policy.mini_program,
        subject=policy,
        detail=_detail(policy, decided),
    )


def _detail(policy: ReminderPolicy, decided: Decided) -> dict[str, Any]:
    return {
        "coupon": _name(policy),
        "days_before": decided.days_before,
        "hour": f"{decided.hour:%H:%M}",
        "template": decided.template.name,
        "holdout_percent": decided.holdout_percent,
    }


def _name(policy: ReminderPolicy) -> str:
    return policy.coupon.name if policy.coupon else ""
