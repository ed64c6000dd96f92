"""Mark: the last step before a message leaves, one transaction. Only what it returns may be sent.

Locks in this order, each in customer order: deliveries → customers, where there is a frequency cap →
frequency → consent → counters.
Races: whoever lost its lease, its token or its send finds no row here and sends nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from merchants.partitions import BEIJING
from messaging.engine import sql
from messaging.engine.cap import Cap, reached
from messaging.engine.claim import Claim
from messaging.engine.fatigue import first_day
from messaging.models import SendControl

OURS = """
SELECT d.id, d.customer_id, d.kept_unknown, d.attempt
FROM messaging_delivery d
WHERE d.books_month = %(month)s AND d.id = ANY(%(ids)s) AND d.state = 'claimed' AND d.token = %(token)s
    AND d.lease_until > clock_timestamp() + interval '2 seconds'
    AND EXISTS (SELECT 1 FROM messaging_sendcontrol s WHERE s.id = %(send)s AND s.state = 'sending')
ORDER BY d.customer_id
FOR UPDATE OF d
"""
PEOPLE = """
SELECT c.id, c.open_id, CASE
    WHEN c.forgotten_at IS NOT NULL OR c.mini_program_id <> %(mini_program)s THEN 'not_known'
    WHEN c.do_not_send_at IS NOT NULL THEN 'do_not_send'
    WHEN c.profiling_opt_out_at IS NOT NULL AND l.source = 'rule' THEN 'opted_out'
    ELSE ''
END, r.cap_day, r.cap_week
FROM membership_customer c LEFT JOIN membership_peoplelist l ON l.id = %(people_list)s
LEFT JOIN messaging_sendrules r ON r.merchant_id = c.merchant_id
WHERE c.id = ANY(%(customers)s)
"""
# A rule of several days looks at several rows: all are there, and locked in order, before one changes.
TODAY = """
INSERT INTO messaging_frequencycount (customer_id, template_id, day, n)
SELECT customer, %(template)s, %(day)s, 0 FROM unnest(%(customers)s::bigint[]) AS customer ORDER BY customer
ON CONFLICT DO NOTHING
"""
DAYS = """
SELECT customer_id, n FROM messaging_frequencycount
WHERE template_id = %(template)s AND customer_id = ANY(%(customers)s)
    AND day BETWEEN %(first_day)s AND %(day)s
ORDER BY customer_id, day
FOR UPDATE
"""
# Counts everybody who is judged; TAKE_BACK takes back whom a gate stops, which is seldom.
COUNT_MESSAGE = """
INSERT INTO messaging_frequencycount AS f (customer_id, template_id, day, n)
SELECT customer, %(template)s, %(day)s, 1 FROM unnest(%(customers)s::bigint[]) AS customer ORDER BY customer
ON CONFLICT (customer_id, template_id, day) DO UPDATE SET n = f.n + 1
RETURNING customer_id, n - 1
"""
TAKE_BACK = """
UPDATE messaging_frequencycount SET n = n - 1
WHERE template_id = %(template)s AND day = %(day)s AND customer_id = ANY(%(customers)s)
"""
CONSENT = """
WITH locked AS MATERIALIZED (
    SELECT customer_id, units, standing FROM messaging_consent
    WHERE template_id = %(template)s AND customer_id = ANY(%(customers)s)
    ORDER BY customer_id
    FOR UPDATE
), spent AS (
    UPDATE messaging_consent SET units = units - 1
    WHERE template_id = %(template)s AND units > 0 AND customer_id = ANY(%(spending)s)
        AND customer_id = ANY(ARRAY(SELECT customer_id FROM locked))
    RETURNING customer_id
)
SELECT l.customer_id, l.units, l.standing, s.customer_id IS NOT NULL
FROM locked l LEFT JOIN spent s ON s.customer_id = l.customer_id
"""
MARK = """
UPDATE messaging_delivery
SET state = 'sending', attempt = attempt + 1, spent = %(spends)s, counted_on = %(day)s, reason = '',
    cause = '', sent_at = clock_timestamp(), recorded_at = NULL, lease_until = NULL,
    answer_by = clock_timestamp() + %(patience)s
WHERE books_month = %(month)s AND id = ANY(%(ids)s) AND state = 'claimed' AND token = %(token)s
RETURNING id, customer_id, attempt, data, page
"""
SKIP = """
UPDATE messaging_delivery d
SET state = CASE WHEN d.kept_unknown THEN 'unknown' ELSE 'skipped' END,
    reason = CASE WHEN d.kept_unknown THEN 'kept' ELSE f.reason END,
    cause = CASE WHEN d.kept_unknown THEN 'answer' ELSE '' END,
    lease_until = NULL, recorded_at = clock_timestamp()
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS f (id, reason)
WHERE d.books_month = %(month)s AND d.id = ANY(%(ids)s) AND d.id = f.id
    AND d.state = 'claimed' AND d.token = %(token)s
