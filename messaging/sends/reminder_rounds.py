"""What came of reminding, by policy and day: counted from the rows, anew as long as it can still change."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from messaging.models.reminder import MOST_DAYS_BEFORE

# A coupon ends at most that many days after its round; a redemption may be told of some days late.
COUNTED_DAYS = MOST_DAYS_BEFORE + 7
# Of a round the rows are few; of each its grant and its delivery are read by their keys.
COUNT = """
INSERT INTO messaging_reminderround AS x
    (policy_id, round_on, reminded, accepted, held_out, unfit, used, used_held_out, counted_at)
SELECT r.policy_id, r.round_on,
    count(*) FILTER (WHERE r.single_id IS NOT NULL),
    count(*) FILTER (WHERE d.state = 'accepted'),
    count(*) FILTER (WHERE r.held_out),
    count(*) FILTER (WHERE r.unfit),
    count(*) FILTER (WHERE used.is_used AND NOT r.held_out),
    count(*) FILTER (WHERE used.is_used AND r.held_out),
    %(at)s
FROM messaging_reminder r
LEFT JOIN messaging_singlesend s ON s.id = r.single_id
LEFT JOIN messaging_delivery d ON d.books_month = s.books_month AND d.id = s.delivery_id
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM coupons_grantentry e
        WHERE e.grant_id = r.grant_id AND e.kind = 'redeemed' AND e.happened_at >= r.created_at
    ) AS is_used
) used
WHERE r.round_on >= %(first)s {one}
GROUP BY r.policy_id, r.round_on
ON CONFLICT (policy_id, round_on) DO UPDATE SET reminded = EXCLUDED.reminded, accepted = EXCLUDED.accepted,
    held_out = EXCLUDED.held_out, unfit = EXCLUDED.unfit, used = EXCLUDED.used,
    used_held_out = EXCLUDED.used_held_out, counted_at = EXCLUDED.counted_at
WHERE x.counted_at <= EXCLUDED.counted_at
"""


def count_rounds(*, at: datetime, policy_id: int | None = None) -> None:
    """Safe to run twice at once: the later count stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT.format(one="" if policy_id is None else "AND r.policy_id = %(policy)s"),
            {"at": at, "first": (at - timedelta(days=COUNTED_DAYS)).date(), "policy": policy_id},
        )
