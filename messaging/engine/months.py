"""The books of each month and mini program: computed from counters and the ledger, never from deliveries.

Everything a mini program has is read in one snapshot, so opening + granted − revoked − spent = closing can be
compared with the balances of that instant. Of an archived month only consent may still change: the ledger
takes lines that are reported late with an old time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from merchants.models import MiniProgram
from merchants.partitions import month_of
from messaging.engine import sql

REFRESH_SECONDS = 600  # consent moves without any send: how old figures may become
DUE = """
SELECT p.id FROM merchants_miniprogram p
LEFT JOIN LATERAL (
    SELECT max(m.computed_at) AS at FROM messaging_monthbooks m WHERE m.mini_program_id = p.id
) b ON true
WHERE b.at IS NULL OR b.at < %(at)s - %(refresh)s * interval '1 second'
    OR EXISTS (
        SELECT 1 FROM messaging_sendcontrol s
        WHERE s.mini_program_id = p.id AND s.books_month IS NOT NULL AND s.archived_at IS NULL
            AND greatest(s.touched_at, s.checked_at, s.books_closed_at) >= b.at
    )
ORDER BY b.at NULLS FIRST, p.id
"""
SENDS = """
SELECT books_month, count(*), count(*) FILTER (WHERE books_closed_at IS NULL),
    count(*) FILTER (WHERE balanced IS FALSE), coalesce(sum(frozen_total), 0)
FROM messaging_sendcontrol
WHERE mini_program_id = %(mini_program)s AND books_month IS NOT NULL
GROUP BY books_month
"""
COUNTERS = """
SELECT s.books_month, c.state, CASE WHEN c.state = 'skipped' THEN c.reason ELSE '' END AS why, sum(c.n)
FROM messaging_deliverycounter c JOIN messaging_sendcontrol s ON s.id = c.send_id
WHERE s.mini_program_id = %(mini_program)s AND s.books_month IS NOT NULL AND c.n <> 0
GROUP BY s.books_month, c.state, why
"""
# Beijing months, as books_month is; carried lines repeat what the counters say and are left out.
LEDGER = """
SELECT date_trunc('month', e.at AT TIME ZONE 'Asia/Shanghai')::date AS month,
    coalesce(sum(e.units) FILTER (WHERE e.kind = 'granted'), 0),
    coalesce(sum(e.units) FILTER (WHERE e.kind = 'revoked'), 0)
FROM messaging_consententry e JOIN messaging_subscriptiontemplate t ON t.id = e.template_id
WHERE t.mini_program_id = %(mini_program)s AND e.kind IN ('granted', 'revoked')
GROUP BY month
"""
BALANCE = """
SELECT coalesce(sum(c.units), 0) FROM messaging_consent c
JOIN messaging_subscriptiontemplate t ON t.id = c.template_id
WHERE t.mini_program_id = %(mini_program)s
"""
# A slower computation with an older snapshot writes nothing.
WRITE = """
INSERT INTO messaging_monthbooks AS m (merchant_id, mini_program_id, month, sends, open_sends,
    differing_sends, frozen, accepted, refused, unknown, decided, skipped, waiting, skipped_by, units_spent,
    granted, revoked, balance, computed_at, closed_at, archive_table)
VALUES (%(merchant)s, %(mini_program)s, %(month)s, %(sends)s, %(open)s, %(differing)s, %(frozen)s,
    %(accepted)s, %(refused)s, %(unknown)s, %(decided)s, %(skipped)s, %(waiting)s, %(skipped_by)s, %(units)s,
    %(granted)s, %(revoked)s, %(balance)s, %(at)s, %(closed_at)s, '')
ON CONFLICT (mini_program_id, month) DO UPDATE SET sends = excluded.sends, open_sends = excluded.open_sends,
    differing_sends = excluded.differing_sends, frozen = excluded.frozen, accepted = excluded.accepted,
    refused = excluded.refused, unknown = excluded.unknown, decided = excluded.decided,
    skipped = excluded.skipped, waiting = excluded.waiting, skipped_by = excluded.skipped_by,
    units_spent = excluded.units_spent, granted = excluded.granted, revoked = excluded.revoked,
    balance = excluded.balance, computed_at = excluded.computed_at,
    closed_at = CASE WHEN excluded.closed_at IS NOT NULL THEN coalesce(m.closed_at, excluded.closed_at) END
