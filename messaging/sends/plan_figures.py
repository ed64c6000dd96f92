"""What came of each plan that puts a coupon into the messages of a template, of a send or of an order.

The platform tells of a claim neither the message nor the place (domain D.8). So a claim is joined, once, to
the plan whose message its person got last before it, while the plan ran: no claim counts for two. The others
are what came otherwise; all of them together are the figures of the coupon.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, Sum

from coupons.models import CouponGrant, Placement
from coupons.models.grant import Source
from coupons.models.placement import Booth, PlacementState
from messaging.models import ClaimsJoined, Delivery, DeliveryCounter, DeliveryState, PlanCount, SendControl
from orders.scenes import SCENES

SETTLES = timedelta(minutes=5)  # after a claim was written: by then its message is known to be accepted
CLAIMS_AT_ONCE = 2_000
PLANS_AT_ONCE = 50
MOST_ORDERS = 200  # of one person, the latest
AGAIN_AFTER = timedelta(minutes=10)
LATER_AGAIN_AFTER = timedelta(days=1)  # once the plan is over so long
OVER_LONG = timedelta(days=30)
LOOKED_AT = timedelta(days=400)  # after its end: nobody holds what was claimed then any more
FIGURES = (
    *("accepted", "claimed", "redemptions", "reverted", "saved_fen", "order_fen"),
    "median_hours",
)

# When plan p stopped putting its coupon into messages, as far as the platform told.
OVER = """CASE WHEN p.state IN ('stopped', 'ended')
    THEN least(p.ends_at, coalesce(p.platform_told_at, p.ends_at)) ELSE p.ends_at END"""
JOIN = f"""
INSERT INTO messaging_carriedclaim (grant_id, placement_id, told_at)
SELECT g.id, told.placement_id, told.at
FROM coupons_coupongrant g
JOIN LATERAL (
    SELECT p.id AS placement_id, d.sent_at AS at
    FROM messaging_delivery d
    JOIN messaging_sendcontrol s ON s.id = d.send_id AND s.books_month = d.books_month
    JOIN coupons_placement p ON p.coupon_id = g.coupon_id AND p.mini_program_id = s.mini_program_id
        AND p.template_ref = s.platform_template_id
    WHERE d.customer_id = g.customer_id AND d.state = 'accepted' AND d.sent_at <= g.claimed_at
        AND p.template_ref <> '' AND p.delivery_id <> ''
        AND d.sent_at >= p.begins_at AND g.claimed_at <= {OVER}
    UNION ALL
    SELECT p.id, c.settled_at
    FROM (
        SELECT id, scene, mini_program_id FROM orders_order
        WHERE customer_id = g.customer_id AND order_created_at <= g.claimed_at
        ORDER BY order_created_at DESC LIMIT {MOST_ORDERS}
    ) o
    CROSS JOIN LATERAL (
        SELECT status, settled_at FROM orders_statuschange
        WHERE order_id = o.id AND state = 'synced' AND settled_at <= g.claimed_at OFFSET 0
    ) c
    JOIN unnest(%(references)s::text[], %(scenes)s::text[], %(statuses)s::text[])
        AS n (reference, scene, status) ON n.scene = o.scene AND n.status = c.status
    JOIN coupons_placement p ON p.coupon_id = g.coupon_id AND p.mini_program_id = o.mini_program_id
        AND p.template_ref = n.reference
    WHERE p.delivery_id <> '' AND c.settled_at >= p.begins_at AND g.claimed_at <= {OVER}
    ORDER BY at DESC, placement_id DESC LIMIT 1
) told ON true
WHERE g.id = ANY(%(grants)s)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - both are ours
OF_ORDERS = """
SELECT count(*)::int
FROM orders_statuschange c
JOIN orders_order o ON o.id = c.order_id
JOIN unnest(%(scenes)s::text[], %(statuses)s::text[]) AS n (scene, status)
    ON n.scene = o.scene AND n.status = c.status
WHERE c.merchant_id = %(merchant)s AND c.received_at >= %(received)s AND c.received_at <= %(ends)s
    AND c.state = 'synced' AND o.mini_program_id = %(mini_program)s
    AND c.settled_at >= %(begins)s AND c.settled_at <= %(ends)s
"""
SYNCED_WITHIN = timedelta(days=7)  # of its coming
OF_CLAIMS = """
SELECT count(*)::int, coalesce(sum(g.used_times), 0)::int,
    coalesce(sum(m.reverted), 0)::int, coalesce(sum(m.saved), 0)::bigint, coalesce(sum(m.bill), 0)::bigint,
    floor(percentile_cont(0.5) WITHIN GROUP (
        ORDER BY greatest(0, extract(epoch FROM m.first_at - g.claimed_at) / 3600)
    ) FILTER (WHERE m.first_at IS NOT NULL))::int
FROM messaging_carriedclaim k
JOIN coupons_coupongrant g ON g.id = k.grant_id
CROSS JOIN LATERAL (
    SELECT min(e.happened_at) FILTER (WHERE e.kind = 'redeemed') AS first_at,
        sum(e.times) FILTER (WHERE e.kind = 'reverted') AS reverted,
        sum(CASE e.kind WHEN 'redeemed' THEN e.saved_fen ELSE -e.saved_fen END) AS saved,
        sum(CASE e.kind WHEN 'redeemed' THEN e.order_fen ELSE -e.order_fen END) AS bill
    FROM coupons_grantentry e WHERE e.grant_id = g.id AND e.kind IN ('redeemed', 'reverted')
) m
WHERE k.placement_id = %(placement)s
"""


