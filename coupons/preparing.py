"""The rows of a batch issue: everybody on its list, once, in one transaction.

One INSERT … SELECT for each place that a person may take under the limit, so one where there is no limit or
a limit of one. Somebody whose place is taken conflicts, and is looked at for the next; who is left over holds
as many as one person may. Stock is taken last, for all at once: where it does not reach, the newest customers
are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from coupons import counting, frequency, terms
from coupons.limits import limits_of
from coupons.models import Coupon, CouponRun
from coupons.not_given import DAY_LIMIT, KEPT, LIMIT_REACHED, NOT_KNOWN, OPTED_OUT, STOCK_GONE

# Opting out of profiling counts only where a rule looked at people to find them: a file was chosen by hand.
WRITE = """
INSERT INTO coupons_coupongrant (merchant_id, mini_program_id, coupon_id, customer_id, run_id, source, state,
    refusal, slot, out_biz_no, voucher_id, code, used_times, reserved_for, words)
SELECT %(merchant)s, %(mini_program)s, %(coupon)s, customer_id, %(run)s, 'batch',
    CASE WHEN gate = '' THEN 'sending' ELSE 'refused' END, gate,
    CASE WHEN gate = '' THEN %(slot)s ELSE '' END,
    CASE WHEN gate = '' THEN 'run-' || %(run)s || '-' || customer_id ELSE '' END, '', '', 0, '', ''
FROM (
    SELECT e.customer_id, CASE
        WHEN c.forgotten_at IS NOT NULL OR c.mini_program_id <> %(mini_program)s THEN %(not_known)s
        WHEN c.profiling_opt_out_at IS NOT NULL AND l.source = 'rule' THEN %(opted_out)s
        WHEN EXISTS (
            SELECT FROM coupons_couponalert a
            WHERE a.customer_id = c.id AND a.state = 'kept' AND a.kept_until > %(today)s
        ) THEN %(kept)s
        WHEN %(most)s::int IS NOT NULL AND (
            SELECT count(*) FROM coupons_coupongrant o WHERE o.customer_id = c.id AND o.source <> 'claim'
                AND o.state <> 'refused' AND o.created_at >= %(midnight)s
        ) >= %(most)s::int THEN %(day_limit)s
        ELSE %(gate)s
    END AS gate
    FROM membership_peoplelistentry e
    JOIN membership_peoplelist l ON l.id = e.people_list_id
    JOIN membership_customer c ON c.id = e.customer_id
    WHERE e.people_list_id = %(people_list)s
        AND NOT EXISTS (SELECT FROM coupons_coupongrant g WHERE g.run_id = %(run)s AND g.customer_id = c.id)
) judged
ORDER BY customer_id
ON CONFLICT DO NOTHING
"""
COUNT = """
SELECT count(*), count(*) FILTER (WHERE state = 'sending') FROM coupons_coupongrant WHERE run_id = %(run)s
"""
LEFT = """
SELECT c.stock - n.taken FROM coupons_couponcount n JOIN coupons_coupon c ON c.id = n.coupon_id
WHERE n.coupon_id = %(coupon)s FOR UPDATE OF n
"""
LEAVE_OUT = """
UPDATE coupons_coupongrant SET state = 'refused', refusal = %(stock_gone)s, slot = '', out_biz_no = ''
WHERE id IN (
    SELECT id FROM coupons_coupongrant WHERE run_id = %(run)s AND state = 'sending'
    ORDER BY customer_id DESC LIMIT %(beyond)s
)
"""


@dataclass(frozen=True)
class Prepared:
    people: int
    sending: int


def prepare(run: CouponRun, *, at: datetime) -> Prepared:
    """In the transaction that holds the run, which has no rows yet; it counts alone for its merchant."""
    most, today = limits_of(run.merchant_id)[0].grants, terms.beijing_day(at)
    if most is not None:
        frequency.lock(frequency.GIVING, run.merchant_id)
    given: dict[str, Any] = {
        "merchant": run.merchant_id,
        "mini_program": run.mini_program_id,
        "coupon": run.coupon_id,
        "run": run.pk,
        "people_list": run.people_list_id,
        "not_known": NOT_KNOWN,
        "opted_out": OPTED_OUT,
        "stock_gone": STOCK_GONE,
        "kept": KEPT,
        "day_limit": DAY_LIMIT,
        "most": most,
        "today": today,
        "midnight": frequency.midnight(today),
    }
    with connection.cursor() as cursor:
        for slot in _slots(run.coupon, at=at):
            cursor.execute(WRITE, {**given, "slot": slot, "gate": ""})
        cursor.execute(WRITE, {**given, "slot": "", "gate": LIMIT_REACHED})
        cursor.execute(COUNT, given)
        people, sending = cursor.fetchone()
        beyond = sending - _take(cursor, run.coupon_id, sending)
        if beyond:
            cursor.execute(LEAVE_OUT, {**given, "beyond": beyond})
    return Prepared(people, sending - beyond)


def _slots(coupon: Coupon, *, at: datetime) -> list[str]:
    if coupon.per_person is None:
        return [""]
    window = terms.window_of(coupon.per_person_period, at)
    return [f"{window}.{n + 1}" for n in range(coupon.per_person)]


def _take(cursor: Any, coupon_id: int, wanted: int) -> int:
    """As many of the stock as there are, at most `wanted`."""
    counting.ensure(coupon_id)
    cursor.execute(LEFT, {"coupon": coupon_id})
    taken = min(wanted, max(0, cursor.fetchone()[0]))
    if taken and not counting.take_stock(coupon_id, taken):
        raise RuntimeError(f"the stock of coupon {coupon_id} moved while it was locked")
    return int(taken)
