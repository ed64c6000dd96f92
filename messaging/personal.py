"""What messaging keeps about one person, for the export the person may ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import groupby

from django.utils.translation import gettext_lazy as _

from membership.models import Customer
from merchants.personal import Cell, Column, Part
from messaging.models import (
    Consent,
    ConsentEntry,
    Delivery,
    DeliveryAttempt,
    Signal,
    SubscriptionTemplate,
    Visit,
)

CHUNK_ROWS = 2_000

CONSENTS = (
    Column("template", _("Template")),
    Column("kind", _("Kind of consent")),
    Column("units", _("Messages left")),
    Column("standing", _("Standing")),
    Column("revoked_at", _("Last revoked at")),
)
LEDGER = (
    Column("at", _("Time")),
    Column("template", _("Template")),
    Column("change", _("Change")),
    Column("units", _("Messages")),
    Column("source", _("Source")),
)
MESSAGES = (
    Column("delivery", _("Number")),
    Column("due_at", _("Due at")),
    Column("template", _("Template")),
    Column("text", _("Text")),
    Column("page", _("Page it leads to")),
    Column("state", _("Status")),
    Column("reason", _("Reason")),
    Column("sent_at", _("Left at")),
    Column("recorded_at", _("Written down at")),
    Column("visited_at", _("Visited at")),
)
ATTEMPTS = (
    Column("delivery", _("Number")),
    Column("attempt", _("Attempt")),
    Column("state", _("Status")),
    Column("reason", _("Reason")),
    Column("sent_at", _("Left at")),
    Column("recorded_at", _("Written down at")),
)
SIGNALS = (
    Column("at", _("Time")),
    Column("signal", _("What the mini program reported")),
    Column("scene", _("Entry scene")),
    Column("received_at", _("Received at")),
)


def export_of(customer: Customer) -> list[Part]:
    """Never more than this customer's own rows. Messages of archived months are not among them."""
    return [
        Part("consents", _("Consent left"), CONSENTS, _consents(customer)),
        Part("consent-ledger", _("Consent given, taken back and carried forward"), LEDGER, _ledger(customer)),
        Part("messages", _("Messages and what came of them"), MESSAGES, _messages(customer)),
        Part("attempts", _("Earlier attempts"), ATTEMPTS, _attempts(customer)),
        Part("signals", _("What the mini program reported"), SIGNALS, _signals(customer)),
    ]


def _templates(customer: Customer) -> list[int]:
    """Ledger lines are found by template and customer."""
    rows = SubscriptionTemplate.objects.filter(
        merchant=customer.merchant_id, mini_program=customer.mini_program_id
    )
    return list(rows.values_list("pk", flat=True))


def _consents(customer: Customer) -> Iterator[list[Cell]]:
    rows = Consent.objects.for_merchant(customer.merchant).filter(customer=customer)
    for row in rows.select_related("template").order_by("template__name", "pk"):
        yield [row.template.name, row.template.kind, row.units, row.standing, row.revoked_at]


def _ledger(customer: Customer) -> Iterator[list[Cell]]:
    """The caller's id of a line is left out: what it is made of is the caller's choice."""
    rows = ConsentEntry.objects.filter(template__in=_templates(customer), customer=customer)
    for row in rows.select_related("template").order_by("at", "pk").iterator():
        yield [row.at, row.template.name, row.kind, row.units, row.source]


def _messages(customer: Customer) -> Iterator[list[Cell]]:
    rows = Delivery.objects.filter(customer=customer).select_related("send__template")
    for month, group in groupby(rows.order_by("books_month", "id").iterator(CHUNK_ROWS), key=_month):
        of_month = list(group)
        visits = _visits(month, [row.id for row in of_month])
        for row in of_month:
            yield _message(row, visits)


def _month(row: Delivery) -> date:
    return row.books_month


def _visits(month: date, ids: list[int]) -> dict[int, datetime]:
    came = Visit.objects.filter(books_month=month, delivery_id__in=ids, shared=False)
    return dict(came.values_list("delivery_id", "at"))


def _message(row: Delivery, visits: Mapping[int, datetime]) -> list[Cell]:
    send = row.send
    return [
        row.id,
        row.due_at,
        send.template.name if send.template else "",
        _text(row),
        send.page,
        "queued" if row.state == "claimed" else row.state,
        row.reason,
        row.sent_at,
        row.recorded_at,
        visits.get(row.id),
    ]


def _text(row: Delivery) -> str:
    """What the person was to read. Blank where it was theirs alone and is erased."""
    data = row.data if row.data is not None or row.send.pieces else row.send.data
    return "; ".join(str(one.get("value", "")) for _keyword, one in sorted((data or {}).items()))


def _attempts(customer: Customer) -> Iterator[list[Cell]]:
    rows = Delivery.objects.filter(customer=customer, attempt__gt=1).order_by("books_month", "id")
    for month, group in groupby(rows.iterator(CHUNK_ROWS), key=_month):
        kept = DeliveryAttempt.objects.filter(books_month=month, delivery_id__in=[row.id for row in group])
        for one in kept.order_by("delivery_id", "attempt"):
            yield [one.delivery_id, one.attempt, one.state, one.reason, one.sent_at, one.recorded_at]


def _signals(customer: Customer) -> Iterator[list[Cell]]:
    rows = Signal.objects.for_merchant(customer.merchant).filter(customer=customer)
    for row in rows.order_by("at", "pk").iterator():
        yield [row.at, row.kind, row.scene, row.received_at]
