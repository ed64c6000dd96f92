"""Messages handed in one by one: the gates of freeze for people named here, and a control row under way.

One control row carries at most one message to a person, all of one template and one not-after.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from merchants.enqueue import hint
from merchants.partitions import month_of
from messaging.engine import sql
from messaging.engine.freeze import judged
from messaging.models import TRANSITIONS, SendControl, SendKind, SendState, SubscriptionTemplate

HINT_SECONDS = 5
NOW = "SELECT clock_timestamp()"
# Numbers are taken before the rows, so that the caller's key and the delivery are written together.
NUMBERS = "SELECT nextval('messaging_delivery_id_seq') FROM generate_series(1, %(n)s)"
FREEZE = """
WITH frozen AS (
    INSERT INTO messaging_delivery (books_month, id, send_id, customer_id, due_at, state, reason, data, page)
    SELECT %(month)s, h.id, %(send)s, judged.customer_id, %(due_at)s,
        CASE WHEN gate IS NULL THEN 'queued' ELSE 'skipped' END, coalesce(gate, ''), h.said::jsonb, h.page
    FROM ({judged}) judged
    JOIN unnest(%(customers)s::bigint[], %(ids)s::bigint[], %(said)s::text[], %(pages)s::text[])
        AS h (customer_id, id, said, page) ON h.customer_id = judged.customer_id
    ORDER BY judged.customer_id
    RETURNING state, reason
)
INSERT INTO messaging_deliverycounter (send_id, state, reason, n)
SELECT %(send)s, state, reason, count(*) FROM frozen GROUP BY state, reason
RETURNING n
"""


@dataclass(frozen=True)
class Handed:
    """One message to one person; `delivery_id` comes from take_numbers()."""

    customer_id: int
    delivery_id: int
    data: Mapping[str, Any]
    page: str


def now() -> tuple[datetime, date]:
    """The database's clock, which claims go by, and the month of books of what is due now."""
    due_at: datetime = sql.rows(NOW, {})[0][0]
    return due_at, month_of(due_at)


def take_numbers(n: int) -> list[int]:
    return [number for (number,) in sql.rows(NUMBERS, {"n": n})]


def hand_over(
    template: SubscriptionTemplate,
    messages: Sequence[Handed],
    *,
    due_at: datetime,
    not_after: datetime | None,
) -> SendControl:
    """A control row that is sending, with one delivery for each message: queued, or skipped at its gate.

    In the caller's transaction, in which no person may be named twice; the partition of `due_at` has to be
    there. The engine is told after commit.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("hand_over() belongs to the transaction that writes down the caller's keys")
    control: SendControl = SendControl.objects.create(
        merchant=template.merchant,
        mini_program=template.mini_program,
        kind=SendKind.SINGLE,
        state=SendState.PREPARING,
        template=template,
        template_kind=template.kind,
        platform_template_id=template.template_id,
        fatigue_value=template.fatigue_value,
        fatigue_unit=template.fatigue_unit,
        fatigue_total=template.fatigue_total,
        launched_at=due_at,
        prepare_at=due_at,
        due_at=due_at,
        not_after=not_after,
    )
    _freeze(control, messages)
    month, total = month_of(due_at), len(messages)
    _step(control, SendState.PREPARING, SendState.READY, books_month=month, frozen_total=total)
    _step(control, SendState.READY, SendState.SENDING, started_at=Now(), touched_at=Now())
    transaction.on_commit(partial(hint, "engine.slot", expires_seconds=HINT_SECONDS))
    return control


def _freeze(control: SendControl, messages: Sequence[Handed]) -> None:
    due_at = control.due_at
    if due_at is None:
        raise ValueError("single messages are due when they are handed over")
    people = judged(control, at=due_at, customers=[one.customer_id for one in messages])
    written = sql.rows(
        FREEZE.format(judged=people.statement),
        people.parameters
        | {
            "send": control.pk,
            "month": month_of(due_at),
            "due_at": due_at,
            "ids": [one.delivery_id for one in messages],
            "said": [json.dumps(one.data, ensure_ascii=False) for one in messages],
            "pages": [one.page for one in messages],
        },
    )
    if sum(n for (n,) in written) != len(messages):
        raise RuntimeError(f"send {control.pk}: not every person handed over is there")


def _step(control: SendControl, before: SendState, after: SendState, **changes: Any) -> None:
    """As control.move(), without an event of its own: the request that brought the messages is one."""
    if after not in TRANSITIONS[before]:
        raise ValueError(f"a send does not go from {before} to {after}")
    if not SendControl.objects.filter(pk=control.pk, state=before).update(state=after, **changes):
        raise RuntimeError(f"send {control.pk} was moved while it was made")
    control.state = after
