"""Reconcile: do states, counters and consent agree? One snapshot; it reports and never repairs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

from merchants import events
from messaging.engine import sql
from messaging.models import DeliveryCounter, SendControl, SendKind, SendState

UNDER_WAY = (SendState.SENDING, SendState.PAUSED, SendState.CANCELLING)
ROWS_PER_SECOND = 20_000  # counted on average, so that counting a send never takes more than a few percent
MARKS = (25, 50, 75)  # percent of who has to be sent to; each is told once, by the check that sees it
FROZEN = "SELECT id, frozen_total, books_month FROM messaging_sendcontrol WHERE id = ANY(%(sends)s)"
ROWS = """
SELECT send_id, CASE state WHEN 'claimed' THEN 'queued' ELSE state END,
    CASE WHEN state IN ('refused', 'skipped', 'unknown') THEN reason ELSE '' END, count(*),
    count(*) FILTER (WHERE spent), count(*) FILTER (WHERE decision <> '')
FROM messaging_delivery WHERE send_id = ANY(%(sends)s) AND books_month = ANY(%(months)s::date[])
GROUP BY 1, 2, 3
"""
KEPT = """
SELECT send_id, count(*) FROM messaging_deliveryattempt
WHERE send_id = ANY(%(sends)s) AND spent GROUP BY send_id
"""
COUNTERS = """
SELECT send_id, state, reason, n FROM messaging_deliverycounter WHERE send_id = ANY(%(sends)s) AND n <> 0
"""
# Of checks that tell nothing new, all at once; a send that is being moved now is checked again next time.
WRITE_DOWN = """
WITH unchecked AS (
    SELECT s.id, w.balanced, w.detail
    FROM messaging_sendcontrol s
    JOIN unnest(%(sends)s::bigint[], %(seen)s::timestamptz[], %(balanced)s::bool[], %(details)s::text[])
        AS w (id, seen, balanced, detail) ON w.id = s.id
    WHERE s.archived_at IS NULL AND s.checked_at IS NOT DISTINCT FROM w.seen
    FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE messaging_sendcontrol s SET checked_at = %(at)s, balanced = u.balanced, check_detail = u.detail::jsonb
FROM unchecked u WHERE s.id = u.id
"""
AT_ONCE = 500
# What detached rows spent stands in the ledger as carried lines; their counters stay for the pages.
CONSENT = """
SELECT
    (SELECT coalesce(
            sum(CASE WHEN kind = 'granted' THEN units WHEN kind IN ('revoked', 'carried') THEN -units END), 0)
        FROM messaging_consententry WHERE template_id = %(template)s),
    (SELECT coalesce(sum(c.n), 0) FROM messaging_deliverycounter c
        JOIN messaging_sendcontrol s ON s.id = c.send_id
        WHERE s.template_id = %(template)s AND c.state = 'units' AND s.archived_at IS NULL),
    (SELECT coalesce(sum(units), 0) FROM messaging_consent WHERE template_id = %(template)s)
"""


@dataclass(frozen=True)
class Check:
    """One line of the reconciliation: `name` is rows, counters, decided, units or consent."""

    name: str
    expected: int
    actual: int

    @property
    def difference(self) -> int:
        return self.actual - self.expected


Balance = tuple[int, int, int]  # of a template: units granted, spent, and left by the balances


def check(controls: Sequence[SendControl]) -> tuple[list[list[Check]], datetime]:
    """The lines of each send, all from one snapshot, and its instant by the database's clock.

    Must not stand inside another transaction. The balance of a template is summed once, however many sends.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        taken_at: datetime = sql.rows("SELECT now()", {})[0][0]
        return _lines(controls), taken_at


def lines(control: SendControl) -> list[Check]:
    """The lines as the present transaction sees them."""
    return _lines([control])[0]


def _lines(controls: Sequence[SendControl]) -> list[list[Check]]:
    sends = [control.pk for control in controls]
    frozen = {send: (total, month) for send, total, month in sql.rows(FROZEN, {"sends": sends})}
    months = sorted({month for _total, month in frozen.values() if month is not None})
    rows: dict[int, list[sql.Row]] = defaultdict(list)
    for send, *row in sql.rows(ROWS, {"sends": sends, "months": months}):
        rows[send].append(tuple(row))
    kept: dict[int, int] = dict(sql.rows(KEPT, {"sends": sends}))
    counters: dict[int, dict[tuple[str, str], int]] = defaultdict(dict)
    for send, state, reason, n in sql.rows(COUNTERS, {"sends": sends}):
        counters[send][state, reason] = n
    balances: dict[int | None, Balance] = {}
    found = []
    for control in controls:
        if control.template_id not in balances:
            balances[control.template_id] = _balance(control)
        send = control.pk
        total = frozen[send][0] or 0
        found.append(
            _compare(total, rows[send], kept.get(send, 0), counters[send], balances[control.template_id])
        )
    return found


def _compare(
    frozen: int, rows: list[sql.Row], kept: int, counters: dict[tuple[str, str], int], balance: Balance
) -> list[Check]:
    granted, spent, left = balance
    by_state = {(row[0], row[1]): row[2] for row in rows}
    of_rows = {key: n for key, n in counters.items() if key[0] not in {"units", "decided"}}
    units = counters.get(("units", ""), 0)
    decided = sum(n for (state, _reason), n in counters.items() if state == "decided")
    return [
        Check("rows", expected=frozen, actual=sum(by_state.values())),
        Check("counters", expected=0, actual=_differences(by_state, of_rows)),
        Check("decided", expected=sum(row[4] for row in rows), actual=decided),
        Check("units", expected=sum(row[3] for row in rows) + kept, actual=units),
        Check("consent", expected=granted - spent, actual=left),
    ]


def _balance(control: SendControl) -> Balance:
    granted, spent, left = sql.rows(CONSENT, {"template": control.template_id})[0]
    return int(granted), int(spent), int(left)


def _differences(rows: dict[tuple[str, str], int], counters: dict[tuple[str, str], int]) -> int:
    """How many rows the counters place elsewhere; a state and reason missing on one side counts whole."""
    keys = rows.keys() | counters.keys()
    return sum(abs(rows.get(key, 0) - counters.get(key, 0)) for key in keys)


def reconcile() -> int:
    """Checks every send touched since its last check, and those under way. Tells when a balance tips.

    One under way is counted whole, so a long one less often: a million rows every 50 s. In between only its
    pace is written down. How many were checked.
    """
    open_books = SendControl.objects.filter(books_month__isnull=False, archived_at=None).filter(
        Q(state__in=UNDER_WAY) | Q(checked_at=None) | Q(checked_at__lt=F("touched_at"))
    )
    longest_ago = F("checked_at").asc(nulls_first=True)
    now = timezone.now()
    looked_at = list(open_books.select_related("merchant", "mini_program").order_by(longest_ago)[:AT_ONCE])
    due = [control for control in looked_at if _is_due(control, at=now)]
    sums = _sums(looked_at)
    for control in looked_at:
        if not _is_due(control, at=now):
            _keep_pace(control, sums[control.pk])
    if due:
        _write_down(due, *check(due), sums)
    return len(due)


def _is_due(control: SendControl, *, at: datetime) -> bool:
    if control.checked_at is None or control.state not in UNDER_WAY:
        return True
    seconds = (control.frozen_total or 0) / ROWS_PER_SECOND
    return at - control.checked_at >= timedelta(seconds=seconds)


Sums = dict[str, int]  # of the counters of one send, by state


def _sums(controls: Sequence[SendControl]) -> dict[int, Sums]:
    found: dict[int, Sums] = {control.pk: {} for control in controls}
    by_state = DeliveryCounter.objects.filter(send__in=[*found]).values_list("send_id", "state")
    for send, state, n in by_state.annotate(n=Sum("n")).order_by():
        found[send][state] = n
    return found


def _keep_pace(control: SendControl, sums: Sums) -> None:
    """Compare-and-set on the check before, as _write_down(), whose marks it leaves to the next check."""
    pace = _pace(control, sums) | {"mark": control.check_detail.get("mark", 0)}
    unchecked = SendControl.objects.filter(pk=control.pk, checked_at=control.checked_at, archived_at=None)
    unchecked.update(check_detail=control.check_detail | pace)


def _pace(control: SendControl, sums: Sums) -> dict[str, Any]:
    """How many had an outcome now and at the check before: what the present speed is told from.

    `mark`: the highest of MARKS that a check has seen passed while it was sending.
    """
    settled = sum(sums.get(state, 0) for state in ("accepted", "refused", "unknown"))
    to_send = settled + sums.get("queued", 0) + sums.get("sending", 0)
    before = control.check_detail
    now: dict[str, Any] = {
        "settled": settled,
        "settled_at": timezone.now().isoformat(),
        "mark": before.get("mark", 0),
    }
    if control.state == SendState.SENDING and settled < to_send:
        now["mark"] = max([now["mark"], *(mark for mark in MARKS if settled * 100 >= mark * to_send)])
    if "settled_at" not in before:
        return now
    return now | {"before": {"settled": before["settled"], "settled_at": before["settled_at"]}}


@dataclass(frozen=True)
class _Finding:
    control: SendControl
    balanced: bool
    lines: dict[str, Any]
    pace: dict[str, Any]

    @property
    def detail(self) -> dict[str, Any]:
        return self.lines | self.pace

    @property
    def tips(self) -> bool:
        return self.control.balanced is not None and self.control.balanced != self.balanced

    @property
    def passes_a_mark(self) -> bool:
        before = self.control.check_detail.get("mark", 0)
        return self.control.kind == SendKind.BATCH and bool(self.pace["mark"] > before)

    @property
    def tells(self) -> bool:
        return self.tips or self.passes_a_mark


def _write_down(
    controls: Sequence[SendControl], found: Sequence[list[Check]], at: datetime, sums: dict[int, Sums]
) -> None:
    """Compare-and-set on the check before, so that what tipped is told once."""
    findings = [
        _Finding(
            control,
            balanced=not any(line.difference for line in checked),
            lines={"lines": [asdict(line) for line in checked]},
            pace=_pace(control, sums[control.pk]),
        )
        for control, checked in zip(controls, found, strict=True)
    ]
    quiet = [one for one in findings if not one.tells]
    sql.run_again(
        WRITE_DOWN,
        {
            "at": at,
            "sends": [one.control.pk for one in quiet],
            "seen": [str(one.control.checked_at) if one.control.checked_at else None for one in quiet],
            "balanced": [one.balanced for one in quiet],
            "details": [json.dumps(one.detail, ensure_ascii=False) for one in quiet],
        },
    )
    for one in findings:
        if one.tells:
            _tell(one, at=at)


def _tell(finding: _Finding, *, at: datetime) -> None:
    control = finding.control
    with transaction.atomic():
        unchecked = SendControl.objects.filter(pk=control.pk, checked_at=control.checked_at, archived_at=None)
        if not unchecked.update(checked_at=at, balanced=finding.balanced, check_detail=finding.detail):
            return  # another check wrote its own down meanwhile
        if finding.tips:
            events.record(
                "books.balanced" if finding.balanced else "books.differ",
                merchant=control.merchant,
                mini_program=control.mini_program,
                subject=control,
                detail=finding.lines,
            )
        if finding.passes_a_mark:
            events.record(
                "send.milestone",
                merchant=control.merchant,
                mini_program=control.mini_program,
                subject=control,
                detail={"percent": finding.pace["mark"], "settled": finding.pace["settled"]},
            )
