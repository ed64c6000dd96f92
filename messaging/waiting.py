"""How many things wait for a person: the grey counts of the menu.

One statement, on small indexed tables and on kept figures.
"""

from __future__ import annotations

from dataclasses import dataclass

from merchants.models import Merchant
from messaging.engine import sql

COUNT = """
SELECT (
    SELECT count(*) FROM messaging_sendcontrol s
    WHERE s.merchant_id = %(merchant)s AND s.state IN ('paused', 'missed', 'in_review', 'approved')
        AND s.kind = 'batch'
) + (
    SELECT count(*) FROM messaging_sendcontrol s
    WHERE s.merchant_id = %(merchant)s AND s.books_closed_at IS NULL AND s.state NOT IN ('paused', 'missed')
        AND s.kind = 'batch' AND (
            SELECT coalesce(sum(CASE c.state WHEN 'unknown' THEN c.n ELSE -c.n END), 0)
            FROM messaging_deliverycounter c
            WHERE c.send_id = s.id AND c.state IN ('unknown', 'decided')
        ) > 0
), (
    SELECT coalesce(sum(CASE WHEN s.state = 'paused' THEN 1 END), 0) + coalesce(sum((
        SELECT sum(CASE c.state WHEN 'unknown' THEN c.n ELSE -c.n END) FROM messaging_deliverycounter c
        WHERE c.send_id = s.id AND c.state IN ('unknown', 'decided')
    )), 0)
    FROM messaging_sendcontrol s
    WHERE s.merchant_id = %(merchant)s AND s.books_closed_at IS NULL AND s.kind = 'single'
), (
    SELECT count(*) FROM messaging_subscriptiontemplate t
    WHERE t.merchant_id = %(merchant)s AND CASE
        WHEN t.state NOT IN ('rejected', 'offline') THEN t.differs
        ELSE NOT EXISTS (
            SELECT FROM messaging_subscriptiontemplate again
            WHERE again.mini_program_id = t.mini_program_id AND again.library_code = t.library_code
                AND again.kind = t.kind AND again.state IN ('applied', 'approved')
                AND (again.applied_at, again.id) > (t.applied_at, t.id)
        )
    END
), (
    SELECT coalesce(sum(kept.n), 0) FROM (
        SELECT c.n FROM orders_nodecount c
        WHERE c.merchant_id = %(merchant)s AND c.state = 'dead' AND c.n <> 0
        UNION ALL
        SELECT m.n FROM orders_nodemove m WHERE m.merchant_id = %(merchant)s AND m.state = 'dead'
    ) AS kept
), (
    SELECT count(*) FROM (
        SELECT FROM coupons_coupondifference d
        WHERE d.merchant_id = %(merchant)s AND d.settled_at IS NULL LIMIT 1000
    ) AS differing
), (
    SELECT count(*) FROM (
        SELECT FROM coupons_couponalert a
        WHERE a.merchant_id = %(merchant)s AND a.state = 'open' LIMIT 1000
    ) AS alerted
)
"""


@dataclass(frozen=True)
class Waiting:
    """`sends`: batches paused, missed, in review, approved or with an outcome to decide.

    `singles`: requests of single messages that are paused, and messages with an outcome to decide.
    `templates`: consent.reports.to_decide. `orders`: statuses that need fixing.
    `books`: differences in the books of coupons; `alerts`: about limits against abuse. Each is counted up
    to 1,000.
    """

    sends: int
    templates: int
    singles: int = 0
    orders: int = 0
    books: int = 0
    alerts: int = 0


def waiting(merchant: Merchant) -> Waiting:
    counts = map(int, sql.rows(COUNT, {"merchant": merchant.pk})[0])
    sends, singles, templates, orders, books, alerts = counts
    return Waiting(sends, templates, singles, orders, books, alerts)
