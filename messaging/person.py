"""One person: which messages, and for each of them what let it pass or stopped it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

from django.db.models import QuerySet

from membership.models import Customer, PeopleListEntry
from messaging.engine import sql
from messaging.engine.funnel import ORDER
from messaging.models import (
    BatchSend,
    Consent,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    SendControl,
    SendState,
    SingleSend,
    SkipReason,
    Visit,
)
from messaging.sends import batches
from messaging.sends.placeholders import PlaceholderError
from messaging.sends.wall_time import NoSuchTime
from messaging.singles import of_rows

ENDED = (SendState.FAILED, SendState.CANCELLING, SendState.CANCELLED)
PASSED, FAILED, NOT_JUDGED = "passed", "failed", "not_judged"
GATE_OF = "SELECT coalesce(gate, '') FROM ({judged}) judged WHERE judged.customer_id = %(customer)s"


@dataclass(frozen=True)
class Gate:
    """`verdict`: passed, failed, or not_judged because an earlier one failed."""

    reason: SkipReason
    verdict: str


@dataclass(frozen=True)
class Message:
    """A row of the ledger with all that is known of it: of a batch, or `single`, by its caller's key."""

    row: Delivery
    batch: BatchSend | None
    gates: list[Gate]
    attempts: list[DeliveryAttempt] = field(default_factory=list)
    visited_at: datetime | None = None
    single: SingleSend | None = None

    @property
    def was_stopped_at_its_turn(self) -> bool:
        """By a gate that had let it pass when the send was prepared."""
        return self.row.state == DeliveryState.SKIPPED and self.row.recorded_at is not None


@dataclass(frozen=True)
class Answer:
    """Why a person is in a send or is not: `message` if they are, else `word`.

    `word`: not_on_list, would_send, would_skip (then `gate`), ended where it was over before anybody was
    prepared, archived where its people were detached with their month, or unfinished where template, list
    or time is missing.
    """

    batch: BatchSend
    word: str = ""
    gate: SkipReason | None = None
    message: Message | None = None


def rows_of(customer: Customer) -> QuerySet[Delivery]:
    """All of one person, from whatever month; page by id, newest first."""
    return Delivery.objects.filter(customer=customer).select_related("send__people_list")


def consents_of(customer: Customer) -> QuerySet[Consent]:
    return (
        Consent.objects.for_merchant(customer.merchant)
        .filter(customer=customer)
        .select_related("template")
        .order_by("template__name", "pk")
    )


def messages_of(rows: Sequence[Delivery]) -> list[Message]:
    """At most three queries for each month they are of, one for their sends, one for single messages."""
    sends = BatchSend.objects.filter(control__in={row.send_id for row in rows})
    batch_of = {batch.control_id: batch for batch in sends}
    visits: dict[int, datetime] = {}
    attempts: dict[int, list[DeliveryAttempt]] = {}
    for month, group in groupby(sorted(rows, key=_month), key=_month):
        ids = [row.id for row in group]
        came = Visit.objects.filter(books_month=month, delivery_id__in=ids, shared=False)
        visits |= dict(came.values_list("delivery_id", "at"))
        kept = DeliveryAttempt.objects.filter(books_month=month, delivery_id__in=ids)
        for attempt in kept.select_related("again_by").order_by("attempt"):
            attempts.setdefault(attempt.delivery_id, []).append(attempt)
    singles = of_rows(rows)
    return [
        Message(
            row,
            batch_of.get(row.send_id),
            gates_of(row),
            attempts.get(row.id, []),
            visits.get(row.id),
            singles.get(row.id),
        )
        for row in rows
    ]


def _month(row: Delivery) -> date:
    return row.books_month


def gates_of(row: Delivery) -> list[Gate]:
    """In the order in which they were judged; those that are not there for this send are left out."""
    stopped = row.reason if row.state == DeliveryState.SKIPPED else ""
    gates, verdict = [], PASSED
    for reason in ORDER:
        if reason == stopped:
            gates.append(Gate(reason, FAILED))
            verdict = NOT_JUDGED
        elif _is_there(reason, row.send):
            gates.append(Gate(reason, verdict))
    return gates


def _is_there(reason: SkipReason, control: SendControl) -> bool:
    """A cap that stopped nobody is left out: whether the merchant had one at that time is not kept."""
    if reason == SkipReason.FREQUENCY_CAP:
        return False
    if reason == SkipReason.OPTED_OUT:
        return control.people_list is not None and control.people_list.source == "rule"
    if reason == SkipReason.FATIGUE:
        return control.fatigue_total > 0
    if reason == SkipReason.HOLDOUT:
        return control.holdout_percent > 0
    return reason != SkipReason.DOES_NOT_FIT or bool(control.pieces)


def why(customer: Customer, batch: BatchSend, *, at: datetime) -> Answer:
    """About one send of the same merchant. Before the freeze it is judged as things are now."""
    row = rows_of(customer).filter(send=batch.control).first()
    if row is not None:
        return Answer(batch, message=messages_of([row])[0])
    if batch.control.archived_at is not None:
        return Answer(batch, "archived")
    if batch.people_list is None:
        return Answer(batch, "unfinished")
    if not PeopleListEntry.objects.filter(people_list=batch.people_list, customer=customer).exists():
        return Answer(batch, "not_on_list")
    if batch.control.state in ENDED:
        return Answer(batch, "ended")
    try:
        people = batches.judged_now(batch, at=at)
    except (NoSuchTime, PlaceholderError, ValueError):
        return Answer(batch, "unfinished")
    parameters = people.parameters | {"customer": customer.pk}
    found = sql.rows(GATE_OF.format(judged=people.statement), parameters)
    if not found:
        return Answer(batch, "not_on_list")
    gate = found[0][0]
    return Answer(batch, "would_skip", SkipReason(gate)) if gate else Answer(batch, "would_send")
