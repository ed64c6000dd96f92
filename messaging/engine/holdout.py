"""Holdout: a share of those who would be sent to gets nothing, so that what they do can be compared.

Who is kept back follows from the ids of send and person alone: the same at every freeze and in every
forecast, another choice for another send. md5 is the same in every version of Postgres; its own hash is not.
"""

from __future__ import annotations

from typing import Any

from messaging.models import SendControl

BUCKETS = 10_000
# For freeze.JUDGED. Of 32 bits the remainder favours no bucket by more than 1 in 400,000.
GATE = f"""
WHEN ('x' || left(md5(%(holdout_of)s || ':' || e.customer_id), 8))::bit(32)::bigint %% {BUCKETS}
    < %(held_out)s THEN 'holdout'
"""


def parameters(control: SendControl) -> dict[str, Any]:
    return {"holdout_of": str(control.pk), "held_out": control.holdout_percent * BUCKETS // 100}
