"""Who still holds a coupon that expires is reminded once, through the gates and the books of single messages.

A round looks at the grants that end between now and the end of the day `days_before` from today, and at no
other. Each is written down with its message in one transaction under a unique key, so a round may be begun
twice, by two processes, or by one that was killed: nobody gets two. It is over once nothing is left, and its
day stands on the policy; a round whose time passed while nobody worked is made up for on the same day, and
what it missed comes with the next, as long as the coupon can be used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from merchants.partitions import ensure_months
from messaging.engine import single, text
from messaging.models import Reminder, ReminderPolicy, SingleSend, SubscriptionTemplate

CHUNK = 200  # grants of one transaction
BUCKETS = 10_000
LAST_ID = 2**63 - 1
COUPON, UNTIL = "{coupon}", "{until}"
# Written with a character that no key of a caller may have.
KEY = "提醒 {grant}"

# The partial index of what can be used, by its last moment, and nothing else.
EXPIRING = """
SELECT g.id, g.customer_id, g.ends_at, c.name
FROM coupons_coupongrant g JOIN coupons_coupon c ON c.id = g.coupon_id
WHERE g.state IN ('claimed', 'partly_used', 'reverted')
    AND (g.ends_at, g.id) > (%(after)s, %(after_id)s) AND g.ends_at <= %(until)s
    AND g.mini_program_id = %(mini_program)s AND {whose}
    AND NOT EXISTS (SELECT FROM messaging_reminder r WHERE r.grant_id = g.id)
ORDER BY g.ends_at, g.id
LIMIT %(limit)s
{lock}
"""
OF_ONE = "g.coupon_id = %(coupon)s"
OF_SHOP = """NOT EXISTS (
    SELECT FROM messaging_reminderpolicy p WHERE p.coupon_id = g.coupon_id AND p.stopped_at IS NULL
)"""
LOCK = "FOR NO KEY UPDATE OF g SKIP LOCKED"


@dataclass(frozen=True)
class Expiring:
    grant_id: int
    customer_id: int
    ends_at: datetime
    coupon: str


def zone_of(policy: ReminderPolicy) -> ZoneInfo:
    return ZoneInfo(policy.merchant.time_zone)


def due(at: datetime) -> list[ReminderPolicy]:
    """Those whose round of today has come and is not over."""
    rows = ReminderPolicy.objects.filter(
        stopped_at=None, mini_program__stopped_at=None, template__state=SubscriptionTemplate.State.APPROVED
    )
    rows = rows.select_related("merchant", "mini_program", "template")
    found = []
    for policy in rows.filter(Q(done_on=None) | Q(done_on__lt=(at + timedelta(days=1)).date())):
        wall = at.astimezone(zone_of(policy))
        if wall.time() >= policy.hour and (policy.done_on is None or policy.done_on < wall.date()):
            found.append(policy)
    return found


def remind_due(*, at: datetime) -> int:
    """How many grants were gone through. Safe to run twice at once."""
    return sum(_round(policy, at=at) for policy in due(at))


def expiring(
    policy: ReminderPolicy,
    *,
    at: datetime,
    on: date | None = None,
    after: Expiring | None = None,
    limit: int = CHUNK,
    locked: bool = False,
) -> list[Expiring]:
    """Those the round of a day (today's by default) is for, by their last moment, behind `after`."""
    zone = zone_of(policy)
    day = on or at.astimezone(zone).date()
    until = datetime.combine(day + timedelta(days=policy.days_before + 1), time(0), tzinfo=zone)
    statement = EXPIRING.format(whose=OF_ONE if policy.coupon_id else OF_SHOP, lock=LOCK if locked else "")
    begins = max(at, datetime.combine(on, policy.hour, tzinfo=zone)) if on else at
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "after": after.ends_at if after else begins,
                "after_id": after.grant_id if after else LAST_ID,
                "until": until - timedelta(microseconds=1),
                "mini_program": policy.mini_program_id,
                "coupon": policy.coupon_id,
                "limit": limit,
            },
        )
        return [Expiring(*row) for row in cursor.fetchall()]


def is_held_out(policy: ReminderPolicy, grant_id: int) -> bool:
    """The same at each look: it follows from the two ids alone."""
    digest = hashlib.sha256(f"{policy.pk}:{grant_id}".encode()).digest()
    return int.from_bytes(digest[:4]) % BUCKETS < policy.holdout_percent * BUCKETS // 100


