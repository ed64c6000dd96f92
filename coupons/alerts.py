"""What a person does about an alert: dismisses it, or keeps its person from coupons until a day.

Kept from coupons: we give none, alone or in a batch issue. What is held stays usable, and what the platform
lets people claim nobody here can refuse.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from coupons.models import CouponAlert
from coupons.models.limits import ALERT_TRANSITIONS, AlertState
from merchants import events

if TYPE_CHECKING:
    from merchants.models import User


class AlertMoved(Exception):
    """Somebody else decided first: nothing was changed."""


def may(alert: CouponAlert, state: str) -> bool:
    if state == AlertState.KEPT and alert.customer_id is None:
        return False
    return state in ALERT_TRANSITIONS[alert.state]


def dismiss(alert: CouponAlert, *, reason: str, by: User, at: datetime) -> None:
    """Nothing is to be done about it; who was kept from coupons may get them again. Raises AlertMoved."""
    with transaction.atomic():
        _move(alert, AlertState.DISMISSED, reason=reason, by=by, at=at, kept_until=None)
        if alert.state == AlertState.KEPT:
            _record("coupon_alert.let_go", alert, by=by)
        else:
            _record("coupon_alert.dismissed", alert, by=by)


def keep(alert: CouponAlert, *, until: date, reason: str, by: User, at: datetime) -> None:
    """The person gets no coupon from us before that day. Raises AlertMoved."""
    if not may(alert, AlertState.KEPT):
        raise AlertMoved
    with transaction.atomic():
        _move(alert, AlertState.KEPT, reason=reason, by=by, at=at, kept_until=until)
        _record("coupon_alert.kept", alert, by=by, until=until.isoformat())


def _move(
    alert: CouponAlert, state: str, *, reason: str, by: User, at: datetime, kept_until: date | None
) -> None:
    """From the state in which it was read."""
    if not may(alert, state):
        raise AlertMoved
    rows = CouponAlert.objects.filter(pk=alert.pk, state=alert.state)
    told = {"reason": reason, "settled_by": by, "settled_at": at, "kept_until": kept_until}
    if not rows.update(state=state, **told):
        raise AlertMoved


def _record(kind: str, alert: CouponAlert, *, by: User, **detail: object) -> None:
    """Without the reason, which is erased with the person."""
    about = {"coupon": alert.coupon.name} if alert.coupon else {"customer": alert.customer_id}
    events.record(
        kind,
        merchant=alert.merchant,
        by=by,
        mini_program=alert.mini_program,
        subject=alert,
        detail={"alert": alert.kind, **about, **detail},
    )