"""


@dataclass(frozen=True, slots=True)
class Marked:
    """One row that may be sent now."""

    id: int
    customer_id: int
    open_id: str
    attempt: int
    data: dict[str, Any] | None
    page: str | None


@dataclass(slots=True)
class _Wave:
    """What is known of the people of one wave while it is judged."""

    rows: list[sql.Row]
    day: date
    people: dict[int, tuple[str, str]] = field(default_factory=dict)  # open_id, the gate that stops them
    capped: set[int] = field(default_factory=set)
    messages: Counter[int] = field(default_factory=Counter)  # within the fatigue rule, without this one
    consents: dict[int, tuple[int, bool]] = field(default_factory=dict)
    spent: set[int] = field(default_factory=set)

    @property
    def customers(self) -> list[int]:
        return [row[1] for row in self.rows]


def mark(control: SendControl, claimed: Claim, *, ids: Sequence[int], at: datetime) -> list[Marked]:
    """Turns claimed rows into rows in flight, or skips whom a gate stops now. `at` gives the Beijing day."""
    day = at.astimezone(BEIJING).date()
    with transaction.atomic():
        found = sql.rows_again(
            OURS, {"month": control.books_month, "ids": list(ids), "token": claimed.token, "send": control.pk}
        )
        if not found:
            return []
        wave = _Wave(rows=found, day=day)
        verdicts = _judge(control, wave)
        marked = _mark_rows(control, claimed, wave, [row[0] for row in found if not verdicts[row[1]]])
        stopped = [row for row in found if verdicts[row[1]]]
        _skip_rows(control, claimed, stopped, verdicts)
        sql.count(control.pk, _counts(control, marked, stopped, verdicts))
    return marked


def _judge(control: SendControl, wave: _Wave) -> dict[int, str]:
    """The first failing gate of each person, "" for who passes: counted, and their unit spent.

    Locks people where there is a cap, frequency, then consent, in customer order.
    """
    parameters = {
        "mini_program": control.mini_program_id,
        "template": control.template_id,
        "people_list": control.people_list_id,
        "customers": wave.customers,
        "day": wave.day,
    }
    people = sql.rows_again(PEOPLE, parameters)
    wave.people = {row[0]: (row[1], row[2]) for row in people}
    if people and (limit := Cap(*people[0][3:])):
        wave.capped = reached(limit, wave.customers, day=wave.day)
    _count(control, wave, parameters)
    _spend(control, wave, parameters)
    verdicts = {who: _first_failing_gate(control, wave, who) for who in wave.customers}
    if stopped := [who for who, gate in verdicts.items() if gate]:
        sql.run_again(TAKE_BACK, parameters | {"customers": stopped})
    return verdicts


def _count(control: SendControl, wave: _Wave, parameters: dict[str, Any]) -> None:
    first = first_day(wave.day, value=control.fatigue_value, unit=control.fatigue_unit)
    if first < wave.day:
        sql.run_again(TODAY, parameters)
        for customer, n in sql.rows_again(DAYS, parameters | {"first_day": first}):
            wave.messages[customer] += n
    before: dict[int, int] = dict(sql.rows_again(COUNT_MESSAGE, parameters))
    if first == wave.day:
        wave.messages.update(before)


def _spend(control: SendControl, wave: _Wave, parameters: dict[str, Any]) -> None:
    """Reads consent, and spends a unit of those whom nothing else stops."""
    spends = control.template_kind == "one_time"
    free = [who for who in wave.customers if not (_stops(wave, who) or _tires(control, wave, who))]
    for customer, units, standing, has_spent in sql.rows_again(
        CONSENT, parameters | {"spending": free if spends else []}
    ):
        wave.consents[customer] = units, standing
        if has_spent:
            wave.spent.add(customer)


def _first_failing_gate(control: SendControl, wave: _Wave, customer: int) -> str:
    """The same gates in the same order as freeze.JUDGED; "" lets the message pass."""
    if stopped := _stops(wave, customer):
        return stopped
    units, standing = wave.consents.get(customer, (0, False))
    if not (standing if control.template_kind == "long_term" else units > 0):
        return "no_consent"
    tired = _tires(control, wave, customer)
    if control.template_kind == "one_time" and (customer in wave.spent) == bool(tired):
        raise RuntimeError(f"send {control.pk}: a locked consent row lost its unit")
    return tired


def _stops(wave: _Wave, customer: int) -> str:
    return wave.people.get(customer, ("", "not_known"))[1]


def _tires(control: SendControl, wave: _Wave, customer: int) -> str:
    if customer in wave.capped:
        return "cap"
    if control.fatigue_total and wave.messages[customer] >= control.fatigue_total:
        return "fatigue"
    return ""


def _mark_rows(control: SendControl, claimed: Claim, wave: _Wave, ids: list[int]) -> list[Marked]:
    if not ids:
        return []
    patience = answer_within()
    marked = sql.rows_again(
        MARK,
        {
            "month": control.books_month,
            "ids": ids,
            "token": claimed.token,
            "day": wave.day,
            "spends": control.template_kind == "one_time",
            "patience": patience,
        },
    )
    # jsonb comes as text where the SQL is our own
    said = (json.loads(row[3]) if row[3] else None for row in marked)
    return [
        Marked(row[0], row[1], wave.people[row[1]][0], row[2], data, row[4])
        for row, data in zip(marked, said, strict=True)
    ]


def _skip_rows(
    control: SendControl, claimed: Claim, stopped: list[sql.Row], verdicts: dict[int, str]
) -> None:
    if not stopped:
        return
    sql.run_again(
        SKIP,
        {
            "month": control.books_month,
            "token": claimed.token,
            "ids": [row[0] for row in stopped],
            "reasons": [verdicts[row[1]] for row in stopped],
        },
    )


def _counts(
    control: SendControl, marked: list[Marked], stopped: list[sql.Row], verdicts: dict[int, str]
) -> sql.Counts:
    counts: sql.Counts = Counter()
    counts["queued", ""] -= len(marked) + len(stopped)
    counts["sending", ""] += len(marked)
    if control.template_kind == "one_time":
        counts["units", ""] += len(marked)
    for row in stopped:
        counts[("unknown", "kept") if row[2] else ("skipped", verdicts[row[1]])] += 1
    return counts


def answer_within() -> timedelta:
    """From the mark until the outcome is written down, unless the process dies."""
    return timedelta(seconds=5 + settings.GATEWAY_TOTAL_SECONDS)