def texts(policy: ReminderPolicy, *, coupon: str, ends_at: datetime) -> list[str]:
    """What the message says, in the order of the template's keywords."""
    wall = ends_at.astimezone(zone_of(policy))
    words = {COUPON: coupon, UNTIL: f"{wall.month}月{wall.day}日 {wall:%H:%M}"}
    return [_filled(value, words) for value in policy.values]


def _filled(value: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        value = value.replace(name, word)
    return value


def _round(policy: ReminderPolicy, *, at: datetime) -> int:
    ensure_months("messaging_delivery", at=at)
    day = at.astimezone(zone_of(policy)).date()
    after: Expiring | None = None
    gone = 0
    while chunk := _remind_chunk(policy, at=at, on=day, after=after):
        gone, after = gone + len(chunk), chunk[-1]
    if not expiring(policy, at=at, limit=1):  # another process may hold some: then the next look goes on
        rows = ReminderPolicy.objects.filter(pk=policy.pk, version=policy.version, stopped_at=None)
        rows.filter(Q(done_on=None) | Q(done_on__lt=day)).update(done_on=day)
    return gone


def _remind_chunk(
    policy: ReminderPolicy, *, at: datetime, on: date, after: Expiring | None
) -> list[Expiring]:
    due_at, month = single.now()
    ensure_months("messaging_delivery", at=due_at)
    with transaction.atomic():
        if not _still(policy):
            return []
        found = expiring(policy, at=at, after=after, locked=True)
        sent = [one for one in found if not is_held_out(policy, one.grant_id)]
        said = {one.grant_id: texts(policy, coupon=one.coupon, ends_at=one.ends_at) for one in sent}
        fitting = [one for one in sent if all(map(text.fits, said[one.grant_id]))]
        singles = _singles(policy, fitting, month)
        Reminder.objects.bulk_create(
            Reminder(
                merchant=policy.merchant,
                policy=policy,
                grant_id=one.grant_id,
                customer_id=one.customer_id,
                held_out=one.grant_id not in said,
                unfit=one.grant_id in said and one.grant_id not in singles,
                single=singles.get(one.grant_id),
                round_on=on,
            )
            for one in found
        )
        for group in _groups(fitting):
            single.hand_over(
                policy.template,
                [
                    single.Handed(
                        one.customer_id,
                        singles[one.grant_id].delivery_id,
                        text.data_of(said[one.grant_id]),
                        policy.page,
                    )
                    for one in group
                ],
                due_at=due_at,
                not_after=group[0].ends_at,
            )
    return found


def _still(policy: ReminderPolicy) -> bool:
    """It is held until the chunk is written: who stops or changes it waits for that, and no longer."""
    rows = ReminderPolicy.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(pk=policy.pk, version=policy.version, stopped_at=None).exists()


def _singles(policy: ReminderPolicy, found: Sequence[Expiring], month: date) -> dict[int, SingleSend]:
    """By grant. Written before the rest: a key that is there already takes the transaction back."""
    rows = [
        SingleSend(
            merchant=policy.merchant,
            mini_program=policy.mini_program,
            idempotency_key=KEY.format(grant=one.grant_id),
            fingerprint=hashlib.sha256(KEY.format(grant=one.grant_id).encode()).hexdigest(),
            template=policy.template,
            books_month=month,
            delivery_id=number,
        )
        for one, number in zip(found, single.take_numbers(len(found)), strict=True)
    ]
    SingleSend.objects.bulk_create(rows)
    return {one.grant_id: row for one, row in zip(found, rows, strict=True)}


def _groups(found: Iterable[Expiring]) -> list[list[Expiring]]:
    """Of one hour of ending each, nobody in one twice; the first of a group ends first."""
    groups: dict[tuple[datetime, int], list[Expiring]] = {}
    times: dict[tuple[datetime, int], int] = {}
    for one in found:
        hour = one.ends_at.replace(minute=0, second=0, microsecond=0)
        times[hour, one.customer_id] = nth = times.get((hour, one.customer_id), 0) + 1
        groups.setdefault((hour, nth), []).append(one)
    return list(groups.values())


def policies(merchant_id: int) -> QuerySet[ReminderPolicy]:
    rows: QuerySet[ReminderPolicy] = ReminderPolicy.objects.filter(merchant_id=merchant_id)
    return rows.select_related("merchant", "mini_program", "template", "coupon").order_by("-id")
