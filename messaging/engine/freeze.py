"""Freeze: one INSERT … SELECT writes every person of the list as queued or skipped(first gate that fails).

It reserves nothing, so the same gates are judged again when a delivery is marked. A crash leaves no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from merchants import events
from merchants.partitions import BEIJING, ensure_months, month_of
from messaging.engine import cap, holdout, sql
from messaging.engine.control import MoveRefused, move
from messaging.engine.fatigue import first_day
from messaging.engine.text import rendering
from messaging.models import SendControl, SendState

# Opting out of profiling counts only where a rule looked at people to find them: a file was chosen by hand.
# The gates in the order of the reach funnel: the first that fails names the reason. `fails`, `data` and
# `join` are filled in only where the text differs per person (messaging.engine.text), `capped` and `counted`
# only where the merchant set a cap (messaging.engine.cap), `held_out` only where a share is kept back
# (messaging.engine.holdout).
JUDGED = """
SELECT e.customer_id,
    CASE
        WHEN c.forgotten_at IS NOT NULL OR c.mini_program_id <> %(mini_program)s THEN 'not_known'
        WHEN c.do_not_send_at IS NOT NULL THEN 'do_not_send'
        WHEN c.profiling_opt_out_at IS NOT NULL AND l.source = 'rule' THEN 'opted_out'
        {fails}
        WHEN NOT CASE WHEN %(standing)s THEN coalesce(k.standing, false) ELSE coalesce(k.units, 0) > 0 END
            THEN 'no_consent'
        {capped}
        WHEN %(fatigue_total)s > 0 AND coalesce(f.n, 0) >= %(fatigue_total)s THEN 'fatigue'
        {held_out}
    END AS gate,
    {data} AS data, coalesce(k.units, 0) AS units, coalesce(k.standing, false) AS standing
FROM {whom}
JOIN membership_customer c ON c.id = e.customer_id
{consents}{counts}{counted}{join}
WHERE {chosen}
"""
# Where the people come from: a list, or a few handed in by name, whom no rule picked.
LISTED = {
    "whom": "membership_peoplelistentry e JOIN membership_peoplelist l ON l.id = e.people_list_id",
    "chosen": "e.people_list_id = %(people_list)s",
}
HANDED = {
    "whom": "unnest(%(customers)s::bigint[]) AS e (customer_id) CROSS JOIN (SELECT '' AS source) l",
    "chosen": "true",
}
# Of a list or a template that is new the statistics know nothing: the planner takes both for a few rows and
# compares each person with each consent. So the way is not left to it: up to LOOKED_UP people are looked up
# one by one, and longer lists are joined as a whole (`unnested`).
LOOKED_UP = 10_000
ONE_BY_ONE = {
    "consents": """
LEFT JOIN LATERAL (
    SELECT units, standing FROM messaging_consent
    WHERE template_id = %(template)s AND customer_id = e.customer_id LIMIT 1
) k ON true
""",
    "counts": """
LEFT JOIN LATERAL (
    SELECT sum(n) AS n FROM messaging_frequencycount
    WHERE customer_id = e.customer_id AND template_id = %(template)s
        AND day BETWEEN %(first_day)s AND %(day)s
) f ON true
""",
}
AS_A_WHOLE = {
    "consents": """
LEFT JOIN messaging_consent k ON k.template_id = %(template)s AND k.customer_id = e.customer_id
""",
    "counts": """