WHERE m.archived_at IS NULL AND m.computed_at <= excluded.computed_at
"""
WRITE_ARCHIVED = """
UPDATE messaging_monthbooks SET granted = %(granted)s, revoked = %(revoked)s, balance = %(balance)s,
    computed_at = %(at)s
WHERE mini_program_id = %(mini_program)s AND month = %(month)s AND archived_at IS NOT NULL
    AND computed_at <= %(at)s
"""
# A send that missed its time and got one in another month leaves this one with nothing to tell.
CLEAR = """
DELETE FROM messaging_monthbooks
WHERE mini_program_id = %(mini_program)s AND archived_at IS NULL AND computed_at <= %(at)s
    AND month <> ALL(%(months)s::date[])
"""
STATES = ("accepted", "refused", "unknown", "decided", "skipped", "waiting", "units")


@dataclass
class Figures:
    """One month as it was read; columns of MonthBooks."""

    sends: int = 0
    open: int = 0
    differing: int = 0
    frozen: int = 0
    granted: int = 0
    revoked: int = 0
    balance: int | None = None
    states: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    skipped_by: dict[str, int] = field(default_factory=dict)


def compute_due(*, at: datetime) -> int:
    """Computes every mini program that something happened to since, or that is stale. How many.

    Must not stand inside another transaction.
    """
    due = sql.rows(DUE, {"at": at, "refresh": REFRESH_SECONDS})
    programs = MiniProgram.objects.in_bulk([pk for (pk,) in due])
    for program in programs.values():
        compute(program)
    return len(programs)


def compute(mini_program: MiniProgram) -> int:
    """All its months, from a snapshot of its own; how many."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        taken_at: datetime = sql.rows("SELECT now()", {})[0][0]
        found = read(mini_program)
    return write(mini_program, found, at=taken_at)


def read(mini_program: MiniProgram) -> dict[date, Figures]:
    """As the present transaction sees it. The newest month carries the balance."""
    parameters = {"mini_program": mini_program.pk}
    months: dict[date, Figures] = {}
    for month, sends, still_open, differing, frozen in sql.rows(SENDS, parameters):
        months[month] = Figures(sends, still_open, differing, int(frozen))
    for month, state, reason, n in sql.rows(COUNTERS, parameters):
        _add(months[month], state, reason, int(n))
    for month, granted, revoked in sql.rows(LEDGER, parameters):
        figures = months.setdefault(month, Figures())
        figures.granted, figures.revoked = int(granted), int(revoked)
    if months:
        months[max(months)].balance = int(sql.rows(BALANCE, parameters)[0][0])
    return months


def _add(figures: Figures, state: str, reason: str, n: int) -> None:
    name = "waiting" if state in {"queued", "sending"} else state
    figures.states[name] += n
    if state == "skipped":
        figures.skipped_by[reason] = n


def write(mini_program: MiniProgram, months: dict[date, Figures], *, at: datetime) -> int:
    """In the order of the months, so that two writers do not wait for each other. How many were written."""
    with transaction.atomic():
        written = 0
        for month, figures in sorted(months.items()):
            row = _row(mini_program, month, figures, at)
            written += sql.run(WRITE, row) or sql.run(WRITE_ARCHIVED, row)
        sql.run(CLEAR, {"mini_program": mini_program.pk, "months": sorted(months), "at": at})
    return written


def _row(mini_program: MiniProgram, month: date, figures: Figures, at: datetime) -> dict[str, Any]:
    is_over = month < month_of(at)
    return {
        "merchant": mini_program.merchant_id,
        "mini_program": mini_program.pk,
        "month": month,
        "sends": figures.sends,
        "open": figures.open,
        "differing": figures.differing,
        "frozen": figures.frozen,
        "granted": figures.granted,
        "revoked": figures.revoked,
        "balance": figures.balance,
        "skipped_by": json.dumps(figures.skipped_by),
        "at": at,
        "closed_at": at if is_over and not figures.open else None,
        **figures.states,
    }
