"""What only a person may decide: treat an unknown as sent, or send again. Both are audited.

"Treat as sent" changes no state: the decision stands beside it. "Send again" keeps the old outcome, and
whether it spent a unit, in a DeliveryAttempt, and queues the row as a new attempt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from merchants import events
from messaging.engine import sql
from messaging.engine.control import MoveRefused, move
from messaging.models import SendControl, SendState

if TYPE_CHECKING:
    from merchants.models import User

CHUNK = 5_000
MAY_GO_ON = (SendState.SENDING, SendState.PAUSED, SendState.FINISHED)  # where "send again" is offered

TREAT = """
WITH chosen AS (
    SELECT books_month, id FROM messaging_delivery
    WHERE send_id = %(send)s AND books_month = %(month)s AND state = 'unknown' AND decision = ''
        AND (%(every)s OR id = ANY(%(ids)s)) AND (%(cause)s = '' OR cause = %(cause)s)
        AND (%(until)s::timestamptz IS NULL OR recorded_at <= %(until)s)
    ORDER BY customer_id LIMIT %(limit)s
    FOR UPDATE
)
UPDATE messaging_delivery d
SET decision = 'treated_as_sent', decided_at = %(at)s, decided_by_id = %(by)s
FROM chosen c
WHERE d.books_month = c.books_month AND d.id = c.id AND d.state = 'unknown' AND d.decision = ''
RETURNING d.reason
"""
AGAIN = """
WITH chosen AS (
    SELECT * FROM messaging_delivery
    WHERE send_id = %(send)s AND books_month = %(month)s AND state = ANY(%(states)s) AND decision = ''
        AND (%(every)s OR id = ANY(%(ids)s)) AND (%(reason)s = '' OR reason = %(reason)s)
        AND (%(cause)s = '' OR cause = %(cause)s)
        AND (%(until)s::timestamptz IS NULL OR recorded_at <= %(until)s)
        AND EXISTS (
            SELECT 1 FROM messaging_sendcontrol s WHERE s.id = %(send)s AND s.state IN ('sending', 'paused')
        )
    ORDER BY customer_id LIMIT %(limit)s
    FOR UPDATE
), kept AS (
    INSERT INTO messaging_deliveryattempt (merchant_id, books_month, delivery_id, send_id, attempt, state,
        reason, cause, spent, sent_at, recorded_at, again_by_id, again_at)
    SELECT %(merchant)s, books_month, id, send_id, attempt, state, reason, cause, spent, sent_at, recorded_at,
        %(by)s, %(at)s
    FROM chosen
    ON CONFLICT DO NOTHING
)
UPDATE messaging_delivery d
SET state = 'queued', reason = '', cause = '', token = NULL, answer_by = NULL, spent = false,
    counted_on = NULL, failed_tries = 0, due_at = %(at)s, kept_unknown = d.kept_unknown OR c.state = 'unknown'
