"""Claims and uses of the coupon that a send carried, joined by person, coupon and time.

The platform tells of a claim neither the message nor the place (domain D.8). So a claim counts for a send if
its person was accepted before it and the plan ran; who got two sends of the same plan counts in both.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q

from messaging.models import CarriedCount, SendControl

COUNTED_DAYS = 30  # after the plan's end: what was claimed may be used later
AT_ONCE = 50
AGAIN_AFTER = timedelta(minutes=1)
COUNT = """
SELECT count(*)::int, count(*) FILTER (WHERE used_times > 0)::int FROM (
    SELECT g.customer_id, max(g.used_times) AS used_times FROM coupons_coupongrant g
    WHERE g.coupon_id = %(coupon)s AND g.source = 'claim'
        AND g.claimed_at >= %(since)s AND g.claimed_at <= %(until)s
        AND EXISTS (
            SELECT FROM messaging_delivery d
            WHERE d.customer_id = g.customer_id AND d.books_month = %(month)s AND d.send_id = %(send)s
                AND d.state = 'accepted' AND d.sent_at <= g.claimed_at
        )
    GROUP BY g.customer_id
) people
"""


def count_due(*, at: datetime) -> int:
    """Sends that began and carry a coupon, those counted longest ago first. How many were counted."""
    rows = SendControl.objects.filter(
        placement__isnull=False,
        started_at__isnull=False,
        archived_at=None,
        placement__ends_at__gte=at - timedelta(days=COUNTED_DAYS),
    )
    due = rows.filter(Q(carried=None) | Q(carried__counted_at__lt=at - AGAIN_AFTER))
    ordered = due.select_related("placement").order_by(F("carried__counted_at").asc(nulls_first=True), "pk")
    found = list(ordered[:AT_ONCE])
    for control in found:
        count(control, at=at)
    return len(found)


def count(control: SendControl, *, at: datetime) -> CarriedCount:
    placement = control.placement
    if placement is None or control.started_at is None:
        raise ValueError(f"send {control.pk} carries no coupon, or did not begin")
    asked: dict[str, Any] = {
        "coupon": placement.coupon_id,
        "since": control.started_at,
        "until": placement.ends_at,
        "month": control.books_month,
        "send": control.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT, asked)
        claimed, used = cursor.fetchone()
    told = {"claimed": claimed, "used": used, "counted_at": at}
    counted, _is_new = CarriedCount.objects.update_or_create(control=control, defaults=told)
    return counted
