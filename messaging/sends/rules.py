"""The merchant's own sending rules: read, and changed by compare-and-set on their version."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import time
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from merchants import events
from merchants.models import Merchant, User
from messaging.models import SendRules


@dataclass(frozen=True)
class Rules:
    """None: no such limit; both ends of the quiet hours or neither."""

    cap_day: int | None = None
    cap_week: int | None = None
    quiet_from: time | None = None
    quiet_to: time | None = None
    approve_above: int | None = None  # people of a list
    approve_above_fen: int | None = None  # what the coupon of a send may cost at worst


class RulesChanged(Exception):
    """Somebody saved other rules since these were read."""


def rules_of(merchant: Merchant) -> tuple[Rules, int]:
    """With their version, which is 0 before anybody set any."""
    row = SendRules.objects.filter(merchant=merchant).first()
    if row is None:
        return Rules(), 0
    return Rules(**{one.name: getattr(row, one.name) for one in fields(Rules)}), row.version


def save(merchant: Merchant, rules: Rules, *, version: int, by: User) -> bool:
    """False when they were so before. Raises RulesChanged when `version` is no longer the newest."""
    try:
        with transaction.atomic():
            before, newest = rules_of(merchant)
            if newest != version:
                raise RulesChanged
            if before == rules:
                return False
            _write(merchant, rules, version=version, by=by)
            detail = _told(rules) | {f"{name}_before": value for name, value in _told(before).items()}
            events.record("rules.changed", merchant=merchant, by=by, detail=detail)
    except IntegrityError as error:  # two first ones at once
        raise RulesChanged from error
    return True


def _told(rules: Rules) -> dict[str, Any]:
    return {
        name: f"{value:%H:%M}" if isinstance(value, time) else value for name, value in asdict(rules).items()
    }


def _write(merchant: Merchant, rules: Rules, *, version: int, by: User) -> None:
    if not version:
        SendRules.objects.create(merchant=merchant, changed_by=by, **asdict(rules))
        return
    rows = SendRules.objects.filter(merchant=merchant, version=version)
    if not rows.update(version=version + 1, changed_by=by, changed_at=Now(), **asdict(rules)):
        raise RulesChanged
