"""Who tomorrow's round of a policy would remind, gate by gate, as things stand now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from messaging.engine import sql, text
from messaging.engine.freeze import judged
from messaging.models import ReminderPolicy, SendControl, SendKind
from messaging.sends import reminders

MOST_LOOKED_AT = 2_000


@dataclass(frozen=True)
class Preview:
    """total = gets + held_out + unfit + all of `skipped`. `is_part`: only so many were looked at."""

    on: date
    total: int
    gets: int
    held_out: int
    unfit: int
    skipped: Mapping[str, int]
    is_part: bool


def preview(policy: ReminderPolicy, *, at: datetime) -> Preview:
    """Three statements whatever the number of coupons."""
    tomorrow = (at.astimezone(reminders.zone_of(policy)) + timedelta(days=1)).date()
    found = reminders.expiring(policy, at=at, on=tomorrow, limit=MOST_LOOKED_AT + 1)
    looked_at = found[:MOST_LOOKED_AT]
    sent = [one for one in looked_at if not reminders.is_held_out(policy, one.grant_id)]
    fitting = [
        one
        for one in sent
        if all(map(text.fits, reminders.texts(policy, coupon=one.coupon, ends_at=one.ends_at)))
    ]
    gates = _gates(policy, sorted({one.customer_id for one in fitting}), at=at)
    found_at = Counter(gates.get(one.customer_id, "") for one in fitting)
    gets = found_at.pop("", 0)
    return Preview(
        on=tomorrow,
        total=len(looked_at),
        gets=gets,
        held_out=len(looked_at) - len(sent),
        unfit=len(sent) - len(fitting),
        skipped=dict(found_at),
        is_part=len(found) > MOST_LOOKED_AT,
    )


def _gates(policy: ReminderPolicy, customers: list[int], *, at: datetime) -> dict[int, str]:
    """The first gate each fails, or nothing."""
    if not customers:
        return {}
    template = policy.template
    likeness = SendControl(
        merchant=policy.merchant,
        mini_program=policy.mini_program,
        kind=SendKind.SINGLE,
        template=template,
        template_kind=template.kind,
        fatigue_value=template.fatigue_value,
        fatigue_unit=template.fatigue_unit,
        fatigue_total=template.fatigue_total,
    )
    people = judged(likeness, at=at + timedelta(days=1), customers=customers)
    rows = sql.rows(people.statement, people.parameters)
    return {customer_id: gate or "" for customer_id, gate, *_rest in rows}
