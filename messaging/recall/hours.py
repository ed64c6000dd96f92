"""Rollups by hour: what came of the sends of each hour, and how soon the people of one send came.

`roll_up` runs every half minute and counts again only what changed since its last run; run twice, it gives
the same. `recount` counts everything and tells what differed. Both use the same statements, so they cannot
differ in what they count. Accepted messages come from the counters, which reconcile compares with the rows.
A test to one named person counts in no hour, nor does a single message: nobody chose its hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from messaging.engine import sql
from messaging.models import Rollup

NAME = "recall"
LOCK = 1_003
# A transaction that stamped its rows before the last run may have committed after it.
OVERLAP = timedelta(minutes=5)

CHANGED_SENDS = """
SELECT id FROM messaging_sendcontrol WHERE started_at IS NOT NULL AND touched_at >= %(since)s
UNION
SELECT send_id FROM messaging_recallcount WHERE updated_at >= %(since)s
"""
EVERY_SEND = "SELECT id FROM messaging_sendcontrol WHERE started_at IS NOT NULL"
DAYS_OF = """
SELECT DISTINCT s.mini_program_id, (s.started_at AT TIME ZONE m.time_zone)::date
FROM messaging_sendcontrol s JOIN merchants_merchant m ON m.id = s.merchant_id
WHERE s.id = ANY(%(sends)s) AND s.started_at IS NOT NULL
UNION
SELECT mini_program_id, day FROM messaging_recallhour WHERE %(every)s
"""
COUNT_HOURS = """
SELECT s.merchant_id, s.mini_program_id, s.template_id, d.day,
    extract(hour FROM s.started_at AT TIME ZONE m.time_zone)::int, count(*)::int,
    coalesce(sum(c.n), 0)::int, coalesce(sum(r.visits), 0)::int, coalesce(sum(r.shared_visits), 0)::int
FROM unnest(%(apps)s::bigint[], %(days)s::date[]) AS d (app, day)
JOIN merchants_miniprogram p ON p.id = d.app
JOIN merchants_merchant m ON m.id = p.merchant_id
JOIN messaging_sendcontrol s ON s.mini_program_id = d.app
    AND s.started_at >= d.day::timestamp AT TIME ZONE m.time_zone
    AND s.started_at < (d.day + 1)::timestamp AT TIME ZONE m.time_zone
    AND s.template_id IS NOT NULL AND s.kind = 'batch'
    AND NOT EXISTS (
        SELECT 1 FROM messaging_batchsend b WHERE b.control_id = s.id AND b.test_of_id IS NOT NULL
    )
LEFT JOIN messaging_deliverycounter c ON c.send_id = s.id AND c.state = 'accepted' AND c.reason = ''
LEFT JOIN messaging_recallcount r ON r.send_id = s.id
GROUP BY 1, 2, 3, 4, 5
"""
KEPT_HOURS = """
SELECT h.merchant_id, h.mini_program_id, h.template_id, h.day, h.hour, h.sends, h.accepted, h.visits,
    h.shared_visits
FROM unnest(%(apps)s::bigint[], %(days)s::date[]) AS d (app, day)
JOIN messaging_recallhour h ON h.mini_program_id = d.app AND h.day = d.day
"""
FORGET_HOURS = """
DELETE FROM messaging_recallhour h USING unnest(%(apps)s::bigint[], %(days)s::date[]) AS d (app, day)
WHERE h.mini_program_id = d.app AND h.day = d.day
"""
WRITE_HOURS = f"""
INSERT INTO messaging_recallhour
    (merchant_id, mini_program_id, template_id, day, hour, sends, accepted, visits, shared_visits)
{COUNT_HOURS}
"""
COUNT_VISITS = """
SELECT v.send_id, greatest(floor(extract(epoch FROM v.at - s.started_at) / 3600), 0)::int,
    count(*) FILTER (WHERE NOT v.shared)::int, count(*) FILTER (WHERE v.shared)::int
