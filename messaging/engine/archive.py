"""Detaching an old month of deliveries: what its people spent is carried forward, then the rows leave.

One transaction, so nothing is ever half done. It holds the control rows of the month, which is what "send
again" would have to move first; the exclusive lock on the ledger is taken last and waited for shortly.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce
from psycopg import sql as names
from psycopg.errors import DeadlockDetected, LockNotAvailable

from merchants import events
from merchants.models import Merchant, MiniProgram
from merchants.partitions import month_of
from messaging.engine import months, sql
from messaging.models import MonthBooks, SendControl

log = logging.getLogger(__name__)
LEDGER, ATTEMPTS = "messaging_delivery", "messaging_deliveryattempt"
LOCK = 1_002  # the advisory lock beside that of freeze
SHOWN = 20  # sends named in a refusal

ATTACHED = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass(%(ledger)s) ORDER BY c.relname
"""
# The order is that of every other lock on several sends. Visits may still refer to them.
HOLD = """
SELECT id, books_closed_at FROM messaging_sendcontrol WHERE books_month = %(month)s ORDER BY id
FOR NO KEY UPDATE
"""
DIFFERING = """
WITH counted AS (
    SELECT send_id, CASE state WHEN 'claimed' THEN 'queued' ELSE state END AS state,
        CASE WHEN state IN ('refused', 'skipped', 'unknown') THEN reason ELSE '' END AS reason, count(*) AS n
    FROM {rows} GROUP BY 1, 2, 3
    UNION ALL
    SELECT send_id, 'units', '', count(*) FROM (
        SELECT send_id FROM {rows} WHERE spent
        UNION ALL
        SELECT send_id FROM messaging_deliveryattempt WHERE books_month = %(month)s AND spent
    ) spent GROUP BY send_id
    UNION ALL
    SELECT send_id, 'decided', reason, count(*) FROM {rows} WHERE decision <> '' GROUP BY send_id, reason
), kept AS (
    SELECT c.send_id, c.state::text, c.reason::text, c.n FROM messaging_deliverycounter c
    JOIN messaging_sendcontrol s ON s.id = c.send_id
    WHERE s.books_month = %(month)s AND c.n <> 0
)
SELECT DISTINCT send_id FROM counted FULL JOIN kept USING (send_id, state, reason)
WHERE counted.n IS DISTINCT FROM kept.n
ORDER BY send_id
"""
CARRY = """
INSERT INTO messaging_consententry
    (merchant_id, customer_id, template_id, kind, units, source, source_key, at)
SELECT s.merchant_id, x.customer_id, s.template_id, 'carried', count(*), 'detach', %(key)s, %(at)s
FROM (
    SELECT send_id, customer_id FROM {rows} WHERE spent
    UNION ALL
    SELECT a.send_id, d.customer_id FROM messaging_deliveryattempt a JOIN {rows} d ON d.id = a.delivery_id
    WHERE a.books_month = %(month)s AND a.spent
) x JOIN messaging_sendcontrol s ON s.id = x.send_id
GROUP BY s.merchant_id, x.customer_id, s.template_id
ORDER BY x.customer_id, s.template_id
"""


class CannotDetach(Exception):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True)
class Detached:
    """`table` keeps the rows, empty where dropped. `carried`: lines, one for each person and template."""

    month: date
    table: str
    sends: int
    people: int
    carried: int


def detach(month: date, *, at: datetime, keep_months: int, drop: bool = False) -> Detached:
    """Takes the deliveries of one Beijing month out of the ledger. Raises CannotDetach.

    `keep_months`: so many whole months before the present one stay. `drop` throws the rows away, otherwise
    they are kept in a table of their own, without the texts written for people.
    """
    _old_enough(month, at=at, keep_months=keep_months)
    try:
        with transaction.atomic():
            return _detach(month, at=at, drop=drop)
    except OperationalError as error:
        if isinstance(error.__cause__, (LockNotAvailable, DeadlockDetected)):
            raise CannotDetach(
                f"Rows or sends of {month:%Y-%m} are in use, or a long transaction holds the ledger. Nothing"
                " was changed. Try again when less is going on."
            ) from error
        raise


def _old_enough(month: date, *, at: datetime, keep_months: int) -> None:
    if month.day != 1:
        raise CannotDetach(f"A month begins on its first day, not on {month}.")
    present = month_of(at)
    age = (present.year - month.year) * 12 + present.month - month.month
    if age <= max(keep_months, 1):
        raise CannotDetach(
            f"{month:%Y-%m} is too young: the {max(keep_months, 1)} months before {present:%Y-%m} stay"
            " (DELIVERY_KEEP_MONTHS)."
        )


def _detach(month: date, *, at: datetime, drop: bool) -> Detached:
    _alone(month)
    rows = _partition(month)
    table = "" if drop else _free_name(month)
    held = sql.rows(HOLD, {"month": month})
    _refuse_open([pk for pk, closed_at in held if closed_at is None])
    _refuse_differing(rows, month)
    carried = sql.run(_filled(CARRY, rows), {"month": month, "key": f"carried:{month:%Y-%m}", "at": at})
    _put_attempts_away(month, drop=drop)
    _execute("SET CONSTRAINTS ALL IMMEDIATE")  # not at commit, when everybody waits
    people = _close_months(month, table=table, at=at)
    SendControl.objects.filter(pk__in=[pk for pk, _closed_at in held]).update(archived_at=at)
    _take_out(rows, table)
    if sql.rows(HOLD, {"month": month}) != held:  # a freeze may have ended before the lock was ours
        raise CannotDetach(f"A send was prepared in {month:%Y-%m} meanwhile. Nothing was changed.")
    log.info("detached %s: %s sends, %s people, %s lines carried", month, len(held), people, carried)
    return Detached(month, table, len(held), people, carried)