LEFT JOIN (
    SELECT customer_id, sum(n) AS n FROM messaging_frequencycount
    WHERE template_id = %(template)s AND day BETWEEN %(first_day)s AND %(day)s AND customer_id IN (
        SELECT y.customer_id FROM membership_peoplelistentry y WHERE y.people_list_id = %(people_list)s
    )
    GROUP BY customer_id
) f ON f.customer_id = e.customer_id
""",
}
FREEZE = """
WITH frozen AS (
    INSERT INTO messaging_delivery (books_month, send_id, customer_id, due_at, state, reason, data)
    SELECT %(month)s, %(send)s, customer_id, %(due_at)s,
        CASE WHEN gate IS NULL THEN 'queued' ELSE 'skipped' END, coalesce(gate, ''),
        CASE WHEN gate IS NULL THEN data END
    FROM ({judged}) judged
    ORDER BY customer_id
    RETURNING state, reason
)
INSERT INTO messaging_deliverycounter (send_id, state, reason, n)
SELECT %(send)s, state, reason, count(*) FROM frozen GROUP BY state, reason
RETURNING n
"""
FORGET_FIRST_FREEZE = "DELETE FROM messaging_delivery WHERE send_id = %(send)s AND books_month = %(month)s"
FORGET_COUNTERS = "DELETE FROM messaging_deliverycounter WHERE send_id = %(send)s"


@dataclass(frozen=True)
class Judged:
    """`statement`: customer_id, gate (NULL: passes), data, and the consent to the template as it stands."""

    statement: str
    parameters: dict[str, Any]
    is_capped: bool = False
    is_long: bool = False

    @contextmanager
    def unnested(self) -> Iterator[None]:
        """A transaction that plans long lists without a nested loop."""
        with transaction.atomic():
            if self.is_long:
                sql.run("SET LOCAL enable_nestloop = off", {})
            yield
            if self.is_long:
                sql.run("SET LOCAL enable_nestloop = on", {})


def judged(
    control: SendControl,
    *,
    at: datetime,
    customers: Sequence[int] | None = None,
    one_by_one: bool = False,
) -> Judged:
    """`at`: the instant the gates are judged for, normally when the send is due.

    The people of the send's list, or these `customers` in place of it. `one_by_one`: the first few are asked
    for, in the order of the list. Otherwise the statement runs within `unnested`.
    """
    day = at.astimezone(BEIJING).date()
    parameters = {
        "mini_program": control.mini_program_id,
        "template": control.template_id,
        "standing": control.template_kind == "long_term",
        "fatigue_total": control.fatigue_total,
        "first_day": first_day(day, value=control.fatigue_value, unit=control.fatigue_unit),
        "day": day,
        "people_list": control.people_list_id,
        "customers": list(customers or ()),
    }
    listed = customers is None
    people = control.people_list.count if listed and control.people_list else 0
    is_long = people > LOOKED_UP and not one_by_one
    limit = cap.cap_of(control.merchant_id)
    parts = {"capped": "", "counted": "", "held_out": "", "fails": "", "data": "NULL::jsonb", "join": ""}
    parts |= LISTED if listed else HANDED
    parts |= AS_A_WHOLE if is_long else ONE_BY_ONE
    if limit:
        parts |= {"capped": cap.GATE, "counted": cap.AS_A_WHOLE if is_long else cap.ONE_BY_ONE}
        parameters |= limit.parameters(day)
    if control.holdout_percent:
        parts["held_out"] = holdout.GATE
        parameters |= holdout.parameters(control)
    if control.pieces:
        text = rendering(control.pieces, control.data)
        parts |= {"fails": f"WHEN {text.fails} THEN 'does_not_fit'", "data": text.data, "join": text.join}
        parameters |= text.parameters
    return Judged(JUDGED.format(**parts), parameters, is_capped=bool(limit), is_long=is_long)


def freeze(control: SendControl) -> bool:
    """preparing → ready, with all rows. False: another worker is at it, or the send moved on meanwhile."""
    due_at = control.due_at or timezone.now()
    month = month_of(due_at)
    ensure_months("messaging_delivery", at=due_at)
    with transaction.atomic():
        if not _alone(control):
            return False
        forget_first_freeze(control)
        people = judged(control, at=due_at)
        parameters = people.parameters | {"send": control.pk, "month": month, "due_at": due_at}
        with people.unnested():
            total = sum(n for (n,) in sql.rows(FREEZE.format(judged=people.statement), parameters))
        # Last, so that the control row is locked for a moment only. Lost the race: everything is rolled back.
        still = SendControl.objects.filter(pk=control.pk, state=SendState.PREPARING, due_at=control.due_at)
        if not still.update(state=SendState.READY, books_month=month, frozen_total=total, touched_at=Now()):
            transaction.set_rollback(True)
            return False
        events.record(
            "send.ready",
            merchant=control.merchant,
            mini_program=control.mini_program,
            subject=control,
            detail={"frozen": total},
        )
    control.refresh_from_db()
    return True


def give_up(control: SendControl, *, why: str, error: Exception) -> bool:
    """preparing → failed, with no row left of a freeze before. False: it moved on, or another works at it.

    `why` is one of Unprepared. Of the error only its kind is kept: its words may quote a person's data.
    """
    with transaction.atomic():
        if not _alone(control):
            return False
        forget_first_freeze(control)
        try:
            move(
                control,
                SendState.FAILED,
                by=None,
                only_if={"due_at": control.due_at},
                detail={"error": type(error).__name__},
                changes={"failure": why, "books_month": None, "frozen_total": None},
            )
        except MoveRefused:
            transaction.set_rollback(True)
            return False
    return True


def forget_first_freeze(control: SendControl) -> None:
    """Of a send that missed its time and gets another: none of its rows was ever marked."""
    if control.books_month is not None:
        sql.run(FORGET_FIRST_FREEZE, {"send": control.pk, "month": control.books_month})
        sql.run(FORGET_COUNTERS, {"send": control.pk})


def _alone(control: SendControl) -> bool:
    """Two workers never freeze the same send at once; the lock ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [1_001, control.pk % 2_147_483_647])
        return bool(cursor.fetchone()[0])


def lead(people: int) -> timedelta:
    """How long before the due time preparing starts: at least a minute, more for long lists."""
    return timedelta(seconds=max(60.0, people / 50_000))
