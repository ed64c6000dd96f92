"""A new status of a known order, taken by one statement: what a merchant's system does most.

It takes what nothing speaks against and leaves all else, and every sentence, to the intake. The order is
locked first, so that of two statuses at once each sees what the other left.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

from merchants.models import MiniProgram
from orders.given import OrderRefused, StatusGiven, check_fields
from orders.scenes import SCENES

TAKE = """
WITH o AS MATERIALIZED (
    SELECT o.id, o.merchant_id, o.scene, o.fields, o.status_at IS NULL OR o.status_at < %(at)s AS is_latest
    FROM orders_order o JOIN membership_customer p ON p.id = o.customer_id
    WHERE o.mini_program_id = %(app)s AND o.out_biz_no = %(number)s AND o.scene = ANY(%(scenes)s)
        AND p.forgotten_at IS NULL
    FOR NO KEY UPDATE OF o
), taken AS (
    INSERT INTO orders_statuschange (merchant_id, order_id, status, modified_at, fields, source, lacks_fields,
        repeats, state, attempt, sub_code, words)
    SELECT o.merchant_id, o.id, %(status)s, %(at)s, o.fields || %(fields)s::jsonb, %(source)s, EXISTS (
        SELECT FROM jsonb_array_elements_text(%(needed)s::jsonb -> o.scene) AS needed (name)
        WHERE coalesce((o.fields || %(fields)s::jsonb) ->> needed.name, '') = ''
    ), 0, 'pending', 0, '', ''
    FROM o
    ON CONFLICT (order_id, modified_at) DO NOTHING
    RETURNING order_id
)
UPDATE orders_order t SET
    status = CASE WHEN o.is_latest THEN %(status)s ELSE t.status END,
    status_at = CASE WHEN o.is_latest THEN %(at)s ELSE t.status_at END,
    fields = CASE WHEN o.is_latest THEN o.fields || %(fields)s::jsonb ELSE %(fields)s::jsonb || o.fields END
FROM o
WHERE t.id = o.id AND EXISTS (SELECT FROM taken)
"""


def take(mini_program: MiniProgram, out_biz_no: str, given: StatusGiven, *, source: str) -> bool:
    """False, and nothing is kept: the order is not known, its person is forgotten, its scene lacks the
    status, the fields are too long, or that time was returned before."""
    try:
        check_fields(given.fields)
    except OrderRefused:
        return False
    needed = {code: scene.needed(given.status) for code, scene in SCENES.items() if scene.node(given.status)}
    told: dict[str, Any] = {
        "app": mini_program.pk,
        "number": out_biz_no,
        "scenes": list(needed),
        "needed": json.dumps(needed),
        "status": given.status,
        "at": given.at,
        "fields": json.dumps(dict(given.fields)),
        "source": source,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, told)
        return bool(cursor.rowcount)