FROM chosen c
WHERE d.books_month = c.books_month AND d.id = c.id AND d.state = c.state
RETURNING c.state, c.reason
"""


class NothingToSendAgain(Exception):
    """The send was cancelled, or is in a state in which nobody may be sent to again."""


class CountChanged(Exception):
    """Another number of people than was confirmed; nothing was changed. `n` is how many there are."""

    def __init__(self, n: int) -> None:
        self.n = n
        super().__init__(f"{n} people now")


@dataclass(frozen=True)
class Steps:
    """`until`: only outcomes written down by then are meant, so that what is refused once more is not taken
    again. `told` hears after each commit how many so far; what it raises ends the work."""

    until: datetime
    told: Callable[[int], None]


def treat_as_sent(
    control: SendControl,
    *,
    delivery_ids: Sequence[int] | None,
    by: User,
    at: datetime,
    cause: str = "",
    expected: int | None = None,
    steps: Steps | None = None,
) -> int:
    """Decides unknown rows (None: all of them, of `cause` if given); how many. The unit stays spent.

    With `expected` it is all or nothing in one transaction: raises CountChanged for any other number.
    With `steps` it is the work of a Job.
    """
    parameters = _chosen(control, delivery_ids, by=by, at=at, cause=cause) | {"until": steps and steps.until}

    def write(done: list[sql.Row]) -> None:
        _tell(control, "unknown.treated_as_sent", by, len(done), cause=cause)
        sql.count(control.pk, Counter(("decided", reason) for (reason,) in done))

    return _decide(control, TREAT, parameters, write, expected=expected, steps=steps)


def send_again(
    control: SendControl,
    *,
    delivery_ids: Sequence[int] | None,
    by: User,
    at: datetime,
    states: Sequence[str] = ("unknown",),
    reason: str = "",
    cause: str = "",
    expected: int | None = None,
    steps: Steps | None = None,
) -> int:
    """Queues unknown or refused rows as a new attempt.

    None: all of `states`, of `reason` or `cause` if given. Returns how many. It takes another unit and may
    reach a person twice where the old outcome is unknown. Raises NothingToSendAgain for a send that is
    cancelled, or not under way and not finished; CountChanged as treat_as_sent() does, after the send was
    opened: beat closes it again.
    """
    if not set(states) <= {"unknown", "refused"}:
        raise ValueError("Only unknown or refused deliveries can be sent again.")
    _open(control, by)
    parameters = _chosen(control, delivery_ids, by=by, at=at, cause=cause) | {
        "states": list(states),
        "reason": reason,
        "until": steps and steps.until,
    }
    is_unknown = "unknown" in states

    def write(done: list[sql.Row]) -> None:
        which = {"cause": cause, "reason": reason}
        _tell(control, "unknown.sent_again" if is_unknown else "send.refused_again", by, len(done), **which)
        counts: sql.Counts = Counter({("queued", ""): len(done)})
        counts.subtract(Counter((state, why) for state, why in done))
        sql.count(control.pk, counts)

    return _decide(control, AGAIN, parameters, write, expected=expected, steps=steps)


def _chosen(
    control: SendControl, delivery_ids: Sequence[int] | None, *, by: User, at: datetime, cause: str
) -> dict[str, Any]:
    return {
        "send": control.pk,
        "merchant": control.merchant_id,
        "month": control.books_month,
        "every": delivery_ids is None,
        "ids": list(delivery_ids or []),
        "cause": cause,
        "at": at,
        "by": by.pk,
    }


def _decide(
    control: SendControl,
    statement: str,
    parameters: dict[str, Any],
    write: Callable[[list[sql.Row]], None],
    *,
    expected: int | None,
    steps: Steps | None,
) -> int:
    """CHUNK rows a transaction, or all in one where their number was confirmed."""
    limit = CHUNK if expected is None else None
    total = 0
    try:
        while True:
            with transaction.atomic():
                done = sql.rows(statement, parameters | {"limit": limit})
                if expected is not None and len(done) != expected:
                    raise CountChanged(len(done))
                if done:
                    write(done)
            total += len(done)
            if steps is not None:
                steps.told(total)
            if limit is None or len(done) < limit:
                return total
    finally:
        if total or expected is None:
            sql.run(sql.TOUCH, {"send": control.pk})


def _open(control: SendControl, by: User) -> None:
    """finished → sending first, then the rows: beat returns a send whose rows came without the move."""
    control.refresh_from_db()
    if control.state == SendState.FINISHED:
        try:
            changes = {"finished_at": None, "books_closed_at": None}
            move(
                control,
                SendState.SENDING,
                by=by,
                only_from={SendState.FINISHED},
                only_if={"archived_at": None},
                event="send.again",
                changes=changes,
            )
        except MoveRefused as refused:
            if refused.state != SendState.SENDING:
                raise NothingToSendAgain(refused.state) from refused
    elif control.state not in {SendState.SENDING, SendState.PAUSED}:
        raise NothingToSendAgain(control.state)


def _tell(control: SendControl, kind: str, by: User, n: int, **which: str) -> None:
    """`which` of them, where not all: the cause, or the reason."""
    events.record(
        kind,
        merchant=control.merchant,
        by=by,
        mini_program=control.mini_program,
        subject=control,
        detail={"people": n} | {name: value for name, value in which.items() if value},
    )
