"""Reconcile: do states, counters and consent agree? One snapshot; it reports and never repairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

from merchants import events
from messaging.engine import sql
from messaging.models import SendControl, SendKind, SendState

UNDER_WAY = (SendState.SENDING, SendState.PAUSED, SendState.CANCELLING)
ROWS_PER_SECOND = 20_000  # counted on average, so that counting a send never takes more than a few percent
MARKS = (25, 50, 75)  # percent of who has to be sent to; each is told once, by the check that sees it
ROWS = """
SELECT CASE state WHEN 'claimed' THEN 'queued' ELSE state END,
    CASE WHEN state IN ('refused', 'skipped', 'unknown') THEN reason ELSE '' END, count(*),
    count(*) FILTER (WHERE spent), count(*) FILTER (WHERE decision <> '')
FROM messaging_delivery WHERE send_id = %(send)s AND books_month = %(month)s GROUP BY 1, 2
"""
KEPT = "SELECT count(*) FROM messaging_deliveryattempt WHERE send_id = %(send)s AND spent"
COUNTERS = "SELECT state, reason, n FROM messaging_deliverycounter WHERE send_id = %(send)s AND n <> 0"
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
    balances: dict[int | None, Balance] = {}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        taken_at: datetime = sql.rows("SELECT now()", {})[0][0]
        found = []
        for control in controls:
            if control.template_id not in balances:
                balances[control.template_id] = _balance(control)
            found.append(lines(control, balance=balances[control.template_id]))
        return found, taken_at


def lines(control: SendControl, *, balance: Balance | None = None) -> list[Check]:
    """The lines as the present transaction sees them."""
    frozen, month = SendControl.objects.values_list("frozen_total", "books_month").get(pk=control.pk)
    parameters = {"send": control.pk, "month": month}
    found = sql.rows(ROWS, parameters)
    kept = sql.rows(KEPT, parameters)[0][0]
    counters = {(state, reason): n for state, reason, n in sql.rows(COUNTERS, parameters)}
    granted, spent, left = balance or _balance(control)
    by_state = {(row[0], row[1]): row[2] for row in found}
    units = counters.pop(("units", ""), 0)
    decided = sum(counters.pop(key) for key in [*counters] if key[0] == "decided")
    return [
        Check("rows", expected=frozen or 0, actual=sum(by_state.values())),
        Check("counters", expected=0, actual=_differences(by_state, counters)),
        Check("decided", expected=sum(row[4] for row in found), actual=decided),
        Check("units", expected=sum(row[3] for row in found) + kept, actual=units),
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
    due = []
    for control in open_books.select_related("merchant", "mini_program").order_by(longest_ago)[:200]:
        if _is_due(control, at=now):
            due.append(control)
        else:
            _keep_pace(control)
    if due:
        found, taken_at = check(due)
        for control, checked in zip(due, found, strict=True):
            _write_down(control, checked, at=taken_at)
    return len(due)


def _is_due(control: SendControl, *, at: datetime) -> bool:
    if control.checked_at is None or control.state not in UNDER_WAY:
        return True
    seconds = (control.frozen_total or 0) / ROWS_PER_SECOND
    return at - control.checked_at >= timedelta(seconds=seconds)


def _keep_pace(control: SendControl) -> None:
    """Compare-and-set on the check before, as _write_down(), whose marks it leaves to the next check."""
    pace = _pace(control) | {"mark": control.check_detail.get("mark", 0)}
    unchecked = SendControl.objects.filter(pk=control.pk, checked_at=control.checked_at, archived_at=None)
    unchecked.update(check_detail=control.check_detail | pace)


def _pace(control: SendControl) -> dict[str, Any]:
    """How many had an outcome now and at the check before: what the present speed is told from.

    `mark`: the highest of MARKS that a check has seen passed while it was sending.
    """
    counts = dict(control.counters.values_list("state").annotate(n=Sum("n")).order_by())
    settled = sum(counts.get(state, 0) for state in ("accepted", "refused", "unknown"))
    to_send = settled + counts.get("queued", 0) + counts.get("sending", 0)
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


def _write_down(control: SendControl, found: list[Check], *, at: datetime) -> None:
    """Compare-and-set on the check before, so that what tipped is told once."""
    balanced = not any(line.difference for line in found)
    detail: dict[str, Any] = {"lines": [asdict(line) for line in found]}
    pace = _pace(control)
    with transaction.atomic():
        unchecked = SendControl.objects.filter(pk=control.pk, checked_at=control.checked_at, archived_at=None)
        if not unchecked.update(checked_at=at, balanced=balanced, check_detail=detail | pace):
            return  # another check wrote its own down meanwhile
        if control.balanced is not None and control.balanced != balanced:
            events.record(
                "books.balanced" if balanced else "books.differ",
                merchant=control.merchant,
                mini_program=control.mini_program,
                subject=control,
                detail=detail,
            )
        if control.kind == SendKind.BATCH and pace["mark"] > control.check_detail.get("mark", 0):
            events.record(
                "send.milestone",
                merchant=control.merchant,
                mini_program=control.mini_program,
                subject=control,
                detail={"percent": pace["mark"], "settled": pace["settled"]},
            )
