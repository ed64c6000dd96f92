"""What membership keeps about one person, for the export the person may ask for."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from membership.models import BalanceEntry, Customer, MemberCard, PeopleList, PeopleListEntry, PointEntry
from merchants.models import Event
from merchants.personal import Cell, Column, Part

PERSON = (
    Column("number", _("Number in this console")),
    Column("open_id", _("open_id")),
    Column("app_id", _("app_id of the mini program")),
    Column("mini_program", _("Mini program")),
    Column("source", _("How they became known")),
    Column("known_since", _("Known since")),
    Column("do_not_send_since", _("On the do-not-send list since")),
    Column("profiling_opt_out_since", _("Opted out of profiling since")),
    Column("erased_at", _("Erased at")),
)
LISTS = (
    Column("list", _("Audience")),
    Column("purpose", _("Purpose")),
    Column("source", _("Source")),
    Column("file", _("File")),
    Column("made_at", _("Made at")),
    Column("kept", _("Kept beside the id")),
)
CARDS = (
    Column("number", _("Card number")),
    Column("card", _("Member card")),
    Column("platform_number", _("Id on the platform")),
    Column("state", _("Status")),
    Column("channel", _("Channel")),
    Column("opened_at", _("Opened at")),
    Column("valid_until", _("Valid until")),
    Column("level", _("Level")),
    Column("points", _("Points")),
    Column("points_frozen", _("Frozen points")),
    Column("balance_fen", _("Balance in fen")),
    Column("balance_frozen_fen", _("Frozen balance in fen")),
)
MOVEMENTS = (
    Column("number", _("Card number")),
    Column("what", _("What happened")),
    Column("at", _("Time")),
    Column("moved", _("Moved")),
    Column("frozen", _("Frozen part moved")),
    Column("after", _("After it")),
    Column("order", _("Order number")),
    Column("reason", _("Reason")),
)
HISTORY = (Column("at", _("Time")), Column("event", pgettext_lazy("audit", "What happened")))


def export_of(customer: Customer) -> list[Part]:
    """Never more than this customer's own rows; one query a part."""
    return [
        Part("person", _("Who it is"), PERSON, [_person(customer)]),
        Part("lists", _("Audiences with this person"), LISTS, _lists(customer)),
        Part("cards", _("Member cards"), CARDS, _cards(customer)),
        Part("point-ledger", _("Points, line by line"), MOVEMENTS, _points(customer)),
        Part("balance-ledger", _("Balance, line by line"), MOVEMENTS, _balance(customer)),
        Part("history", _("What was done with their data"), HISTORY, _history(customer)),
    ]


def _person(customer: Customer) -> list[Cell]:
    return [
        customer.pk,
        customer.open_id,
        customer.mini_program.app_id,
        customer.mini_program.name,
        customer.source,
        customer.created_at,
        customer.do_not_send_at,
        customer.profiling_opt_out_at,
        customer.forgotten_at,
    ]


def _lists(customer: Customer) -> Iterator[list[Cell]]:
    # By the lists of the mini program, since entries are found by list and customer.
    of_program = PeopleList.objects.filter(
        merchant=customer.merchant_id, mini_program=customer.mini_program_id
    )
    entries = PeopleListEntry.objects.filter(
        people_list__in=list(of_program.values_list("pk", flat=True)), customer=customer
    )
    for entry in entries.select_related("people_list").order_by("people_list").iterator():
        kept = entry.people_list
        beside = "; ".join(
            f"{column}: {value}" for column, value in zip(kept.columns, entry.values or [], strict=False)
        )
        yield [kept.name, kept.purpose, kept.source, kept.file_name, kept.created_at, beside]


def _cards(customer: Customer) -> Iterator[list[Cell]]:
    rows = MemberCard.objects.filter(customer=customer).select_related("template", "level").order_by("id")
    for card in rows.iterator():
        yield [
            *(card.number, card.template.name, card.biz_card_no, card.state, card.channel),
            *(card.opened_at, card.valid_until, card.level.name if card.level else None),
            *(card.points, card.points_frozen, card.balance_fen, card.balance_frozen_fen),
        ]


def _points(customer: Customer) -> Iterator[list[Cell]]:
    rows = PointEntry.objects.filter(card__customer=customer).select_related("card")
    for entry in rows.order_by("card_id", "id").iterator():
        yield [
            *(entry.card.number, entry.kind, entry.happened_at, entry.points, entry.frozen),
            *(entry.points_after, entry.order_no, entry.reason),
        ]


def _balance(customer: Customer) -> Iterator[list[Cell]]:
    rows = BalanceEntry.objects.filter(card__customer=customer).select_related("card")
    for entry in rows.order_by("card_id", "id").iterator():
        yield [
            *(entry.card.number, entry.kind, entry.happened_at, entry.fen, entry.frozen_fen),
            *(entry.fen_after, entry.order_no, entry.reason),
        ]


def _history(customer: Customer) -> Iterator[list[Cell]]:
    rows = Event.objects.for_merchant(customer.merchant).filter(
        subject_kind=Customer._meta.model_name, subject_id=customer.pk
    )
    for at, kind in rows.order_by("at", "id").values_list("at", "kind").iterator():
        yield [at, kind]