@dataclass(frozen=True, slots=True)
class WrongPlan:
    placement_id: int
    name: str
    kept: int | None
    counted: int | None


def count_due(*, at: datetime) -> int:
    """Joins new claims, then counts plans that began, those counted longest ago first. How many plans."""
    rows = _begun(at=at).filter(ends_at__gt=at - LOOKED_AT)
    is_old = Q(plan_count__counted_at__lt=at - AGAIN_AFTER, ends_at__gt=at - OVER_LONG)
    is_older = Q(plan_count__counted_at__lt=at - LATER_AGAIN_AFTER)
    due = rows.filter(Q(plan_count=None) | is_old | is_older)
    ordered = due.order_by(F("plan_count__counted_at").asc(nulls_first=True), "pk")
    found = list(ordered[:PLANS_AT_ONCE])
    for coupon_id in sorted({one.coupon_id for one in found}):
        while join_claims(coupon_id, at=at) == CLAIMS_AT_ONCE:
            continue
    for placement in found:
        count(placement, at=at)
    return len(found)


def _begun(*, at: datetime) -> Any:
    """In messages, and taken by the platform."""
    return Placement.objects.filter(booth=Booth.SERVICE_MESSAGE, begins_at__lte=at).exclude(delivery_id="")


def join_claims(coupon_id: int, *, at: datetime) -> int:
    """The next claims in the order of their coming. How many were looked at; each is looked at once."""
    with transaction.atomic():
        ClaimsJoined.objects.bulk_create([ClaimsJoined(coupon_id=coupon_id)], ignore_conflicts=True)
        joined = ClaimsJoined.objects.select_for_update().get(coupon=coupon_id)
        rows = CouponGrant.objects.filter(coupon=coupon_id, source=Source.CLAIM, pk__gt=joined.up_to)
        settled = rows.filter(created_at__lte=at - SETTLES).order_by("pk")
        found = list(settled.values_list("pk", flat=True)[:CLAIMS_AT_ONCE])
        if found:
            with connection.cursor() as cursor:
                cursor.execute(JOIN, {"grants": found, **_told_by(_references(coupon_id))})
            ClaimsJoined.objects.filter(coupon=coupon_id).update(up_to=found[-1])
    return len(found)


