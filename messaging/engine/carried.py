"""Sends whose messages carry a coupon go out only while the platform shows it.

One that is due waits until its plan is live, and is missed if that takes too long; one under way is paused
when its plan ends, so that nobody reads of a coupon that is not there.
"""

from __future__ import annotations

from contextlib import suppress

from django.db.models import Exists, OuterRef, Q, QuerySet

from coupons.models import Placement
from coupons.models.placement import PlacementState
from messaging.engine.control import MoveRefused, pause
from messaging.models import Delivery, PauseReason, SendControl, SendState

# For a statement that knows the send as s.
IS_SHOWN = (
    "(s.placement_id IS NULL OR EXISTS (SELECT FROM coupons_placement p"
    " WHERE p.id = s.placement_id AND p.state = 'active'))"
)


def uncarried() -> Q:
    live = Placement.objects.filter(pk=OuterRef("placement"), state=PlacementState.ACTIVE)
    return Q(~Exists(live), placement__isnull=False)


def pause_uncarried() -> int:
    """sending → paused where people are left; one that only waits for answers goes on."""
    moved = 0
    rows: QuerySet[SendControl] = SendControl.objects.filter(uncarried(), state=SendState.SENDING)
    left = Delivery.objects.filter(
        send=OuterRef("pk"), books_month=OuterRef("books_month"), state__in=["queued", "claimed"]
    )
    for control in rows.filter(Exists(left)).select_related("merchant", "mini_program").order_by("pk"):
        with suppress(MoveRefused):
            pause(control, by=None, reason=PauseReason.COUPON)
            moved += 1
    return moved
