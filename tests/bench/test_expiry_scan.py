"""Coupons that expire, and those reminded of: the cost follows how many they are, not how many there are."""

import json
import os
from datetime import time as wall_time
from datetime import timedelta

import pytest
from django.utils import timezone

from coupons import ledger
from coupons.models import CouponGrant, GrantEntry
from messaging.models import ReminderPolicy
from messaging.sends import reminders
from tests import build, build_coupons, build_messaging
from tests.bench.harness import FULL, Figure, tell, timed
from tests.bench.test_freeze import run
from tests.messaging.sends import reminder_scene

FEW, MANY = (100_000, int(os.environ.get("BENCH_ROWS", 10_000_000))) if FULL else (400, 2_000)
EXPIRING = 10_000 if FULL else 100
PEOPLE = 100_000 if FULL else 200
BAR = 2.0
CUSTOMERS = """
INSERT INTO membership_customer (merchant_id, mini_program_id, open_id, source)
SELECT %(merchant)s, %(app)s, 'grant' || n, 'bench' FROM generate_series(1, %(rows)s) n
"""
# The first of them are over since this hour, the next end tomorrow; half of the others can be used for weeks.
GRANTS = """
INSERT INTO coupons_coupongrant (merchant_id, mini_program_id, coupon_id, customer_id, state, source,
    out_biz_no, slot, voucher_id, code, claimed_at, begins_at, ends_at, used_times, reserved_for,
    refusal, words)
SELECT %(merchant)s, %(app)s, %(coupon)s, %(customer)s + n %% %(people)s,
    CASE WHEN n < %(first)s + 2 * %(expiring)s OR n %% 2 = 0 THEN 'claimed'
         WHEN n %% 10 = 1 THEN 'expired' ELSE 'redeemed' END,
    'claim', '', '', 'bench' || n, '', now() - interval '9 days', now() - interval '9 days',
    CASE WHEN n < %(first)s + %(expiring)s THEN now() - n %% 3600 * interval '1 second'
         WHEN n < %(first)s + 2 * %(expiring)s THEN %(tomorrow)s - n %% 3600 * interval '1 second'
         WHEN n %% 2 = 0 THEN now() + interval '9 days' + n %% 3000000 * interval '1 second'
         ELSE now() - interval '1 day' - n %% 3000000 * interval '1 second' END,
    CASE WHEN n %% 2 = 1 AND n %% 10 <> 1 AND n >= %(first)s + 2 * %(expiring)s THEN 1 ELSE 0 END, '', '', ''
FROM generate_series(%(first)s, %(last)s) n
"""
REMINDED = """
UPDATE coupons_coupongrant SET ends_at = now() + interval '30 days'
WHERE state = 'claimed' AND ends_at > now() AND ends_at < now() + interval '3 days'
"""


def fill(cast: build.Cast, coupon_id: int, rows: int) -> None:
    app, first = cast.mini_program, CouponGrant.objects.count() + 1
    run(
        GRANTS,
        **{"merchant": app.merchant_id, "app": app.pk, "coupon": coupon_id, "people": PEOPLE},
        **{"customer": first_customer(app.pk), "first": first, "last": rows, "expiring": EXPIRING},
        tomorrow=reminder_scene.wall(timezone.now() + timedelta(days=1), 23),
    )
    run("ANALYZE coupons_coupongrant")
    run("CHECKPOINT")  # what filling left to write is not what is measured
    assert CouponGrant.objects.count() == rows


def first_customer(app_id: int) -> int:
    rows = build_messaging.Customer.objects.filter(mini_program=app_id, source="bench")
    return int(rows.order_by("pk").values_list("pk", flat=True)[0])


def expire() -> float:
    """Seconds to expire what is over, with their entries and figures."""
    before = GrantEntry.objects.count()
    with timed() as clock:
        gone = ledger.expire_due(at=timezone.now())
    assert gone == EXPIRING == GrantEntry.objects.count() - before
    return clock.seconds


def find(policy: ReminderPolicy) -> float:
    """Seconds to go over all that a round of reminders is for."""
    found, after, at = 0, None, timezone.now()
    with timed() as clock:
        while chunk := reminders.expiring(policy, at=at, after=after):
            found, after = found + len(chunk), chunk[-1]
    assert found == EXPIRING
    return clock.seconds


@pytest.mark.django_db(transaction=True)
def test_the_scan_costs_what_expires_and_not_what_there_is() -> None:
    cast = build.cast()
    app = cast.mini_program
    coupon = build_coupons.coupon(app, stock=2_000_000_000)
    template = build_messaging.template(app)
    policy = reminder_scene.policy(template, cast.owner, days_before=1, hour=wall_time(0))
    run(CUSTOMERS, merchant=app.merchant_id, app=app.pk, rows=PEOPLE)
    fill(cast, coupon.pk, FEW)
    found_few, expired_few = find(policy), expire()
    run(REMINDED)
    fill(cast, coupon.pk, MANY)
    found_many, expired_many = find(policy), expire()
    paths = tell(
        [
            Figure("expiry scan", expired_many, expired_few, "s", BAR),
            Figure("scan of what is reminded of", found_many, found_few, "s", BAR),
        ],
        notes=[f"{MANY:,} grants against {FEW:,}; {EXPIRING:,} expire in either"],
    )
    assert json.loads(paths[0].read_text("utf-8"))["bar"] == BAR