def count(placement: Placement, *, at: datetime) -> PlanCount:
    told = {**counted(placement), "counted_at": at}
    kept, _is_new = PlanCount.objects.update_or_create(placement=placement, defaults=told)
    return kept


def counted(placement: Placement) -> dict[str, int | None]:
    with connection.cursor() as cursor:
        cursor.execute(OF_CLAIMS, {"placement": placement.pk})
        return dict(zip(FIGURES, (_accepted(placement), *cursor.fetchone()), strict=True))


def _accepted(placement: Placement) -> int:
    """Messages of sends, or of orders where the template is one of theirs."""
    nodes = _told_by([placement.template_ref])
    if not nodes["scenes"]:
        return _of_sends(placement)
    asked: dict[str, Any] = {
        "mini_program": placement.mini_program_id,
        "merchant": placement.merchant_id,
        "begins": placement.begins_at,
        "ends": _over(placement),
        "received": placement.begins_at - SYNCED_WITHIN,
    }
    with connection.cursor() as cursor:
        cursor.execute(OF_ORDERS, {**asked, **nodes})
        return int(cursor.fetchone()[0])


def _of_sends(placement: Placement) -> int:
    """By the counters of those that ran within the plan, or are in an archive; of the others row by row."""
    begins, ends = placement.begins_at, _over(placement)
    rows = SendControl.objects.filter(
        Q(finished_at=None) | Q(finished_at__gte=begins),
        mini_program=placement.mini_program_id,
        platform_template_id=placement.template_ref,
        started_at__lte=ends,
    )
    whole, n = [], 0
    for send in rows.only("started_at", "finished_at", "archived_at", "books_month"):
        is_within = send.started_at >= begins and send.finished_at is not None and send.finished_at <= ends
        if is_within or send.archived_at is not None:
            whole.append(send.pk)
        else:
            accepted = Delivery.objects.filter(
                books_month=send.books_month, send=send, state=DeliveryState.ACCEPTED
            )
            n += accepted.filter(sent_at__range=(begins, ends)).count()
    counters = DeliveryCounter.objects.filter(send__in=whole, state=DeliveryState.ACCEPTED)
    return n + int(counters.aggregate(n=Sum("n"))["n"] or 0)


def _over(placement: Placement) -> datetime:
    """As OVER."""
    is_over = placement.state in (PlacementState.STOPPED, PlacementState.ENDED)
    if is_over and placement.platform_told_at is not None:
        return min(placement.ends_at, placement.platform_told_at)
    return placement.ends_at


def rebuild(*, repair: bool = True) -> list[WrongPlan]:
    """Counts every plan that was counted again; returns what differed."""
    wrong = []
    for kept in PlanCount.objects.select_related("placement").order_by("pk"):
        now = counted(kept.placement)
        found = [
            WrongPlan(kept.pk, name, getattr(kept, name), now[name])
            for name in FIGURES
            if getattr(kept, name) != now[name]
        ]
        if found and repair:
            PlanCount.objects.filter(pk=kept.pk).update(**now)
        wrong += found
    return wrong


# --- messages of orders -----------------------------------------------------------------------------------


def _references(coupon_id: int) -> list[str]:
    rows = Placement.objects.filter(coupon=coupon_id).exclude(template_ref="")
    return sorted(set(rows.values_list("template_ref", flat=True)))


def _told_by(references: Iterable[str]) -> dict[str, list[str]]:
    """Of which scene and status an order's message has one of these for its template, as three columns."""
    wanted = set(references)
    found = [
        (reference, scene.code, node.status)
        for scene in SCENES.values()
        for node in scene.nodes
        if node.notifies and (reference := reference_of(scene.biz_type, node.status)) in wanted
    ]
    return {name: [one[n] for one in found] for n, name in enumerate(("references", "scenes", "statuses"))}


def reference_of(biz_type: str, status: str) -> str:
    """Simulated: no template id is documented for messages of orders. Nothing where that is off."""
    return str(settings.ORDER_MESSAGE_REFERENCE).format(biz_type=biz_type, status=status)