def _alone(month: date) -> None:
    with connection.cursor() as cursor:
        wait = f"{int(settings.DETACH_LOCK_SECONDS * 1000)}ms"
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [wait])
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, month.year * 100 + month.month])
        if not cursor.fetchone()[0]:
            raise CannotDetach(f"{month:%Y-%m} is being detached by another process. Wait for it.")


def _partition(month: date) -> str:
    wanted = f"{LEDGER}_{month:%Y_%m}"
    attached = [name for (name,) in sql.rows(ATTACHED, {"ledger": LEDGER})]
    if wanted not in attached:
        found = ", ".join(name.removeprefix(f"{LEDGER}_").replace("_", "-") for name in attached)
        raise CannotDetach(f"The ledger has no month {month:%Y-%m}. Its months: {found or 'none'}.")
    return wanted


def _free_name(month: date) -> str:
    table = f"{LEDGER}_detached_{month:%Y_%m}"
    taken = [name for name in (table, f"{ATTEMPTS}_detached_{month:%Y_%m}") if _exists(name)]
    if taken:
        raise CannotDetach(f"{' and '.join(taken)} exist already. Rename or drop what was detached before.")
    return table


def _exists(table: str) -> bool:
    return sql.rows("SELECT to_regclass(%(table)s)", {"table": table})[0][0] is not None


def _refuse_open(ids: Sequence[int]) -> None:
    if ids:
        raise CannotDetach(
            f"The books of {len(ids)} sends are open: {_named(ids)}. Decide about unknown outcomes, or end"
            " the sends; the reconciliation page says why each is open."
        )


def _refuse_differing(rows: str, month: date) -> None:
    ids = [pk for (pk,) in sql.rows(_filled(DIFFERING, rows), {"month": month})]
    if ids:
        raise CannotDetach(
            f"Rows and counters of {len(ids)} sends disagree: {_named(ids)}. Nothing was changed; find out"
            " why before the rows are gone."
        )


def _named(ids: Sequence[int]) -> str:
    shown = SendControl.objects.filter(pk__in=list(ids)[:SHOWN]).select_related("merchant", "batch")
    told = [f"#{one.pk} {_name(one)} ({one.merchant.slug})" for one in shown.order_by("pk")]
    told += [f"#{pk}" for pk in list(ids)[:SHOWN] if not any(part.startswith(f"#{pk} ") for part in told)]
    return ", ".join(told) + (", …" if len(ids) > SHOWN else "")


def _name(control: SendControl) -> str:
    batch = getattr(control, "batch", None)
    return batch.name if batch is not None else control.state


def _filled(statement: str, rows: str) -> str:
    with connection.cursor() as cursor:
        quoted: str = names.Identifier(rows).as_string(cursor.connection)
    return statement.replace("{rows}", quoted)


def _put_attempts_away(month: date, *, drop: bool) -> None:
    """Attempts belong to rows: they go where the rows go."""
    if not drop:
        kept = names.Identifier(f"{ATTEMPTS}_detached_{month:%Y_%m}")
        _execute("CREATE TABLE {} AS SELECT * FROM messaging_deliveryattempt WHERE books_month = {}",
                 kept, names.Literal(month))  # fmt: skip
    sql.run("DELETE FROM messaging_deliveryattempt WHERE books_month = %(month)s", {"month": month})


def _close_months(month: date, *, table: str, at: datetime) -> int:
    """Computes the figures once more, freezes them, and tells each merchant. How many people were frozen."""
    affected = SendControl.objects.filter(books_month=month).values("mini_program")
    programs = list(MiniProgram.objects.filter(pk__in=affected).select_related("merchant").order_by("pk"))
    now: datetime = sql.rows("SELECT clock_timestamp()", {})[0][0]
    for program in programs:
        months.write(program, months.read(program), at=now)
    books = MonthBooks.objects.filter(month=month, mini_program__in=programs, archived_at=None)
    people = {row.mini_program_id: row.frozen for row in books}
    books.update(
        archived_at=at, archive_table=table, closed_at=Coalesce("closed_at", Value(at, DateTimeField()))
    )
    for program in programs:
        _tell(program.merchant, program, month=month, people=people.get(program.pk, 0))
    return sum(people.values())


def _tell(merchant: Merchant, mini_program: MiniProgram, *, month: date, people: int) -> None:
    detail = {"month": f"{month:%Y-%m}", "people": people}
    events.record("books.month_archived", merchant=merchant, mini_program=mini_program, detail=detail)


def _take_out(rows: str, table: str) -> None:
    """From here on everybody waits, so it comes last. The kept table loses what was written for people."""
    ledger, partition = names.Identifier(LEDGER), names.Identifier(rows)
    _execute("ALTER TABLE {} DETACH PARTITION {}", ledger, partition)
    if not table:
        _execute("DROP TABLE {}", partition)
        return
    _execute("ALTER TABLE {} DROP COLUMN data", partition)
    _execute("ALTER TABLE {} RENAME TO {}", partition, names.Identifier(table))


def _execute(statement: str, *parts: names.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(names.SQL(statement).format(*parts).as_string(cursor.connection))