FROM messaging_visit v JOIN messaging_sendcontrol s ON s.id = v.send_id
WHERE v.send_id = ANY(%(sends)s) AND s.started_at IS NOT NULL
GROUP BY 1, 2
"""
KEPT_VISITS = """
SELECT send_id, hour, visits, shared_visits FROM messaging_visithour
WHERE send_id = ANY(%(sends)s) OR %(every)s
"""
FORGET_VISITS = "DELETE FROM messaging_visithour WHERE send_id = ANY(%(sends)s) OR %(every)s"
WRITE_VISITS = f"""
INSERT INTO messaging_visithour (send_id, hour, visits, shared_visits)
{COUNT_VISITS}
"""
RAN = """
INSERT INTO messaging_rollup (name, computed_at) VALUES (%(name)s, %(at)s)
ON CONFLICT (name) DO UPDATE SET computed_at = excluded.computed_at
"""


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A row of a rollup that was wrong: `kept` is None where it was missing, `counted` where none belongs."""

    rollup: str
    key: tuple[Any, ...]
    kept: tuple[int, ...] | None
    counted: tuple[int, ...] | None


def roll_up() -> bool:
    """Counts the days and sends that changed since the last run. False: another process is at it."""
    with transaction.atomic():
        if not _alone():
            return False
        started = _now()
        last = Rollup.objects.filter(name=NAME).values_list("computed_at", flat=True).first()
        if last is None:
            scope = _scope(EVERY_SEND, {}, every=True)
        else:
            scope = _scope(CHANGED_SENDS, {"since": last - OVERLAP}, every=False)
        _write(scope)
        sql.run(RAN, {"name": NAME, "at": started})
    return True


def recount(*, repair: bool = True) -> list[WrongRow]:
    """Counts every hour and every send again; `repair` puts them right. Returns what differed.

    A send under way may be half a minute ahead of the rollup: with `repair` off that is a difference too.
    """
    with transaction.atomic():
        sql.rows("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": LOCK})  # the rollup takes moments
        started = _now()
        scope = _scope(EVERY_SEND, {}, every=True)
        wrong = [
            *_compare("hours", sql.rows(KEPT_HOURS, scope), sql.rows(COUNT_HOURS, scope), key=5),
            *_compare("visits", sql.rows(KEPT_VISITS, scope), sql.rows(COUNT_VISITS, scope), key=2),
        ]
        if repair:
            _write(scope)
            sql.run(RAN, {"name": NAME, "at": started})
    return wrong


def computed_at() -> datetime | None:
    """When the rollup last ran; None: never."""
    return Rollup.objects.filter(name=NAME).values_list("computed_at", flat=True).first()


def _scope(which: str, parameters: dict[str, Any], *, every: bool) -> dict[str, Any]:
    """What to count: sends, and the days they started on; `every`: also days whose sends are gone."""
    sends = [send for (send,) in sql.rows(which, parameters)]
    days = sql.rows(DAYS_OF, {"sends": sends, "every": every})
    return {
        "sends": sends,
        "every": every,
        "apps": [app for app, _ in days],
        "days": [day for _, day in days],
    }


def _write(scope: dict[str, Any]) -> None:
    sql.run(FORGET_HOURS, scope)
    sql.run(WRITE_HOURS, scope)
    sql.run(FORGET_VISITS, scope)
    sql.run(WRITE_VISITS, scope)


def _compare(rollup: str, kept: list[sql.Row], counted: list[sql.Row], *, key: int) -> list[WrongRow]:
    before, after = ({row[:key]: row[key:] for row in rows} for rows in (kept, counted))
    keys = sorted(before.keys() | after.keys())
    return [
        WrongRow(rollup, one, before.get(one), after.get(one))
        for one in keys
        if before.get(one) != after.get(one)
    ]


def _alone() -> bool:
    """The lock ends with the transaction."""
    return bool(sql.rows("SELECT pg_try_advisory_xact_lock(%(lock)s)", {"lock": LOCK})[0][0])


def _now() -> datetime:
    now: datetime = sql.rows("SELECT clock_timestamp()", {})[0][0]
    return now
